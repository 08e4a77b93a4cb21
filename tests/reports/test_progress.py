from pomonag.records.claims import Claims
from reports.measurements import RunKey, Value
from reports.progress import claim_name, progress

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
OTHER = RunKey("4", "uniform", "draws", "nb201", "mean-over-runs")


def entry(key, config_hash, *, missing=(), seconds=10.0, repeats=None):
    return {
        "key": vars(key), "config_hash": config_hash, "missing": list(missing), "estimated_seconds": seconds,
        "repeats": repeats,
    }  # fmt: skip


def test_done_total_and_time_left(made_up, tmp_path):
    done = made_up.a_record(KEY, [Value("validity", 1.0, "%", "p")], seed=1)
    catalogue = [entry(KEY, done.config_hash), entry(OTHER, "c", seconds=5.0, repeats=1)]
    found = progress(catalogue, [done], tmp_path, seeds=3)
    assert (found.done, found.total, found.running) == (1, 4, ())
    assert found.seconds_left == 2 * 10.0 + 5.0
    assert list(tmp_path.iterdir()) == []  # looking writes nothing


def test_another_configuration_does_not_count(made_up, tmp_path):
    old = made_up.a_record(KEY, [Value("validity", 1.0, "%", "p")])
    assert progress([entry(KEY, "new")], [old], tmp_path, seeds=1).done == 0


def test_what_lacks_its_inputs_is_left_out_unless_it_is_there(made_up, tmp_path):
    there = made_up.a_record(KEY, [Value("validity", 1.0, "%", "p")])
    catalogue = [entry(KEY, there.config_hash, missing=["data"]), entry(OTHER, "c", missing=["data"])]
    found = progress(catalogue, [there], tmp_path, seeds=2)
    assert (found.done, found.total, found.seconds_left) == (1, 1, 0.0)


def test_who_works_in_the_folder_is_seen_and_not_disturbed(tmp_path):
    with Claims(tmp_path).claim(claim_name(KEY, "c", 1)) as mine:
        assert mine
        assert progress([entry(KEY, "c")], [], tmp_path, seeds=3).running == (f"{KEY.id} seed 1",)
    assert progress([entry(KEY, "c")], [], tmp_path, seeds=3).running == ()
    with Claims(tmp_path).claim(claim_name(KEY, "c", 1)) as mine:
        assert mine
