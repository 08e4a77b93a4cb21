import math
import time

import pytest
from scipy import stats

from reports.cells import slug
from reports.claims import claim as claims_file
from reports.claims import vocabulary
from reports.claims.estimates import Measured
from reports.claims.evaluation import evaluate
from reports.claims.keys import Key, Missing
from reports.claims.sources import MeasuredSource, PaperSource
from reports.evidence import Evidence
from reports.measurements import RunKey, Value

CLAIMS = {c.id: c for c in claims_file.load()}
FAST = ("fast", "reference")


@pytest.fixture(scope="module")
def on_paper():
    source = PaperSource()
    return {name: evaluate(claim, source) for name, claim in CLAIMS.items()}


def test_of_the_37_claims_that_the_papers_numbers_decide_34_hold(on_paper):
    pointwise = {name: result.pointwise for name, result in on_paper.items()}
    assert [name for name, verdict in pointwise.items() if verdict == "FAILS"] == ["CL-05", "CL-29", "CL-34"]
    assert sum(verdict == "HOLDS" for verdict in pointwise.values()) == 34
    assert sum(verdict == "NOT RUN" for verdict in pointwise.values()) == 19


def test_the_statistics_of_the_papers_numbers(on_paper):
    verdicts = {name: result.verdict for name, result in on_paper.items()}
    assert [name for name, verdict in verdicts.items() if verdict == "FAILS"] == ["CL-05", "CL-29", "CL-34"]
    undecided = [name for name, verdict in verdicts.items() if verdict == "INCONCLUSIVE"]
    # Accuracies over 15 data sets whose single values are not printed, a uniqueness near its bound, one count.
    assert undecided == ["CL-07", "CL-21", "CL-24", "CL-25", "CL-26", "CL-28", "CL-31", "CL-33", "CL-36"]
    assert all(verdicts[name] == "NOT RUN" for name, r in on_paper.items() if r.pointwise == "NOT RUN")


def test_effects_on_the_paper_are_those_that_claims_csv_lists(on_paper):
    effects = {"CL-01": 99.97 - 98.97, "CL-05": 26.51 - 5, "CL-10": 0.168 - 0.117, "CL-29": 34.24 - 32.13}
    for name, effect in effects.items():
        assert on_paper[name].effect == pytest.approx(effect)
    assert on_paper["CL-34"].explanation.startswith("6 comparisons: 5 FAILS, 1 INCONCLUSIVE")
    assert on_paper["CL-36"].explanation.startswith("12 comparisons")
    assert on_paper["CL-36"].effect == 0.0
    assert on_paper["CL-38"].explanation.startswith("50 comparisons: 50 HOLDS")


def test_half_widths_become_standard_errors_by_t_over_three_runs():
    key = Key.of("validity", ("pomonag", "nb201"))
    measured = PaperSource().value(key)
    assert (measured.value, measured.n) == (99.97, 3)
    assert measured.standard_error == pytest.approx(0.10 / stats.t.ppf(0.975, 2))
    assert measured.used == ("Table 4: POMONAG, nb201, mean-over-runs, validity",)
    assert PaperSource("z").value(key).standard_error == pytest.approx(0.10 / stats.norm.ppf(0.975))
    over_datasets = PaperSource().value(Key.of("params", ("pomonag_eff", "nb201")))
    assert over_datasets.standard_error == pytest.approx(0.03 / stats.t.ppf(0.975, 14))
    assert "not paired" in over_datasets.notes[0]


def test_the_papers_names():
    source = PaperSource()
    assert source.value(Key.of("spearman_accuracy_noisy", ("ablation_3", "nb201"))).value == 0.822
    assert source.value(Key.of("test_accuracy", ("pc_darts", "nb201", "pets"))).value == 25.31
    assert source.value(Key.of("test_accuracy", ("pomonag_acc", "mbv3", "pets", "min"))).value == 95.28
    assert source.value(Key.of("generation_time", ("pomonag", "mbv3"))).value == 1095
    cut = source.value(Key.of("latency", ("pomonag_acc", "mbv3")))
    assert cut.standard_error is None
    assert "the half-width is cut off" in cut.notes[0]
    for key in (
        Key.of("test_accuracy", ("bohb", "nb201", "pets")),
        Key.of("predicted_accuracy", ("pomonag", "nb201")),
        Key.of("hypervolume", ("pomonag", "nb201", "params")),
    ):
        assert source.value(key) == Missing(key.label, "the paper does not print it")
    assert source.datasets(Key.of("test_accuracy", ("pomonag_acc", "nb201"))) == ()


def test_rows_of_table_6_are_found_as_runs_spell_them():
    row = "An et al. strategy, ResNet18, An et al. pipeline, 4630"
    assert {vocabulary.plain(name) for name in (row, row.lower(), slug(row))} == {"ablation_1"}


def test_settings_of_the_paper_are_no_results():
    """The factors of a search interval, for example, must not answer a claim."""
    assert all(not number.note.startswith("setting") for number in PaperSource()._index.values())
    assert len(PaperSource()._index) == 234


def runs(made_up, method, configuration, values, table="4", dataset="mean-over-runs", details=None, **settings):
    """A run a seed with the metrics of `values` (each a list over seeds)."""
    found = []
    for seed in range(len(next(iter(values.values())))):
        numbers = [
            Value(metric, v[seed], "%", "made up", evaluation="lookup" if metric == "test_accuracy" else "generated")
            for metric, v in values.items()
        ]
        key = RunKey(table, method, configuration, "nb201", dataset)
        run = made_up.a_record(key, numbers, seed, details=details[seed] if details else {})
        run.settings.update(settings)
        found.append(run)
    return found


def validity(made_up, *rest):
    return [
        *runs(made_up, "pomonag", "fast", {"validity": [100.0, 99.609375, 100.0]}),
        *runs(made_up, "pomonag", "reference", {"validity": [54.296875, 55.859375, 52.734375]}),
        *runs(made_up, "diffusionnag", "reference", {"validity": [98.046875, 97.265625, 98.828125]}),
        *rest,
    ]


def test_of_several_configurations_the_preferred_one_counts(made_up):
    evidence = Evidence(validity(made_up))
    reference, fast = evaluate(CLAIMS["CL-01"], MeasuredSource(evidence)), MeasuredSource(evidence, FAST)
    assert reference.verdict == "FAILS"
    assert reference.used == (
        "table4-pomonag-reference-nb201-mean-over-runs-validity-mean-generated",
        "table4-diffusionnag-reference-nb201-mean-over-runs-validity-mean-generated",
    )
    result = evaluate(CLAIMS["CL-01"], fast)
    assert result.verdict == "HOLDS"
    assert "767 of 768 against 753 of 768" in result.explanation


def test_a_metric_may_stand_for_another(made_up):
    evidence = Evidence(runs(made_up, "pomonag", "fast", {"uniqueness": [98, 99], "uniqueness_by_class": [82, 84]}))
    key = Key.of("uniqueness", ("pomonag", "nb201"))
    assert MeasuredSource(evidence).value(key).value == 98.5
    by_class = MeasuredSource(evidence, metrics={"uniqueness": "uniqueness_by_class"}).value(key)
    assert by_class.value == 83.0
    assert "uniqueness_by_class" in by_class.used[0]


def test_a_share_of_nothing_is_undefined(made_up):
    evidence = Evidence(runs(made_up, "pomonag", "fast", {"uniqueness": [98.0, math.nan]}))
    missing = MeasuredSource(evidence).value(Key.of("uniqueness", ("pomonag", "nb201")))
    assert isinstance(missing, Missing)
    assert "denominator is 0" in missing.why


def test_counts_are_known_for_validity_alone(made_up):
    evidence = Evidence(runs(made_up, "pomonag", "fast", {"validity": [50.0], "uniqueness": [50.0]}))
    source = MeasuredSource(evidence)
    assert source.value(Key.of("validity", ("pomonag", "nb201"))).counts == (128, 256)
    assert source.value(Key.of("uniqueness", ("pomonag", "nb201"))).counts is None


def test_a_single_run_is_named(made_up):
    evidence = Evidence(
        [
            *runs(made_up, "pomonag", "fast", {"uniqueness": [98.0, 99.0]}),
            *runs(made_up, "diffusionnag", "reference", {"uniqueness": [50.0]}),
        ]
    )
    result = evaluate(CLAIMS["CL-02"], MeasuredSource(evidence))
    assert (result.verdict, result.pointwise) == ("INCONCLUSIVE", "HOLDS")
    assert "uniqueness[diffusionnag, nb201] is of a single run" in result.explanation


def test_what_the_catalogue_knows_of_is_named_with_its_command(made_up):
    entry = {
        "key": {"table": "4", "method": "diffusionnag", "configuration": "reference", "space": "nb201",
                "dataset": "mean-over-runs"},
        "cells": ["table4-diffusionnag-reference-nb201-mean-over-runs-validity-mean-generated"],
        "missing": ["the file x is needed. It holds y."], "command": "python -m benchmarks run --table 4",
    }  # fmt: skip
    fast = runs(made_up, "pomonag", "fast", {"validity": [100.0, 100.0]})
    source = MeasuredSource(Evidence(fast, catalogue=[entry]))
    reason = source.value(Key.of("validity", ("diffusionnag", "nb201"))).why
    assert reason == "the file x is needed (python -m benchmarks run --table 4)"
    assert "no run of" in source.value(Key.of("novelty", ("diffusionnag", "nb201"))).why
    assert "no run of" in source.value(Key.of("validity", ("diffusionnag", "mbv3"))).why
    assert MeasuredSource(Evidence(fast)).value(Key.of("validity", ("diffusionnag", "nb201"))).why == "not measured"


def accuracies(made_up, method, configuration, by_dataset, details=None):
    return [
        run
        for dataset, values in by_dataset.items()
        for run in runs(made_up, method, configuration, {"test_accuracy": values}, "2", dataset, details)
    ]


def test_regret_is_counted_from_the_tables_best(made_up):
    evidence = Evidence(
        [
            *accuracies(
                made_up, "pomonag-acc", "leave-one-out", {"cifar10": [94.3733, 94.3733], "cifar100": [72.91, 73.11]}
            ),
            *accuracies(
                made_up, "random_search", "look-up", {"cifar10": [94.0, 94.1], "cifar100": [72.0, 72.1]},
                [{"curve": [80.0, 94.0]}, {"curve": [90.0, 94.1]}],
            ),
        ]
    )  # fmt: skip
    source = MeasuredSource(evidence)
    ours = source.value(Key.of("regret", ("pomonag_acc", "nb201", "cifar10")))
    assert (ours.value, ours.standard_error) == (0.0, 0.0)
    assert source.value(Key.of("regret", ("random_valid", "nb201", "cifar10"))).value == pytest.approx(94.37 - 85.0)
    assert source.datasets(Key.of("regret", ("pomonag_acc", "nb201"))) == ("cifar10", "cifar100")
    result = evaluate(CLAIMS["CL-40"], source)
    assert result.effect == pytest.approx((0.0 + 0.5) / 2 - 0.5)
    assert "best of the whole table" in result.explanation


def fronts(made_up, method, dataset, device="pixel3", shift=0.0):
    def front(costs):
        points = [
            {"architecture": CELL[i], "cost": cost, "accuracy": accuracy + shift, "predicted": accuracy}
            for i, (cost, accuracy) in enumerate(zip(costs, (80.0, 90.0, 94.0), strict=True))
        ]
        return {"points": points, "chosen": {"eff": 0, "bal": 1, "acc": 2}}

    details = [{"fronts": {"params": front((0.1, 0.4, 1.0)), "latency": front((2.0, 5.0, 20.0))}}] * 2
    return runs(made_up, method, device, {"hypervolume_params": [0.7, 0.8]}, "fronts", dataset, details)


CELL = [
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|",
]


def test_configurations_come_from_the_front_of_each_cost(made_up):
    source = MeasuredSource(Evidence(fronts(made_up, "pomonag", "cifar10")))
    on_cifar10 = ("nb201", "cifar10")
    assert source.value(Key.of("params", ("pomonag_eff", *on_cifar10))).value == 0.1
    assert source.value(Key.of("latency", ("pomonag_bal", *on_cifar10))).value == 5.0
    assert source.value(Key.of("test_accuracy", ("pomonag_acc", *on_cifar10))).value == 94.0
    # On this space params rank as MACs do: their front is one, and the MACs follow from the architecture.
    from pomonag.spaces import search_space

    space = search_space("nb201")
    macs = space.cost([space.parse(CELL[1])], space.skeleton_type(classes=10)).macs[0] / 1e6
    assert source.value(Key.of("macs", ("pomonag_bal", *on_cifar10))).value == pytest.approx(macs)
    assert isinstance(source.value(Key.of("params", ("pomonag_one_phase", *on_cifar10))), Missing)


def test_an_architecture_that_cannot_be_read_has_no_macs(made_up):
    found = fronts(made_up, "pomonag", "cifar10")
    for run in found:
        for front in run.details["fronts"].values():
            front["points"][0]["architecture"] = "|a|"
    source = MeasuredSource(Evidence(found))
    assert isinstance(source.value(Key.of("macs", ("pomonag_eff", "nb201", "cifar10"))), Missing)
    assert source.value(Key.of("params", ("pomonag_eff", "nb201", "cifar10"))).value == 0.1


def test_latencies_of_two_devices_are_not_compared(made_up):
    evidence = Evidence(
        [*fronts(made_up, "pomonag", "cifar10"), *fronts(made_up, "diffusionnag", "cifar10", device="1080ti_1")]
    )
    source = MeasuredSource(evidence)
    assert isinstance(source.value(Key.of("latency", ("diffusionnag", "nb201", "cifar10"))), Missing)


def test_fronts_are_judged_on_the_data_sets_that_are_there(made_up):
    ours = fronts(made_up, "pomonag", "cifar10")
    beyond = fronts(made_up, "diffusionnag", "cifar10", shift=0.5)
    claim = CLAIMS["CL-47"]
    assert evaluate(claim, MeasuredSource(Evidence([*ours, *beyond]))).verdict == "FAILS"
    same = MeasuredSource(Evidence([*ours, *fronts(made_up, "diffusionnag", "cifar10")]))
    result = evaluate(claim, same)
    # All of nb201 holds on what is there; the other space was not run.
    assert result.verdict == "NOT RUN"
    assert "6 comparisons" not in result.explanation
    assert "3 HOLDS" in result.explanation
    assert isinstance(same.points(Key.of("front", ("pomonag_one_phase", "nb201", "cifar10", "params"))), Missing)


def test_the_evaluations_that_a_search_needs(made_up):
    curves = [{"curve": [90.0, 94.0, 94.366]}, {"curve": [94.37, 94.37]}, {"curve": [90.0, 91.0]}]
    evidence = Evidence(accuracies(made_up, "gp-ucb", "look-up", {"cifar10": [94.366, 94.37, 91.0]}, curves))
    source, key = MeasuredSource(evidence), Key.of("test_accuracy", ("gp_ucb", "nb201", "cifar10"))
    found = source.evaluations_to_reach(94.37, key)
    assert found.value == (3 + 1 + 3) / 3
    assert "not reached" in found.notes[0]
    assert source.evaluations_to_reach(80.0, key).value == 1.0
    assert isinstance(source.evaluations_to_reach(80.0, Key.of("test_accuracy", ("hebo", "nb201", "cifar10"))), Missing)


def test_the_time_of_a_generation_is_in_its_details(made_up):
    details = [{"seconds": {"generation": 10.0}}, {"seconds": {"generation": 12.0}}]
    evidence = Evidence(runs(made_up, "pomonag", "reference", {"validity": [99.0, 98.0]}, details=details))
    measured = MeasuredSource(evidence).value(Key.of("generation_time", ("pomonag", "nb201")))
    assert (measured.value, measured.kind) == (11.0, "measured")


def test_a_generator_trained_on_uniform_draws_is_the_one_that_ships(made_up):
    evidence = Evidence(accuracies(made_up, "pomonag-acc", "leave-one-out", {"cifar10": [94.0, 94.2]}))
    measured = MeasuredSource(evidence).value(Key.of("test_accuracy", ("pomonag_uniform", "nb201", "cifar10")))
    assert measured.value == pytest.approx(94.1)
    assert "drawn uniformly" in measured.notes[0]


def test_runs_of_unlike_tables_are_not_mixed(made_up):
    """Two suites that measure one metric of one method on one data set are two answers, not more seeds."""
    trained = runs(made_up, "pomonag-acc", "paper", {"test_accuracy": [60.0, 61.0]}, "5", "cifar10")
    looked_up = accuracies(made_up, "pomonag-acc", "leave-one-out", {"cifar10": [94.0, 94.2]})
    measured = MeasuredSource(Evidence([*trained, *looked_up])).value(
        Key.of("test_accuracy", ("pomonag_acc", "nb201", "cifar10"))
    )
    assert isinstance(measured, Measured)
    assert (measured.value, measured.n) == (60.5, 2)


def test_all_claims_are_judged_within_a_second(made_up):
    evidence = Evidence([*made_up.every_run(), *validity(made_up), *fronts(made_up, "pomonag", "cifar10")])
    sources = PaperSource(), MeasuredSource(evidence)
    for source in sources:
        started = time.process_time()
        for claim in CLAIMS.values():
            evaluate(claim, source)
        assert time.process_time() - started < 1.0
