"""What candidates become in a result, against brute force, with made-up predictions and latencies."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import torch

from pomonag import result as result_module
from pomonag import search_space
from pomonag.candidates import Candidates
from pomonag.errors import UserError
from pomonag.guidance.guide import ScalingFactors, objectives_of
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.pareto.budget import parse_budget
from pomonag.predictors.accuracy_scale import fit_accuracy_scale
from pomonag.records.seeds import seed_of
from pomonag.result import Result, ranked_result
from pomonag.spaces.encoding import Invalid, generator_of
from pomonag.spaces.nasbench201 import NasBench201Skeleton
from pomonag.spaces.search_space import full_resolution

torch.set_num_threads(1)
SPACE = search_space("nb201")
SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "result.schema.json").read_text())
CELLS = list(dict.fromkeys(SPACE.sample(120, generator_of(0))))
COSTS = ("params", "macs", "latency_ms")
STEPS = 7
PHASES = {"efficient": ScalingFactors(1, 2, 3, 4), "accurate": ScalingFactors(5, 0, 0, 0)}


def made_up(purpose, cells, low, high):
    """A value of each cell by its name alone."""
    return np.array([low + (high - low) * (seed_of(purpose, str(cell)) % 10_000) / 10_000 for cell in cells])


def accuracies(cells, embedding=None, protocol="full"):
    """Rises with the params, with noise; a few values only, so that there are ties."""
    if not len(cells):
        return np.zeros(0)
    params = SPACE.cost(cells).params.astype(float)
    return np.round(60 + 20 * np.sqrt(params / 1.6e6) + made_up("accuracy", cells, 0, 15))


def latencies(cells):
    """Milliseconds, one in five unknown."""
    return np.where(made_up("timed", cells, 0, 1) < 0.2, np.nan, made_up("latency", cells, 2, 12))


def ranked(
    decoded, *, classes=10, budget=None, accuracy="full", balanced="knee", measure=False, phases=PHASES,
    objectives=("accuracy", "params", "macs", "latency"), predict=accuracies, time=latencies, scales=None,
) -> Result:  # fmt: skip
    """A result of decoded items, each with its phase or all of the phase `efficient`."""
    candidates = Candidates(SPACE)
    for item in decoded:
        phase, cell = item if isinstance(item, tuple) else ("efficient", item)
        candidates.add(phase, [cell])
    predictors = SimpleNamespace(accuracy=predict, scales=scales or {}, header={"name": "made up"})
    generator = SimpleNamespace(
        mode="fast", space=SPACE, encoding=SPACE.encoding, predictors=predictors, objectives=objectives_of(objectives),
        seed=3, steps=STEPS, latency=SimpleNamespace(name="a stopwatch", of=time),
    )  # fmt: skip
    result = ranked_result(
        candidates,
        generator,
        phases=phases,
        embedding=torch.zeros(classes, 2, 3),
        images={"source": "made up", "classes": classes, "sha256": 64 * "0"},
        accuracy=accuracy,
        budget=parse_budget(budget),
        balanced=balanced,
        measure=measure,
        seconds={"embedding": 1.0, "generation": 2.0},
    )
    jsonschema.validate(json.loads(json.dumps(result.to_json())), SCHEMA)
    return result


def brute_force_front(accuracy, cost):
    """Positions that no other beats, by every pair; of equals the first; from the cheapest to the most accurate."""
    front = []
    for i in range(len(cost)):
        if np.isnan(cost[i]):
            continue
        beaten = False
        for j in range(len(cost)):
            as_good = accuracy[j] >= accuracy[i] and cost[j] <= cost[i]
            equal = accuracy[j] == accuracy[i] and cost[j] == cost[i]
            beaten |= as_good and (not equal or j < i)
        if not beaten:
            front.append(i)
    return sorted(front, key=lambda i: cost[i])


@pytest.fixture(scope="module")
def found():
    return ranked(CELLS)


# Ranking.


def test_architectures_are_ranked_by_predicted_accuracy_and_ties_stay_in_order(found):
    rows = found.to_json()["architectures"]
    expected = sorted(CELLS, key=lambda cell: -accuracies([cell])[0])  # sorted() is stable
    assert [row["architecture"] for row in rows] == [str(cell) for cell in expected]
    assert [row["predicted_accuracy"] for row in rows] == accuracies(expected).tolist()
    assert len({row["predicted_accuracy"] for row in rows}) < len(rows)  # there were ties


def test_duplicates_count_once_for_the_phase_that_made_them_first():
    a, b, c = CELLS[:3]
    invalid = Invalid(2, "row_not_one_hot")
    items = [
        ("efficient", a),
        ("efficient", b),
        ("efficient", invalid),
        ("accurate", b),
        ("accurate", c),
        ("accurate", b),
    ]
    rows = ranked(items).to_json()["architectures"]
    assert {row["architecture"]: row["batch"] for row in rows} == {
        str(a): "efficient",
        str(b): "efficient",
        str(c): "accurate",
    }


def test_the_arrays_follow_the_rows(found):
    rows = found.to_json()["architectures"]
    assert [str(cell) for cell in found.architectures] == [row["architecture"] for row in rows]
    assert found.predicted_accuracy.tolist() == [row["predicted_accuracy"] for row in rows]
    for cost in COSTS:
        assert [None if np.isnan(v) else v for v in found.costs[cost].astype(float)] == [row[cost] for row in rows]


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_costs_are_the_spaces_own_for_the_number_of_classes(classes):
    rows = ranked(CELLS[:20], classes=classes).to_json()["architectures"]
    cost = SPACE.cost([SPACE.parse(row["architecture"]) for row in rows], classes=classes)
    assert [row["params"] for row in rows] == cost.params.tolist()
    assert [row["macs"] for row in rows] == cost.macs.tolist()
    ten = SPACE.cost([SPACE.parse(row["architecture"]) for row in rows])
    assert (cost.params == ten.params).all() == (classes == 10)


# Fronts and configurations.


@pytest.mark.parametrize("cost", COSTS)
def test_fronts_are_exactly_what_no_other_architecture_beats(found, cost):
    front = found.to_json()["fronts"][cost]
    assert front == brute_force_front(found.predicted_accuracy, found.costs[cost].astype(float))
    assert len(front) > 3


@pytest.mark.parametrize("balanced", ["knee", "paper_ratio"])
@pytest.mark.parametrize("cost", COSTS)
def test_configurations_are_the_ends_of_the_front_and_the_rules_point_between(cost, balanced):
    document = ranked(CELLS, balanced=balanced).to_json()
    rows, front = document["architectures"], document["fronts"][cost]
    acc, bal, eff = (document["configurations"][name][cost] for name in ("acc", "bal", "eff"))
    timed = [i for i, row in enumerate(rows) if row[cost] is not None]
    assert rows[acc]["predicted_accuracy"] == max(rows[i]["predicted_accuracy"] for i in timed)
    assert rows[eff][cost] == min(rows[i][cost] for i in timed)
    assert {acc, bal, eff} <= set(front)

    def height(i):
        """Above the chord from Eff to Acc, both coordinates scaled to [0, 1]."""
        a, c = ([rows[j][key] for j in (eff, i, acc)] for key in ("predicted_accuracy", cost))
        return (a[1] - a[0]) / (a[2] - a[0]) - (c[1] - c[0]) / (c[2] - c[0])

    def ratio(i):
        return rows[i]["predicted_accuracy"] / rows[i][cost]

    assert bal == max(front, key=height if balanced == "knee" else ratio)
    assert document["balanced_rule"] == balanced


def test_where_all_are_as_accurate_the_cheapest_is_all_three():
    document = ranked(CELLS, predict=lambda cells, *_: np.full(len(cells), 70.0)).to_json()
    for cost in COSTS:
        (only,) = document["fronts"][cost]
        assert {document["configurations"][name][cost] for name in ("acc", "bal", "eff")} == {only}
        assert document["architectures"][only][cost] == min(
            row[cost] for row in document["architectures"] if row[cost] is not None
        )


def test_unknown_latencies_are_null_and_on_no_latency_front(found):
    document = found.to_json()
    unknown = {i for i, row in enumerate(document["architectures"]) if row["latency_ms"] is None}
    assert unknown == set(np.flatnonzero(np.isnan(latencies(found.architectures))).tolist())
    assert 0 < len(unknown) < len(CELLS)
    assert not unknown & set(document["fronts"]["latency_ms"])
    everywhere = ranked(CELLS[:9], time=lambda cells: np.full(len(cells), np.nan)).to_json()
    assert set(everywhere["fronts"]) == {"params", "macs"}
    assert set(everywhere["configurations"]["acc"]) == {"params", "macs"}


def test_only_the_objectives_costs_have_fronts():
    document = ranked(CELLS, objectives=("accuracy", "macs")).to_json()
    assert document["objectives"] == ["accuracy", "macs"]
    assert list(document["fronts"]) == ["macs"]
    assert all(list(chosen) == ["macs"] for chosen in document["configurations"].values())
    # The other costs are told all the same.
    assert document["architectures"][0]["params"] > 0
    alone = ranked(CELLS, objectives=("accuracy",)).to_json()
    assert (alone["fronts"], alone["configurations"]) == ({}, {"acc": {}, "bal": {}, "eff": {}})


# Budgets.


def test_a_budget_leaves_what_keeps_it_and_fronts_are_drawn_among_that(found):
    document = ranked(CELLS, budget="params<0.6M, latency_ms<8").to_json()
    everything = found.to_json()["architectures"]
    within = [r for r in everything if r["params"] < 0.6e6 and r["latency_ms"] is not None and r["latency_ms"] < 8]
    assert document["architectures"] == within
    assert 3 < len(within) < len(everything)
    for cost in COSTS:
        accuracy, values = (np.array([row[key] for row in within]) for key in ("predicted_accuracy", cost))
        assert document["fronts"][cost] == brute_force_front(accuracy, values)
    assert document["budget"] == "params<0.6M, latency_ms<8"
    assert document["metrics"] == found.to_json()["metrics"]  # of what was generated
    assert found.to_json()["budget"] is None


def test_a_budget_out_of_reach_names_the_nearest():
    smallest = min(SPACE.cost(CELLS).params)
    with pytest.raises(UserError, match=rf"keeps the budget params<1000\. .*has params={smallest / 1e6:.6g}M\."):
        ranked(CELLS, budget="params<1k")
    with pytest.raises(UserError, match="no valid architecture was found"):
        ranked([Invalid(0, "row_not_one_hot")], budget="params<1M")


# What else it says.


def test_metrics_of_what_was_generated_by_hand():
    known = list(dict.fromkeys(meta_dataset("nb201")["architecture"]))
    new = [cell for cell in CELLS if str(cell) not in set(known)][:2]
    invalid = [Invalid(2, "row_not_one_hot"), Invalid(0, "input_output_missing"), Invalid(5, "row_not_one_hot")]
    document = ranked([SPACE.parse(known[0]), *new, new[0], new[0], *invalid]).to_json()
    assert document["metrics"] == {"validity": 5 / 8, "uniqueness": 3 / 5, "novelty": 2 / 3}
    assert document["invalid"] == [
        {"reason": "row_not_one_hot", "count": 2},
        {"reason": "input_output_missing", "count": 1},
    ]


def test_without_a_valid_architecture_there_is_a_result_all_the_same():
    document = ranked([Invalid(1, "row_not_one_hot")], measure=True).to_json()
    assert document["metrics"] == {"validity": 0.0, "uniqueness": None, "novelty": None}
    assert document["architectures"] == []
    assert (document["fronts"], document["configurations"]) == ({}, {"acc": {}, "bal": {}, "eff": {}})
    assert document["predictor_calls"] == STEPS


def test_predictor_calls_are_the_guides_and_one_for_each_that_is_ranked():
    items = [*CELLS[:5], CELLS[0], Invalid(0, "row_not_one_hot")]
    assert ranked(items).to_json()["predictor_calls"] == 7 * STEPS + 5
    unguided = ranked([("unguided", item) for item in items], phases=None).to_json()
    assert unguided["predictor_calls"] == 5
    assert unguided["scaling_factors"] == {}
    assert {row["batch"] for row in unguided["architectures"]} == {"unguided"}


def test_scaling_factors_stand_by_phase(found):
    factors = found.to_json()["scaling_factors"]
    assert list(factors) == ["efficient", "accurate"]
    assert factors["efficient"] == {
        "accuracy": 1, "params": 2, "macs": 3, "latency": 4, "spread": 1.0, "repulsion": 0.0,
    }  # fmt: skip


def test_what_is_told_of_the_run(found):
    document = found.to_json()
    told = {key: document[key] for key in ("schema_version", "space", "encoding", "seed", "mode", "latency_source")}
    assert told == {
        "schema_version": 1, "space": "nb201", "encoding": "line_graph", "seed": 3, "mode": "fast",
        "latency_source": "a stopwatch",
    }  # fmt: skip
    assert document["images"] == {"source": "made up", "classes": 10, "sha256": 64 * "0"}
    assert document["provenance"]["predictors"] == "made up"
    assert document["provenance"]["version"]


def test_each_training_that_accuracies_are_of_has_its_own_meaning():
    scale = fit_accuracy_scale([np.linspace(50, 90, 50), np.linspace(30, 70, 50)], [0.9, 0.6])
    full = ranked(CELLS[:4], scales={"full": scale}).to_json()["accuracy_meaning"]
    assert "full training of 200 epochs" in full
    assert "extrapolated from 2 data set(s)" in full
    lite = ranked(CELLS[:4], accuracy="lite").to_json()["accuracy_meaning"]
    assert "reduced training" in lite
    assert "no stand-in for a full training" in lite
    assert ranked(CELLS[:4], accuracy="proxy").to_json()["accuracy_meaning"].startswith("no accuracy")


def test_seconds_add_up(found):
    seconds = dict(found.to_json()["seconds"])
    assert set(seconds) == {"embedding", "generation", "ranking", "total"}
    assert (seconds["embedding"], seconds["generation"]) == (1.0, 2.0)
    assert 0 < seconds["ranking"] < 60
    assert seconds.pop("total") == pytest.approx(sum(seconds.values()))


def test_only_the_chosen_configurations_are_measured_each_once(monkeypatch):
    measured = []

    def measure(network, resolution, *, warmup, runs):
        measured.append((sum(p.numel() for p in network.parameters()), resolution))
        assert (warmup, runs) == (10, 100)  # as the rows of nb201
        return SimpleNamespace(latency_ms=100.0 + len(measured))

    monkeypatch.setattr(result_module, "measure_latency", measure)
    document = ranked(CELLS, classes=20, measure=True).to_json()
    chosen = {i for by_cost in document["configurations"].values() for i in by_cost.values()}
    assert {i for i, row in enumerate(document["architectures"]) if "measured_latency_ms" in row} == chosen
    # The network that is timed is the one whose costs are told.
    assert measured == [(document["architectures"][i]["params"], 32) for i in sorted(chosen)]
    assert [document["architectures"][i]["measured_latency_ms"] for i in sorted(chosen)] == [
        101.0 + k for k in range(len(chosen))
    ]
    assert document["seconds"]["measuring"] >= 0
    measured.clear()
    assert "measuring" not in ranked(CELLS, measure=False).to_json()["seconds"]
    assert measured == []


def test_the_resolution_is_that_of_the_full_network():
    assert full_resolution(SPACE) == NasBench201Skeleton().resolution == 32


def test_changing_what_to_json_gives_leaves_the_result():
    result = ranked(CELLS[:4])
    result.to_json().clear()
    assert result.to_json()["space"] == "nb201"
