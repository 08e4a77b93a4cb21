"""What a generation promises on every space; a new space is tested by being registered."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.guidance.guide import ScalingFactors
from pomonag.predictors.embeddings import load_embedding
from pomonag.search import search
from pomonag.spaces import SPACES

torch.set_num_threads(1)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "result.schema.json").read_text())


@pytest.fixture(scope="module", params=sorted(SPACES))
def space(request):
    return search_space(request.param)


@pytest.fixture(scope="module")
def digits():
    return load_embedding("digits")


@pytest.fixture(scope="module")
def found(space, digits):
    return search(space, digits, count=256, seed=0, measure=False)


def test_the_document_follows_the_schema(found):
    document = json.loads(json.dumps(found.to_json()))
    jsonschema.validate(document, SCHEMA)
    assert document["metrics"]["validity"] >= 0.99
    assert document["metrics"]["uniqueness"] >= 0.93


def test_costs_are_exact_and_predictions_order_the_architectures(space, found, digits):
    rows = found.to_json()["architectures"]
    counted = space.cost([space.parse(row["architecture"]) for row in rows], classes=len(digits))
    assert [row["params"] for row in rows] == counted.params.tolist()
    assert [row["macs"] for row in rows] == counted.macs.tolist()
    predicted = [row["predicted_accuracy"] for row in rows]
    assert predicted == sorted(predicted, reverse=True)
    assert all(row["latency_ms"] > 0 for row in rows)


def test_a_seed_settles_the_result(space, found, digits):
    again = search(space, digits, count=256, seed=0, measure=False)
    other = search(space, digits, count=256, seed=1, measure=False)
    assert [str(a) for a in again.architectures] == [str(a) for a in found.architectures]
    assert [str(a) for a in other.architectures] != [str(a) for a in found.architectures]


def test_phases_stretch_the_front(found):
    rows = found.to_json()["architectures"]
    mean = {
        phase: np.mean([[row["macs"], row["predicted_accuracy"]] for row in rows if row["batch"] == phase], axis=0)
        for phase in ("efficient", "accurate")
    }
    assert mean["efficient"][0] < mean["accurate"][0]
    assert mean["efficient"][1] < mean["accurate"][1]


@pytest.mark.parametrize("objective", ["params", "macs", "latency"])
def test_each_guide_descends_its_cost(space, digits, objective):
    weights = dict.fromkeys(("accuracy", "params", "macs", "latency"), 0.0)
    guided = ScalingFactors(**{**weights, objective: 30.0})
    metric = {"latency": "latency_ms"}.get(objective, objective)
    free, down = (
        search(space, digits, count=48, seed=3, measure=False, factors=factors).costs[metric].mean()
        for factors in (None, {"efficient": guided})
    )
    assert down < 0.85 * free


def test_a_budget_that_few_keep_is_reached_by_guiding(space, digits, found):
    macs = np.sort(found.costs["macs"])
    bound = int(macs[len(macs) // 4])
    within = search(space, digits, count=64, seed=4, measure=False, budget=f"macs<{bound}")
    assert len(within.architectures) > 8
    assert (within.costs["macs"] < bound).all()


def test_a_budget_out_of_reach_names_the_nearest(space, digits):
    with pytest.raises(UserError, match="nearest reachable has params="):
        search(space, digits, count=8, seed=0, measure=False, budget="params<10")


def test_the_protocol_is_the_best_that_the_predictors_know(found, space):
    from pomonag.predictors.predictor_set import load_predictor_set

    meaning = found.to_json()["accuracy_meaning"]
    assert ("200 epochs" in meaning) == (load_predictor_set(space).protocols[0] == "full")
