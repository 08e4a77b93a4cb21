import io

from rich.console import Console

from pomonag.deploy.result_tables import print_result


def printed(result, width=160):
    file = io.StringIO()
    print_result(result, Console(file=file, width=width, highlight=False))
    return file.getvalue()


def test_fronts_from_the_cheapest_to_the_most_accurate_with_their_marks(example_result):
    lines = [line for line in printed(example_result).splitlines() if "nor_conv" in line]
    assert len(lines) == 9
    assert [line.split()[0] for line in lines[:3]] == ["Eff", "Bal", "Acc"]
    assert example_result["architectures"][0]["architecture"] in lines[2]
    assert "94.00 %" in lines[2]
    assert "1.220 M" in lines[2]
    assert "9.50 ms" in lines[2]


def test_what_else_a_reader_must_know(example_result):
    text = printed(example_result)
    for part in (
        "digits (10 classes)",
        "validity 100.0%",
        "2 x row 3",
        "params<2M",
        "200 epochs",
        "predicted",
        "5,376",
    ):
        assert part in text


def test_strings_from_outside_are_not_markup(example_result):
    result = example_result
    result["images"]["source"] = "[bold]x[/nothing]"
    assert "[bold]x[/nothing]" in printed(result)


def test_a_measured_latency_stands_beside_the_predicted_one(example_result):
    example_result["architectures"][0]["measured_latency_ms"] = 7.125
    example_result["architectures"][1]["latency_ms"] = None
    text = printed(example_result)
    assert "measured" in text
    acc = next(line for line in text.splitlines() if "Acc" in line)
    assert "9.50 ms" in acc
    assert "7.12 ms" in acc
    assert "–" in next(line for line in text.splitlines() if "Bal" in line)
    assert "measured" not in printed({**example_result, "architectures": example_result["architectures"][1:] * 2})


def test_it_is_said_whose_clock_measured(example_result):
    assert "timed on this machine" not in printed(example_result)
    example_result["architectures"][0]["measured_latency_ms"] = 7.125
    assert "timed on this machine" in printed(example_result)


def test_without_a_front_the_best_are_printed(example_result):
    result = {**example_result, "fronts": {}, "configurations": {"acc": {}, "bal": {}, "eff": {}}}
    result["architectures"] = example_result["architectures"] * 3
    lines = [line for line in printed(result).splitlines() if "nor_conv" in line]
    assert len(lines) == 5
    assert "the most accurate" in printed(result)
    assert "94.00 %" in lines[0]


def test_a_narrow_terminal_loses_no_operation(example_result):
    text = printed(example_result, width=80)
    assert text.replace("\n", "").count("nor_conv_1x1") >= 2


def test_a_result_without_any_valid_architecture(example_result):
    result = example_result
    result.update(architectures=[], fronts={}, configurations={"acc": {}, "bal": {}, "eff": {}})
    result["metrics"] = {"validity": 0.0, "uniqueness": None, "novelty": None}
    assert "0 distinct architectures of nb201 for digits (10 classes), validity 0.0%, uniqueness –" in printed(result)
