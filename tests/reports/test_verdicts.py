import collections
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pomonag.errors import UserError
from reports import margins, paper_numbers
from reports.margins import Margin, Margins
from reports.paper_numbers import PaperNumber
from reports.verdicts import LOWER_IS_BETTER, Name, is_setting, judge, judge_paired, plan_of

MARGINS = margins.load()
NUMBERS = paper_numbers.load()


def the(table, method, dataset, metric, space="nb201"):
    return paper_numbers.by_place()[table, method, space, dataset, metric]


def number(value, ci95, metric="test_accuracy"):
    return PaperNumber("2", "POMONAG-Acc", "nb201", "cifar10", metric, "mean", value, ci95, "%", "")


def judged(paper, values, higher=True, known=MARGINS, **more):
    return judge(paper, values, higher_is_better=higher, margins=known, **more)


def test_numbers_of_the_paper():
    uniqueness = the("4", "pomonag", "mean-over-runs", "uniqueness")
    assert judged(uniqueness, [98.4, 98.8, 98.0]).name is Name.BETTER
    assert judged(uniqueness, [39.2, 40.1, 38.5]).text == "INCONCLUSIVE (no number of seeds decides)"
    assert judged(the("2", "tnas", "cifar10", "test_accuracy"), [94.37333] * 5).name is Name.REPRODUCED
    assert judged(the("2", "pomonag-acc", "cifar10", "test_accuracy"), [94.37333] * 5).name is Name.WORSE
    assert judged(the("2", "bohb", "cifar10", "trained_architectures"), [100] * 3, False).name is Name.BETTER
    assert judged(the("3", "pomonag", "meta-test", "spearman_accuracy_noisy"), [0.85, 0.86, 0.85]).name is (
        Name.REPRODUCED
    )


def test_every_result_gets_a_verdict_and_no_setting_does():
    names = collections.Counter()
    for paper in NUMBERS:
        values = [paper.value * (1 + shift) for shift in (-1e-4, 0.0, 1e-4)]
        verdict = judged(paper, values, paper.metric not in LOWER_IS_BETTER)
        assert (verdict is None) == is_setting(paper)
        if verdict is not None:
            names[verdict.name] += 1
            assert verdict.reason
            assert (verdict.name is Name.NOT_COMPARABLE) == (paper.table == "5")
    # 234 results, of which 16 are scaling factors and 32 in Table 5.
    assert sum(names.values()) == 218
    assert names[Name.NOT_COMPARABLE] == 32
    assert names[Name.WORSE] == names[Name.BETTER] == 0


def test_directions_cover_the_papers_metrics():
    results = {n.metric for n in NUMBERS if not is_setting(n)}
    assert results >= LOWER_IS_BETTER
    higher = {"test_accuracy", "validity", "uniqueness", "novelty"}
    assert {m for m in results - LOWER_IS_BETTER if not m.startswith("spearman")} == higher


def test_table_5_is_not_comparable_without_the_values_of_its_data_sets():
    verdict = judged(the("5", "pomonag-eff", "mean-of-15", "params"), [0.1, 0.11, 0.1], False)
    assert verdict.name is Name.NOT_COMPARABLE
    assert "over 15 data sets" in verdict.reason


MISSING, REASON, IMPOSSIBLE = "needs a GPU", "lite training", ("PI-02", "impossible")
RULES = (IMPOSSIBLE, ("PI-15", "caveat"), ("PI-03", "impossible"))


@given(
    missing=st.sampled_from([None, MISSING]),
    not_comparable=st.sampled_from([None, REASON]),
    rules=st.lists(st.sampled_from(RULES), max_size=3, unique=True),
    values=st.sampled_from([[], [95.0], [95.0, 95.1, 94.9], [99.0, 99.1, 98.9]]),
)
@settings(max_examples=100, deadline=None)
def test_precedence(missing, not_comparable, rules, values):
    verdict = judged(number(95.0, 0.2), values, missing=missing, not_comparable=not_comparable, rules=rules)
    impossible = [rule for rule, severity in rules if severity == "impossible"]
    if missing or not values:
        assert verdict.text == f"NOT RUN ({missing or 'not measured yet'})"
    elif not_comparable:
        assert verdict.text == f"NOT COMPARABLE ({not_comparable})"
    elif impossible:
        assert verdict.text == f"PAPER INCONSISTENT ({', '.join(impossible)})"
    else:
        assert verdict.name is judged(number(95.0, 0.2), values).name
    assert ("PI-15" in verdict.caveats) == (("PI-15", "caveat") in rules)


def test_an_impossible_number_stands_beside_ours_and_is_not_tested():
    verdict = judged(number(95.0, 0.2), [97.0, 97.1, 96.9], rules=[IMPOSSIBLE])
    assert verdict.difference == pytest.approx(2.0)
    assert verdict.interval95[0] > 0
    assert (verdict.p_value, verdict.both_p_values, verdict.needed_seeds) == (None, None, None)


def test_what_has_no_verdict_of_its_own_keeps_its_rules_as_notes():
    verdict = judged(number(95.0, 0.2), [], rules=[IMPOSSIBLE, ("PI-15", "caveat")])
    assert verdict.caveats == ("PI-02", "PI-15")
    assert verdict.difference is None


def test_a_severity_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="severity 'fatal'"):
        judged(number(95.0, 0.2), [95.0], rules=[("PI-02", "fatal")])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="expected finite numbers"):
        judged(number(95.0, 0.2), [95.0, bad])


def test_a_metric_without_a_margin_is_an_error_that_names_the_file():
    with pytest.raises(UserError, match=r"margins\.toml"):
        judged(number(1.0, 0.2, metric="beauty"), [1.0, 2.0])


# Quarters and eighths: sums and scalings by powers of two are exact, so that equal cases are equal to the last bit.
eighths = st.integers(-400, 400).map(lambda k: k / 8)
many = st.lists(eighths, min_size=1, max_size=6)
half_widths = st.one_of(st.none(), st.integers(0, 40).map(lambda k: k / 8))
OPPOSITE = {Name.BETTER: Name.WORSE, Name.WORSE: Name.BETTER}


@given(value=eighths, ci95=half_widths, values=many, higher=st.booleans())
@settings(max_examples=150, deadline=None)
def test_signs_are_symmetric(value, ci95, values, higher):
    known = Margins({"test_accuracy": Margin("absolute", 2.0)})
    verdict = judged(number(value, ci95), values, higher, known)
    mirrored = judged(number(-value, ci95), [-v for v in values], not higher, known)
    assert mirrored.name is verdict.name
    assert (mirrored.needed_seeds, mirrored.fragile) == (verdict.needed_seeds, verdict.fragile)
    assert mirrored.difference == -verdict.difference
    if verdict.interval90:
        assert mirrored.interval90 == pytest.approx((-verdict.interval90[1], -verdict.interval90[0]))
    turned = judged(number(value, ci95), values, not higher, known)
    assert turned.name is OPPOSITE.get(verdict.name, verdict.name)


@given(value=eighths, ci95=half_widths, values=many, sizes=st.lists(st.integers(1, 80), min_size=2, max_size=2))
@settings(max_examples=150, deadline=None)
def test_a_wider_margin_never_undoes_a_reproduction(value, ci95, values, sizes):
    narrow, wide = (Margins({"test_accuracy": Margin("absolute", size / 8)}) for size in sorted(sizes))
    first, second = (judged(number(value, ci95), values, True, known) for known in (narrow, wide))
    if first.name is Name.REPRODUCED:
        assert second.name is Name.REPRODUCED
    else:
        assert second.name in (first.name, Name.REPRODUCED)


@given(
    value=eighths, ci95=half_widths.filter(lambda c: c != 0), values=many,
    power=st.integers(-6, 12), kind=st.sampled_from(["absolute", "relative"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_unit_changes_numbers_and_no_verdict(value, ci95, values, power, kind):
    unit, size = 2.0**power, 2.0 if kind == "absolute" else 0.125
    known = Margins({"latency": Margin(kind, size)})
    scaled = Margins({"latency": Margin(kind, size * unit if kind == "absolute" else size)})
    first = judged(number(value, ci95, "latency"), values, False, known)
    paper = number(value * unit, None if ci95 is None else ci95 * unit, "latency")
    second = judged(paper, [v * unit for v in values], False, scaled)
    assert (first.name, first.needed_seeds, first.fragile) == (second.name, second.needed_seeds, second.fragile)
    assert second.difference == first.difference * unit


@given(value=eighths, ci95=half_widths, values=st.lists(eighths, min_size=2, max_size=6))
@settings(max_examples=100, deadline=None)
def test_the_order_of_seeds_does_not_matter(value, ci95, values):
    assert judged(number(value, ci95), values) == judged(number(value, ci95), sorted(values))


SETS = {"cifar10": 95.42, "cifar100": 75.94, "aircraft": 63.38, "pets": 68.82}


def paired(ours, theirs=None, **more):
    paper = the("5", "pomonag-acc", "mean-of-15", "test_accuracy")
    theirs = SETS if theirs is None else theirs
    return judge_paired(paper, ours, theirs, higher_is_better=True, margins=MARGINS, **more)


def test_pairs_cancel_the_spread_between_data_sets():
    ours = {name: value + shift for (name, value), shift in zip(SETS.items(), (0.1, -0.1, 0.05, -0.05))}
    verdict = paired(ours)
    assert verdict.name is Name.REPRODUCED
    differences = [ours[name] - SETS[name] for name in SETS]
    assert verdict.both_p_values[1] == pytest.approx(stats.ttest_rel(list(ours.values()), list(SETS.values())).pvalue)
    assert verdict.interval95 == pytest.approx(tuple(stats.ttest_1samp(differences, 0).confidence_interval(0.95)))
    assert "paired over 4 data sets: aircraft, cifar10, cifar100, pets" in verdict.caveats
    assert paired({name: value - 3 + 0.1 * len(name) for name, value in SETS.items()}).name is Name.WORSE
    scattered = paired({name: value + shift for (name, value), shift in zip(SETS.items(), (5, -5, 2, -3))})
    assert scattered.name is Name.INCONCLUSIVE
    assert "more data sets would narrow it" in scattered.reason


def test_pairs_need_two_data_sets_of_both_sides():
    assert paired(SETS, {}).name is Name.NOT_COMPARABLE
    assert paired({"cifar10": 95.0, "eurosat": 97.0}).text.startswith("NOT COMPARABLE (1 data sets with values of both")
    assert paired({}).name is Name.NOT_RUN
    assert paired(SETS, missing="no GPU").name is Name.NOT_RUN
    assert paired(SETS, not_comparable="lite").name is Name.NOT_COMPARABLE
    assert paired(SETS, rules=[IMPOSSIBLE]).name is Name.PAPER_INCONSISTENT


def test_pairs_take_a_relative_margin_of_what_the_paper_has_there():
    paper = the("5", "pomonag-eff", "mean-of-15", "latency")
    theirs = {"a": 10.0, "b": 20.0, "c": 30.0}
    verdict = judge_paired(
        paper, {k: v * 1.01 for k, v in theirs.items()}, theirs, higher_is_better=False, margins=MARGINS
    )
    assert verdict.margin == pytest.approx(2.0)
    assert verdict.name is Name.REPRODUCED


def test_settings_have_no_plan_of_comparison():
    scaling = next(n for n in NUMBERS if n.metric.startswith("scaling_factor"))
    assert judged(scaling, [1.0, 2.0]) is None
    assert judge_paired(scaling, SETS, SETS, higher_is_better=True, margins=MARGINS) is None
    assert judged(replace(number(1.0, None), note="setting; section 3.2"), [1.0, 2.0]) is None


def test_the_plan_of_a_cell():
    plan = plan_of(number(95.0, 0.2), [94.0, 95.0, 96.5], MARGINS)
    assert (plan.margin, plan.ours.n, plan.theirs.n) == (0.5, 3, 3)
    assert plan_of(number(95.0, 0.2), [94.0], MARGINS) is None
    assert plan_of(number(95.0, None, "trained_architectures"), [94.0, 95.0], MARGINS) is None
