import functools
import math

import numpy as np
import pytest
from scipy import stats

from reports.equivalence import LEVEL, Sample, cautious_degrees, difference, p_difference, p_equivalence
from reports.margins import Margin
from reports.paper_numbers import PaperNumber
from reports.statistical_verdicts import judge_value, paper_samples
from reports.verdict import Name

HALF_POINT = Margin("absolute", 0.5)


def number(value, ci95, note="", metric="test_accuracy", unit="%"):
    return PaperNumber("2", "POMONAG-Acc", "nb201", "cifar10", metric, "mean", value, ci95, unit, note)


def accuracy(values, value=95.0, ci95=0.2, note="", margin=HALF_POINT):
    return judge_value(number(value, ci95, note), values, margin, True)


def test_the_papers_spread_by_t_and_by_z():
    samples = paper_samples(number(95.42, 0.12))
    assert samples["t"].sd == pytest.approx(0.12 * math.sqrt(3) / stats.t.ppf(0.975, 2), rel=1e-12)
    assert samples["z"].sd == pytest.approx(0.12 * math.sqrt(3) / stats.norm.ppf(0.975), rel=1e-12)
    assert samples["z"].sd / samples["t"].sd == pytest.approx(2.195, abs=0.001)
    assert {sample.n for sample in samples.values()} == {3}
    assert paper_samples(number(95.42, None)) == {"t": Sample.constant(95.42)}


def test_a_worked_example():
    """Half-width 0.2: squared standard errors 0.00333 (ours) and 0.00216, 3.82 degrees by Welch, a third of the way
    from 2 to there 2.61, t(0.95) 2.50, so that the 90 % interval is 0.1 ± 0.19."""
    verdict = accuracy([95.0, 95.1, 95.2])
    assert verdict.name is Name.REPRODUCED
    assert verdict.difference == pytest.approx(0.1)
    ours, theirs = 0.01 / 3, (0.2 / stats.t.ppf(0.975, 2)) ** 2
    assert (ours, theirs) == (pytest.approx(0.00333, abs=1e-5), pytest.approx(0.00216, abs=1e-5))
    welch = (ours + theirs) ** 2 / (ours**2 / 2 + theirs**2 / 2)
    degrees = 2 + (welch - 2) / 3
    assert (welch, degrees) == (pytest.approx(3.82, abs=0.01), pytest.approx(2.61, abs=0.01))
    half = stats.t.ppf(0.95, degrees) * math.sqrt(ours + theirs)
    assert half == pytest.approx(0.19, abs=0.005)
    assert verdict.interval90 == pytest.approx((0.1 - half, 0.1 + half))
    assert verdict.p_value == pytest.approx(stats.t.cdf((0.1 - 0.5) / math.sqrt(ours + theirs), degrees))
    assert "margin 0.5" in verdict.reason


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([95.1, 95.0, 94.9], Name.REPRODUCED),
        ([97.1, 97.0, 96.9], Name.BETTER),
        ([93.1, 93.0, 92.9], Name.WORSE),
        ([94.0, 95.2, 96.1], Name.INCONCLUSIVE),
    ],
)
def test_names_of_a_mean(values, name):
    assert accuracy(values).name is name
    assert judge_value(number(95.0, 0.2), values, HALF_POINT, False).name is {
        Name.BETTER: Name.WORSE, Name.WORSE: Name.BETTER}.get(name, name)  # fmt: skip


def test_a_real_but_small_difference_is_reproduced():
    verdict = accuracy([95.30, 95.31, 95.29], ci95=0.02)
    assert verdict.interval95[0] > 0
    assert verdict.name is Name.REPRODUCED


def test_inconclusive_says_how_many_more_seeds():
    verdict = accuracy([94.6, 95.2, 95.4])
    assert verdict.name is Name.INCONCLUSIVE
    assert verdict.needed_seeds >= 1
    assert f"{3 + verdict.needed_seeds} seeds in all would show no difference with 80 % power" in verdict.reason
    assert verdict.p_value == min(verdict.both_p_values)


def test_beyond_the_margin_no_seeds_would_reproduce():
    verdict = accuracy([95.0, 95.9, 96.8], ci95=0.05)
    assert verdict.name is Name.INCONCLUSIVE
    assert "seeds in all would show a difference" in verdict.reason
    assert "the difference is not below the margin" in verdict.reason


def test_a_wide_interval_of_the_paper_is_not_narrowed_by_our_seeds():
    verdict = accuracy([40.1, 41.2, 43.5], 34.14, 17.33)
    assert (verdict.name, verdict.needed_seeds) == (Name.INCONCLUSIVE, None)
    # t(0.95, 2) / t(0.975, 2) of the printed half-width.
    assert f"uncertain by {17.33 * 2.91999 / 4.30265:.3g}, which our seeds cannot narrow" in verdict.reason


def test_a_verdict_that_hangs_on_the_meaning_of_the_interval_is_fragile():
    verdict = accuracy([95.05, 94.95, 95.0], ci95=0.5)
    assert (verdict.name, verdict.fragile) == (Name.REPRODUCED, True)
    assert "INCONCLUSIVE if the paper's ± is half a normal interval" in verdict.caveats
    assert not accuracy([95.05, 94.95, 95.0], ci95=0.1).fragile


def test_a_spread_that_the_paper_does_not_explain_may_be_a_standard_deviation():
    note = "section 4; +- not said to be a 95 % interval"
    assert paper_samples(number(345, 32, note))["sd"].sd == 32
    verdict = judge_value(number(345, 32, note), [300, 310, 330], Margin("relative", 0.25), False)
    assert verdict.name is Name.REPRODUCED
    assert "the paper does not say what its ± is" in verdict.caveats
    assert "INCONCLUSIVE if the paper's ± is one standard deviation" in verdict.caveats


def test_without_a_half_width_the_papers_value_is_a_constant():
    values = [95.3, 95.1, 95.2]
    verdict = accuracy(values, ci95=None)
    expected = stats.ttest_1samp(values, 95.0)
    assert verdict.both_p_values[1] == pytest.approx(expected.pvalue, abs=1e-12)
    assert verdict.caveats == ("the paper's ± is missing: its value is taken for a constant",)
    assert not verdict.fragile
    cut = accuracy(values, ci95=None, note="ci95 cut off in the source text; visible: 0.")
    assert cut.caveats == ("the paper's ± is cut off: its value is taken for a constant",)


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (94.37333, Name.REPRODUCED),
        (94.375, Name.REPRODUCED),
        (94.365, Name.REPRODUCED),
        (94.376, Name.BETTER),
        (94.36, Name.WORSE),
    ],
)
def test_looked_up_values_are_equal_within_the_rounding_or_the_sign_decides(ours, name):
    verdict = accuracy([ours] * 3, 94.37, 0.0)
    assert verdict.name is name
    assert (verdict.margin, verdict.p_value, verdict.interval90, verdict.fragile) == (0.005, None, None, False)


def test_a_printed_spread_of_zero_against_values_with_one():
    verdict = accuracy([94.2, 94.3, 94.4], 94.37, 0.0)
    assert verdict.both_p_values[1] == pytest.approx(stats.ttest_1samp([94.2, 94.3, 94.4], 94.37).pvalue)
    assert verdict.name is Name.REPRODUCED
    five = [94.2, 94.3, 94.4, 94.35, 94.5]
    # Against a constant all of ours count, however few runs the paper has.
    assert accuracy(five, 94.37, 0.0).both_p_values[1] == pytest.approx(stats.ttest_1samp(five, 94.37).pvalue)


def test_a_single_value_has_no_spread():
    verdict = accuracy([95.0])
    assert (verdict.name, verdict.needed_seeds, verdict.p_value) == (Name.INCONCLUSIVE, 2, None)
    assert accuracy([94.37], 94.37, 0.0).name is Name.INCONCLUSIVE


def test_a_relative_margin():
    lower = Margin("relative", 0.1)
    paper = number(6.51, 0.05, metric="latency", unit="ms")
    assert judge_value(paper, [6.80, 6.81, 6.79], lower, False).name is Name.REPRODUCED
    assert judge_value(paper, [7.80, 7.81, 7.79], lower, False).name is Name.WORSE
    assert judge_value(paper, [5.0, 5.01, 4.99], lower, False).name is Name.BETTER


def count(values, value=100.0, note=""):
    paper = number(value, None, note, "trained_architectures", "architectures")
    return judge_value(paper, values, Margin("ratio", 1.25), False)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([100, 110, 90, 105, 95], Name.REPRODUCED),
        ([80, 125, 100, 100, 100], Name.REPRODUCED),
        ([200, 210, 190, 220, 205, 240], Name.WORSE),
        ([50, 40, 60, 45, 55, 30], Name.BETTER),
        ([50, 200, 80, 150, 90, 120], Name.INCONCLUSIVE),
        # All on one side: two-sided p 1/16 for five, 1/32 for six.
        ([200, 210, 190, 220, 205], Name.INCONCLUSIVE),
        # Three or four values can say nothing, wherever they lie.
        ([100, 101, 99], Name.INCONCLUSIVE),
        ([1000, 1001, 999], Name.INCONCLUSIVE),
    ],
)
def test_counts(values, name):
    verdict = count(values)
    assert verdict.name is name
    assert verdict.margin == 1.25
    assert verdict.difference == pytest.approx(np.median(values) - 100)
    if len(values) >= 5:
        assert verdict.interval90 is not None


@pytest.mark.parametrize(
    ("value", "name"),
    [(100, Name.REPRODUCED), (125, Name.REPRODUCED), (80, Name.REPRODUCED), (126, Name.WORSE), (5, Name.BETTER)],
)
def test_a_count_that_never_varies_is_compared_exactly(value, name):
    verdict = count([value] * 3)
    assert (verdict.name, verdict.p_value) == (name, None)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([900, 1000, 2000, 700, 650], Name.REPRODUCED),
        ([420, 450, 430, 480, 410], Name.REPRODUCED),
        ([100, 90, 110, 120, 80, 95], Name.BETTER),
        ([390, 520, 380, 700, 410, 395], Name.INCONCLUSIVE),
        ([500] * 3, Name.REPRODUCED),
        ([5000] * 2, Name.REPRODUCED),
        ([100] * 3, Name.BETTER),
    ],
)
def test_a_lower_bound_is_compared_on_one_side(values, name):
    verdict = count(values, 500.0, "lower bound: paper prints >500")
    assert verdict.name is name
    assert "the paper prints a lower bound" in verdict.caveats
    # To lie above a lower bound is no difference.
    assert verdict.both_p_values is None or min(values) < 500 or verdict.both_p_values[1] == 1.0


def test_counts_of_which_seeds_are_missing_ask_for_six():
    assert count([100, 120, 90]).needed_seeds == 3
    assert count([100]).needed_seeds == 2


@functools.cache
def simulated(n, our_sd, their_sd, cells=100_000):
    """Cells with equal means: our values, the printed mean and half-width, and difference, error, degrees of each."""
    rng = np.random.default_rng([n, round(100 * our_sd), round(100 * their_sd)])
    theirs, ours = rng.normal(95.0, their_sd, (cells, 3)), rng.normal(95.0, our_sd, (cells, n))
    t = stats.t.ppf(0.975, 2)
    # As the paper prints them: two digits, and a half-width of 0.00 makes a constant of the mean.
    printed, half_width = theirs.mean(axis=1).round(2), (t * theirs.std(axis=1, ddof=1) / math.sqrt(3)).round(2)
    a, b = ours.var(axis=1, ddof=1) / n, np.maximum(half_width / t, 1e-9) ** 2
    degrees = np.where(half_width == 0.0, n - 1, cautious_degrees(a, n - 1, b, 2))
    return ours, printed, half_width, ours.mean(axis=1) - printed, np.sqrt(a + b), degrees


SPREADS = [(3, 0.1, 0.1), (3, 0.03, 0.1), (3, 0.1, 0.03), (3, 0.2, 0.1), (2, 0.1, 0.1), (10, 0.1, 0.05), (30, 0.1, 0.1)]


@pytest.mark.parametrize(("n", "our_sd", "their_sd"), SPREADS)
def test_of_100_000_cells_few_are_called_what_they_are_not(n, our_sd, their_sd):
    *_, value, error, degrees = simulated(n, our_sd, their_sd)
    for edge in (-0.5, 0.5):
        assert (p_equivalence(value + edge, error, degrees, 0.5) <= LEVEL).mean() <= 0.055
    # Without a margin nothing is REPRODUCED, so that it is the most that can be WORSE.
    assert ((p_difference(value, error, degrees) <= LEVEL) & (value < 0)).mean() <= 0.055


def test_the_simulated_cells_are_judged_as_the_report_judges():
    ours, printed, half_width, value, error, degrees = simulated(3, 0.2, 0.1, cells=400)
    equivalent = p_equivalence(value - 0.4, error, degrees, 0.5) <= LEVEL
    different = p_difference(value - 0.4, error, degrees) <= LEVEL
    names = set()
    for i, values in enumerate(ours - 0.4):
        verdict = judge_value(number(float(printed[i]), float(half_width[i])), list(values), HALF_POINT, True)
        if equivalent[i]:
            expected = Name.REPRODUCED
        elif different[i]:
            expected = Name.BETTER if value[i] > 0.4 else Name.WORSE
        else:
            expected = Name.INCONCLUSIVE
        assert verdict.name is expected
        names.add(expected)
    assert {Name.REPRODUCED, Name.INCONCLUSIVE, Name.WORSE} <= names


def test_a_difference_is_the_same_through_either_door():
    ours, theirs = Sample.of([1.0, 2.0, 4.0]), Sample(2.0, 0.5, 3)
    found = difference(ours, theirs)
    assert found.standard_error == pytest.approx(math.sqrt(ours.sd**2 / 3 + 0.25 / 3))
