from benchmarks import timing


def test_calls_alternate_and_the_first_round_is_not_counted():
    order = []
    seconds = timing.interleaved([lambda: order.append("a"), lambda: order.append("b")], rounds=3)
    assert order == ["a", "b"] * 4
    assert [len(column) for column in seconds] == [3, 3]
    assert all(s.wall >= 0 and s.cpu >= 0 for column in seconds for s in column)


def test_median_of():
    seconds = [timing.Seconds(3.0, 1.0), timing.Seconds(1.0, 5.0), timing.Seconds(2.0, 4.0)]
    assert (timing.median_of(seconds), timing.median_of(seconds, "wall")) == (4.0, 2.0)


def test_the_reference_generation_makes_its_steps():
    assert timing.reference_generation(2, guides=2, batch=4)().shape == (4, 8, 7)


def test_load_is_a_share():
    assert timing.load() >= 0
