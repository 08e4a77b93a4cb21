import dataclasses

import pytest

from pomonag.errors import UserError
from reports import comparison
from reports.comparison import Tolerance, compare, tolerance_of
from reports.measurements import RunKey, RunRecord, Value

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


def a_run(seed=0, validity=99.0, seconds=1.0, **changes):
    values = (Value("validity", validity, "%", "p"), Value("generation_seconds", seconds, "s", "p"))
    return dataclasses.replace(RunRecord(KEY, seed, seed, {}, 1, values, 1.0, 1.0), **changes)


def test_values_within_the_tolerance_agree_and_times_are_not_compared():
    first, second = compare([a_run()], [a_run(validity=98.2, seconds=50.0)])
    assert first.agrees
    assert second.agrees
    assert not second.tolerance.compared


def test_a_value_beyond_the_tolerance_is_a_mismatch():
    first, _ = compare([a_run()], [a_run(validity=97.9)])
    assert not first.agrees
    assert (first.shipped, first.recomputed, first.seed) == (99.0, 97.9, 0)


def test_other_seeds_and_configurations_have_nothing_to_compare_with():
    others = [a_run(seed=1, validity=0.0), a_run(validity=0.0, version=2)]
    assert [c.shipped for c in compare([a_run()], others)] == [None] * 4
    assert all(c.agrees for c in compare([a_run()], others))


def test_tolerance_adds_absolute_and_relative_parts():
    tolerance = Tolerance(absolute=1.0, relative=0.1)
    assert tolerance.holds(100.0, 111.0)
    assert not tolerance.holds(100.0, 111.1)


def test_a_metric_without_a_tolerance_is_an_error():
    with pytest.raises(UserError, match="no tolerance for the metric 'beauty'"):
        comparison.tolerance_of("beauty", "%")


@pytest.mark.parametrize("content", ["[validity\n", "[validity]\nabsolut = 1\n"])
def test_a_malformed_file_is_named(tmp_path, content):
    path = tmp_path / "tolerances.toml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"tolerances\.toml"):
        comparison.tolerances(path)


def test_every_metric_that_a_suite_promises_has_a_tolerance():
    suites = pytest.importorskip("benchmarks.suites")
    for run in suites.all_runs():
        for quantity in run.quantities:
            assert comparison.tolerance_of(quantity.metric, quantity.unit)


def test_a_family_has_one_tolerance():
    assert tolerance_of("spearman_accuracy_noisy_tasks_within", "rho") == tolerance_of("spearman_anything", "rho")
    assert tolerance_of("uniqueness_by_class", "%") != tolerance_of("spearman_anything", "rho")
    with pytest.raises(UserError, match="no tolerance"):
        tolerance_of("spearmint", "rho")
