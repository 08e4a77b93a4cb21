import doctest
from dataclasses import dataclass, field, replace

import pytest
from scipy import stats

from reports.claims import claim as claims_file
from reports.claims import wording
from reports.claims.claim import Claim
from reports.claims.estimates import Measured, mean_of
from reports.claims.evaluation import evaluate
from reports.claims.keys import Fronts, Key, Missing
from reports.claims.parser import parse
from reports.paper_numbers import load

CLOSE, FAR = [94.0, 94.2, 94.4], [90.0, 90.3, 90.6]


@dataclass
class Given:
    """A source of made-up values by the names that predicates use."""

    values: dict = field(default_factory=dict)
    fronts: dict = field(default_factory=dict)
    evaluations: dict = field(default_factory=dict)

    def value(self, key: Key):
        found = self.values.get(key.label)
        if found is None:
            return Missing(key.label, "not given")
        if isinstance(found, Measured):
            return found
        if isinstance(found, list):
            return mean_of(found, key.label, used=(key.label,))
        return Measured(key.label, float(found), n=3, used=(key.label,))

    def datasets(self, key: Key):
        if key.label in self.values:
            return ()
        found = (name for name in ("cifar10", "cifar100", "pets") if replace(key, dataset=name).label in self.values)
        return tuple(found)

    def points(self, key: Key):
        return self.fronts.get(key.label, Missing(key.label, "no front"))

    def evaluations_to_reach(self, target: float, key: Key):
        return self.evaluations.get((round(target, 2), key.method), Missing(key.label, "no curve"))


def judge(text: str, note: str = "", **given):
    claim = Claim("CL-99", "4", "A sentence", text, "", note, parse(text))
    return evaluate(claim, Given(**given))


def a(name: str, metric: str = "validity") -> str:
    return f"{metric}[{name}, nb201]"


ABOVE = "validity[pomonag,nb201] > validity[diffusionnag,nb201]"


def test_the_documented_examples():
    assert doctest.testmod(wording).failed == 0


def test_a_comparison_has_welchs_interval_and_the_verdict_that_follows_from_it():
    result = judge(ABOVE, values={a("pomonag"): CLOSE, a("diffusionnag"): FAR})
    expected = stats.ttest_ind(CLOSE, FAR, equal_var=False).confidence_interval(0.95)
    assert result.effect == pytest.approx(3.9)
    assert result.interval == pytest.approx(tuple(expected))
    assert (result.verdict, result.pointwise) == ("HOLDS", "HOLDS")
    assert result.used == (a("pomonag"), a("diffusionnag"))
    assert result.explanation.startswith(
        "validity[pomonag, nb201] > validity[diffusionnag, nb201]: 94.2 against 90.3, difference +3.9, 95 % interval ["
    )


def test_the_contrary_fails_and_what_may_be_either_is_inconclusive():
    result = judge(ABOVE, values={a("pomonag"): FAR, a("diffusionnag"): CLOSE})
    assert (result.verdict, result.pointwise, result.effect) == ("FAILS", "FAILS", pytest.approx(-3.9))
    wide = [80.0, 95.0, 99.0]
    result = judge(ABOVE, values={a("pomonag"): wide, a("diffusionnag"): FAR})
    assert (result.verdict, result.pointwise) == ("INCONCLUSIVE", "HOLDS")
    assert result.interval[0] < 0 < result.interval[1]
    result = judge(ABOVE, values={a("pomonag"): FAR, a("diffusionnag"): wide})
    assert (result.verdict, result.pointwise) == ("INCONCLUSIVE", "FAILS")


@pytest.mark.parametrize(("ours", "sign", "verdict"), [(2, ">", "FAILS"), (2, ">=", "HOLDS"), (1, "<", "HOLDS")])
def test_values_without_uncertainty_are_compared_as_they_are(ours, sign, verdict):
    text = ABOVE.replace(">", sign)
    result = judge(text, values={a("pomonag"): ours, a("diffusionnag"): 2})
    assert (result.verdict, result.interval) == (verdict, None)
    assert "Compared as they are, without an interval" in result.explanation


def test_beside_uncertain_values_they_are_constants():
    result = judge(ABOVE, values={a("pomonag"): CLOSE, a("diffusionnag"): 90})
    assert result.interval == pytest.approx(tuple(x - 90 for x in stats.ttest_1samp(CLOSE, 90).confidence_interval()))
    assert "Taken as exact, without an interval: validity[diffusionnag, nb201]" in result.explanation


def test_a_single_run_decides_nothing():
    result = judge(ABOVE, values={a("pomonag"): [99.0], a("diffusionnag"): FAR})
    assert (result.verdict, result.pointwise, result.interval) == ("INCONCLUSIVE", "HOLDS", None)


def test_sums_that_differ_by_rounding_are_equal():
    text = "validity[pomonag,nb201] + 0.2 <= 0.3"
    assert judge(text, values={a("pomonag"): 0.1}).verdict == "HOLDS"
    rounded = Measured(a("pomonag"), 94.3733, 0.0, 3, step=0.001)
    result = judge(ABOVE, values={a("pomonag"): rounded, a("diffusionnag"): 94.373})
    assert (result.verdict, result.effect) == ("FAILS", 0.0)


def test_what_is_missing_is_said_once_for_each_reason():
    result = judge(ABOVE, values={a("pomonag"): CLOSE})
    assert (result.verdict, result.pointwise, result.effect, result.used) == ("NOT RUN", "NOT RUN", None, ())
    assert result.explanation == "Missing: not given: validity[diffusionnag, nb201]."


def test_a_mean_is_over_the_data_sets_that_both_sides_share():
    values = {
        "validity[pomonag, nb201, cifar10]": 90, "validity[pomonag, nb201, cifar100]": 80,
        "validity[diffusionnag, nb201, cifar100]": 70, "validity[diffusionnag, nb201, pets]": 99,
    }  # fmt: skip
    assert judge(ABOVE, values=values).effect == 10.0
    values = {"validity[pomonag, nb201, cifar10]": 90, "validity[diffusionnag, nb201, pets]": 99}
    assert "no data set in common" in judge(ABOVE, values=values).explanation
    values = {a("pomonag"): 90, "validity[diffusionnag, nb201, pets]": 99}
    assert "means over unlike data sets" in judge(ABOVE, values=values).explanation


def test_pairs_are_judged_by_their_differences_where_the_note_asks():
    ours, theirs = {"cifar10": 90.0, "cifar100": 70.0, "pets": 50.0}, {"cifar10": 89.0, "cifar100": 68.9, "pets": 49.1}
    values = {f"validity[pomonag, nb201, {d}]": v for d, v in ours.items()}
    values |= {f"validity[diffusionnag, nb201, {d}]": v for d, v in theirs.items()}
    paired = judge(ABOVE, "paired over datasets", values=values)
    expected = stats.ttest_rel(list(ours.values()), list(theirs.values())).confidence_interval()
    assert paired.interval == pytest.approx(tuple(expected))
    assert paired.verdict == "HOLDS"
    assert "Paired over cifar10, cifar100, pets" in paired.explanation
    assert judge(ABOVE, values=values).interval is None


def test_pairs_that_differ_by_rounding_are_equal():
    values = {f"validity[pomonag, nb201, {d}]": Measured(d, 94.3733, 0.0, 3) for d in ("cifar10", "cifar100")}
    values |= {
        f"validity[diffusionnag, nb201, {d}]": Measured(f"{d} rounded", 94.373, 0.0, 3, step=0.001)
        for d in ("cifar10", "cifar100")
    }
    result = judge(ABOVE, "paired over datasets", values=values)
    assert (result.verdict, result.effect) == ("FAILS", 0.0)


def test_counts_are_tested_where_the_note_asks():
    def share(name, successes):
        return Measured(a(name), 100 * successes / 768, 1.0, 3, counts=(successes, 768))

    values = {a("pomonag"): share("pomonag", 768), a("diffusionnag"): share("diffusionnag", 762)}
    result = judge(ABOVE, "one-sided test on counts", values=values)
    p = stats.fisher_exact([[768, 0], [762, 6]], alternative="greater").pvalue
    assert 0.01 < p < 0.025
    assert "One-sided exact test" in result.explanation
    assert f"768 of 768 against 762 of 768: p = {p:.2g}" in result.explanation
    assert result.verdict == "HOLDS"
    assert judge(ABOVE, values=values).verdict == "INCONCLUSIVE"
    # One side gets the whole 5 %, the other no more than usual.
    values = {a("pomonag"): share("pomonag", 768), a("diffusionnag"): share("diffusionnag", 763)}
    assert judge(ABOVE, "one-sided test on counts", values=values).verdict == "HOLDS"
    assert judge(ABOVE.replace(">", "<"), "one-sided test on counts", values=values).verdict == "INCONCLUSIVE"


def test_unlike_ways_to_find_a_value_are_not_compared():
    values = {
        a("pomonag"): Measured(a("pomonag"), 1.0, kind="looked up"),
        a("diffusionnag"): Measured(a("diffusionnag"), 2.0, kind="trained at the profile lite"),
    }
    result = judge(ABOVE, values=values)
    assert result.verdict == "NOT RUN"
    assert "not comparable" in result.explanation


def test_a_lower_bound_needs_every_interval():
    text = "lower95(validity[pomonag,nb201] - 90) > 0"
    assert judge(text, values={a("pomonag"): CLOSE}).verdict == "HOLDS"
    result = judge(text, values={a("pomonag"): [90.0, 91.0, 95.0]})
    assert (result.verdict, result.pointwise) == ("INCONCLUSIVE", "FAILS")
    assert judge(text, values={a("pomonag"): FAR}).verdict == "INCONCLUSIVE"
    assert judge(text, values={a("pomonag"): [x - 9 for x in FAR]}).verdict == "FAILS"
    missing = judge(text, values={a("pomonag"): 99})
    assert (missing.verdict, missing.pointwise) == ("NOT RUN", "NOT RUN")
    assert "lower95 needs an interval" in missing.explanation


def test_absolute_values_and_extremes_inside_arithmetic():
    values = {a("pomonag"): CLOSE, a("diffusionnag"): FAR}
    text = "abs(validity[diffusionnag,nb201] - validity[pomonag,nb201]) <= {}"
    assert [judge(text.format(limit), values=values).verdict for limit in (9, 3.9, 1)] == [
        "HOLDS",
        "INCONCLUSIVE",
        "FAILS",
    ]
    result = judge(text.format(9), values=values)
    assert result.effect == pytest.approx(3.9 - 9)
    inside = judge("max(validity[pomonag,nb201], validity[diffusionnag,nb201]) - 90 > 4", values=values)
    assert inside.effect == pytest.approx(0.2)


def test_quotients_and_their_division_by_zero():
    text = "validity[pomonag,nb201] / params[pomonag,nb201] > 1"
    assert judge(text, values={a("pomonag"): 90, a("pomonag", "params"): 2}).effect == 44
    result = judge(text, values={a("pomonag"): 90, a("pomonag", "params"): 0})
    assert result.verdict == "NOT RUN"
    assert "a quotient by 0" in result.explanation


def test_values_that_are_not_finite_are_no_values():
    assert judge(ABOVE, values={a("pomonag"): float("nan"), a("diffusionnag"): 1}).verdict == "NOT RUN"
    assert judge(ABOVE, values={a("pomonag"): float("inf"), a("diffusionnag"): 1}).verdict == "NOT RUN"
    text = "params[pomonag,nb201] * params[pomonag,nb201] > 1"
    assert judge(text, values={a("pomonag", "params"): 1e300}).verdict == "NOT RUN"


ALL = "for_all(costs, k, k[pomonag,nb201] < 10)"


def costs(params, macs, latency):
    given = {"params": params, "macs": macs, "latency": latency}
    return {a("pomonag", metric): value for metric, value in given.items() if value is not None}


def test_all_hold_fail_with_one_and_wait_for_those_that_are_missing():
    assert judge(ALL, values=costs(1, 2, 9)).verdict == "HOLDS"
    assert judge(ALL, values=costs(1, 2, 11)).verdict == "FAILS"
    missing = judge(ALL, values=costs(1, 2, None))
    assert (missing.verdict, missing.pointwise) == ("NOT RUN", "NOT RUN")
    assert missing.explanation.startswith("3 comparisons: 2 HOLDS, 1 NOT RUN. ")
    assert "Missing: not given: latency[pomonag, nb201]" in missing.explanation
    decided = judge(ALL, values=costs(1, 11, None))
    assert (decided.verdict, decided.pointwise) == ("FAILS", "FAILS")
    assert judge(ALL, values=costs(1, [5.0, 9.0, 12.0], None)).verdict == "NOT RUN"
    assert judge(ALL, values=costs(1, [5.0, 9.0, 12.0], 2)).verdict == "INCONCLUSIVE"


def test_the_weakest_comparison_gives_effect_and_text():
    result = judge(ALL, values=costs(1, 9.9, 2))
    assert result.effect == pytest.approx(-0.1)
    assert "macs[pomonag, nb201] < 10: 9.9 against 10" in result.explanation


def test_any_holds_with_one():
    text = "params[pomonag,nb201] > 5 or macs[pomonag,nb201] > 5"
    assert judge(text, values=costs(9, 1, 0)).verdict == "HOLDS"
    assert judge(text, values=costs(9, None, None)).verdict == "HOLDS"
    assert judge(text, values=costs(1, None, None)).verdict == "NOT RUN"
    result = judge(text, values=costs(1, 2, 0))
    assert (result.verdict, result.effect) == ("FAILS", -3)


def test_the_contrary_of_a_predicate():
    assert judge("not params[pomonag,nb201] > 5", values=costs(9, 1, 1)).verdict == "FAILS"
    assert judge("not params[pomonag,nb201] > 5", values=costs(1, 1, 1)).verdict == "HOLDS"
    assert judge("not params[pomonag,nb201] > 5", values={}).verdict == "NOT RUN"


def test_a_chain():
    text = "params[pomonag,nb201] < macs[pomonag,nb201] < latency[pomonag,nb201]"
    assert judge(text, values=costs(1, 2, 3)).verdict == "HOLDS"
    assert judge(text, values=costs(1, 3, 2)).verdict == "FAILS"


COUNT = "count(costs, k, k[pomonag,nb201] < 10) >= 2"


@pytest.mark.parametrize(
    ("values", "verdict", "pointwise", "effect", "interval"),
    [
        (costs(1, 1, 1), "HOLDS", "HOLDS", 1, None),
        (costs(1, 1, 11), "HOLDS", "HOLDS", 0, None),
        (costs(1, 11, 11), "FAILS", "FAILS", -1, None),
        (costs(1, [5.0, 9.0, 12.0], 11), "INCONCLUSIVE", "HOLDS", 0, (-1, 0)),
        (costs(1, 1, None), "HOLDS", "HOLDS", None, (0, 1)),
        (costs(1, None, 11), "NOT RUN", "NOT RUN", None, (-1, 0)),
        (costs(11, None, 11), "FAILS", "FAILS", None, (-2, -1)),
        ({}, "NOT RUN", "NOT RUN", None, None),
    ],
)
def test_counts_are_between_the_sure_and_the_possible(values, verdict, pointwise, effect, interval):
    result = judge(COUNT, values=values)
    assert (result.verdict, result.pointwise, result.effect) == (verdict, pointwise, effect)
    assert result.interval == interval


def test_rivals_are_those_that_the_papers_table_has_a_number_of():
    text = "for_all(datasets4, d, for_all(rivals_t2, m, test_accuracy[pomonag_acc,nb201,d] > test_accuracy[m,nb201,d]))"
    methods = sorted({n.method.lower().replace("-", "_") for n in load() if n.table == "2"} - {"pomonag_acc"})
    assert len(methods) == 13
    values = {f"test_accuracy[{m}, nb201, {d}]": 50 for m in methods for d in ("cifar10", "cifar100")}
    values |= {f"test_accuracy[{m}, nb201, {d}]": 50 for m in methods for d in ("aircraft", "pets") if m != "bohb"}
    values |= {f"test_accuracy[pomonag_acc, nb201, {d}]": 51 for d in ("cifar10", "cifar100", "aircraft", "pets")}
    result = judge(text, values=values)
    assert result.verdict == "HOLDS"
    assert result.explanation.startswith("50 comparisons: 50 HOLDS")
    values["test_accuracy[hebo, nb201, aircraft]"] = 52
    assert judge(text, values=values).effect == -1


def test_dominance():
    text = "not dominates(point[diffusionnag,nb201,cifar10,params], front[pomonag,nb201,cifar10,params])"
    point, front = "point[diffusionnag, nb201, cifar10, params]", "front[pomonag, nb201, cifar10, params]"
    # The last was predicted to be on the front; by the measured values it is dominated, and no member.
    ours = ((1.0, 80.0), (2.0, 90.0), (3.0, 70.0))

    def with_points(*points):
        fronts = {
            point: Fronts({seed: (p,) for seed, p in enumerate(points)}, ("theirs",)),
            front: Fronts(dict.fromkeys(range(len(points)), ours), ("ours",)),
        }
        return judge(text, fronts=fronts)

    assert with_points((2.5, 89.0), (2.0, 90.0)).verdict == "HOLDS"
    assert with_points((2.5, 89.0), (2.9, 75.0)).verdict == "HOLDS"
    assert with_points((1.9, 90.0), (0.5, 80.0)).verdict == "FAILS"
    single = with_points((1.5, 85.0))
    assert (single.verdict, single.pointwise) == ("INCONCLUSIVE", "HOLDS")
    mixed = with_points((1.9, 90.0), (2.5, 89.0))
    assert (mixed.verdict, mixed.pointwise) == ("INCONCLUSIVE", "HOLDS")
    assert mixed.used == ("theirs", "ours")
    assert judge(text).verdict == "NOT RUN"
    apart = {point: Fronts({1: ours}), front: Fronts({2: ours})}
    assert "no seed in common" in judge(text, fronts=apart).explanation.lower()


def test_only_the_data_sets_that_are_there_where_the_note_says_so():
    text = "for_all(datasets4, d, validity[pomonag,nb201,d] > 1)"
    values = {"validity[pomonag, nb201, pets]": 2}
    assert judge(text, values=values).verdict == "NOT RUN"
    result = judge(text, "lite: the datasets that are there; measured values", values=values)
    assert result.verdict == "HOLDS"
    assert "Judged on pets alone" in result.explanation
    assert judge(text, "lite: the datasets that are there", values={}).verdict == "NOT RUN"


def test_evaluations_to_reach_another_methods_accuracy():
    text = (
        "for_all(bo_methods, m, evaluations_to_reach(test_accuracy[pomonag_acc,nb201,cifar10], m, nb201, cifar10) > 1)"
    )
    values = {"test_accuracy[pomonag_acc, nb201, cifar10]": 94.37}
    methods = ("bohb", "gp_ucb", "bananas", "nasbowl", "hebo")
    found = {(94.37, m): mean_of([40.0, 50.0, 60.0], m, used=(m,)) for m in methods}
    result = judge(text, values=values, evaluations=found)
    assert (result.verdict, result.effect) == ("HOLDS", 49.0)
    assert judge(text, values=values).verdict == "NOT RUN"


def test_an_empty_source_leaves_every_claim_not_run():
    for claim in claims_file.load():
        result = evaluate(claim, Given())
        assert (result.verdict, result.pointwise, result.effect) == ("NOT RUN", "NOT RUN", None)
        assert "Missing: " in result.explanation
