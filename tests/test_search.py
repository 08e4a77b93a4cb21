"""The whole search in fast mode: what it promises of any run, what it refuses, and how good its defaults are."""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

import pomonag
from pomonag import generation
from pomonag import search as search_module
from pomonag.data.image_datasets import ImageDataset
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.device_latency import device_latency
from pomonag.generation import FastBatches
from pomonag.guidance.guide import ScalingFactors
from pomonag.pareto.budget import parse_budget
from pomonag.predictors.embedding_cache import CachedEncoder
from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.search import ALL_OBJECTIVES, MAX_COUNT, generate, search
from pomonag.spaces import nasbench201
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = pomonag.search_space("nb201")
SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "result.schema.json").read_text())
# The encoder's own features of the digits: few tests need to run the network.
ENCODER = f"precomputed:{Path(pomonag.__file__).parent}/assets/embeddings/digits_efficientnet_lite0.safetensors"
COSTS = ("params", "macs", "latency_ms")
STEPS = 20


def documented(result):
    """What the file would hold; it must follow the published schema."""
    document = json.loads(json.dumps(result.to_json(), allow_nan=False))
    jsonschema.validate(document, SCHEMA)
    return document


@functools.cache
def searched(dataset="digits", count=96, seed=0, **settings):
    return documented(search(SPACE, load_embedding(dataset), count=count, seed=seed, measure=False, **settings))


def without_times(document):
    return {key: value for key, value in document.items() if key not in ("seconds", "provenance")}


def strings(document):
    return [row["architecture"] for row in document["architectures"]]


def on_a_front(rows, cost):
    """The pairs of a front, by every pair: nothing as accurate is cheaper, nothing as cheap more accurate."""
    points = {(row["predicted_accuracy"], row[cost]) for row in rows if row[cost] is not None}
    return {
        (accuracy, value)
        for accuracy, value in points
        if not any(a >= accuracy and v <= value and (a, v) != (accuracy, value) for a, v in points)
    }


# Ways in.


def test_images_with_labels_from_pixels_to_fronts():
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    document = documented(pomonag.generate(SPACE, images, np.arange(10) % 2, count=8, measure=False))
    assert document["images"]["classes"] == 2
    assert document["images"]["source"] == "arrays"
    assert document["seconds"]["embedding"] > 0
    first = document["architectures"][0]
    assert first["params"] == SPACE.cost([SPACE.parse(first["architecture"])], classes=2).params[0]


def test_three_ways_to_give_the_same_images_find_the_same():
    data = pomonag.load_images("digits")
    ways = [
        generate(SPACE, data, encoder=ENCODER, count=8, measure=False),
        generate(SPACE, data.images, data.labels, encoder=ENCODER, count=8, measure=False),
        search(SPACE, load_embedding("digits"), count=8, measure=False),
    ]
    documents = [without_times(documented(result)) for result in ways]
    assert [document.pop("images")["source"] for document in documents] == ["digits", "arrays", "embedding"]
    assert documents[0] == documents[1] == documents[2]


def test_the_seed_also_chooses_the_images_of_a_class():
    seeds = []

    class Encoder:
        features = 1280

        def embed(self, images, labels, seed):
            seeds.append(seed)
            return load_embedding("digits")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "dataset_encoder", lambda name: Encoder())
        found = generate(SPACE, pomonag.load_images("digits"), count=2, seed=5, measure=False)
    assert seeds == [5]
    assert strings(documented(found)) == strings(searched(count=2, seed=5))


def test_what_it_is_at_is_told_in_order():
    told = []
    generate(SPACE, pomonag.load_images("digits"), encoder=ENCODER, count=2, measure=False, progress=told.append)
    assert told == ["embedding the images", "generating", "ranking"]


# What any run promises.

RUNS = {
    "one": {"count": 1},
    "an odd number": {"count": 7},
    "a thousand": {"count": 1000},
    "a hundred classes": {"dataset": "cifar100"},
    "lite": {"accuracy": "lite"},
    "unguided": {"factors": None},
    "two objectives": {"objectives": ("accuracy", "macs")},
}


@pytest.fixture(params=RUNS.values(), ids=list(RUNS))
def run(request):
    """Settings and document; in every test below, so that each promise is checked on each run."""
    return request.param, searched(**request.param)


def test_architectures_are_distinct_valid_and_ranked(run):
    settings, document = run
    found = strings(document)
    assert 0 < len(found) <= settings.get("count", 96)
    assert len(set(found)) == len(found)
    assert [str(SPACE.parse(text)) for text in found] == found
    accuracy = [row["predicted_accuracy"] for row in document["architectures"]]
    assert accuracy == sorted(accuracy, reverse=True)


def test_predictions_and_costs_are_those_of_the_parts(run):
    settings, document = run
    embedding, rows = load_embedding(settings.get("dataset", "digits")), document["architectures"]
    cells = [SPACE.parse(row["architecture"]) for row in rows]
    known = load_predictor_set(SPACE)
    predicted = known.accuracy(cells, embedding, settings.get("accuracy", "full"))
    assert np.allclose([row["predicted_accuracy"] for row in rows], predicted, atol=1e-3)
    cost = SPACE.cost(cells, classes=len(embedding))
    assert [row["params"] for row in rows] == cost.params.tolist()
    assert [row["macs"] for row in rows] == cost.macs.tolist()
    assert np.allclose([row["latency_ms"] for row in rows], known.latency_ms(cells), rtol=1e-4)


def test_fronts_hold_what_nothing_beats_and_configurations_lie_on_them(run):
    settings, document = run
    rows = document["architectures"]
    objectives = settings.get("objectives", ALL_OBJECTIVES)
    assert set(document["fronts"]) == {"latency_ms" if o == "latency" else o for o in objectives if o != "accuracy"}
    for cost, front in document["fronts"].items():
        pairs = [(rows[i]["predicted_accuracy"], rows[i][cost]) for i in front]
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) == on_a_front(rows, cost)
        assert pairs == sorted(pairs)
        acc, bal, eff = (rows[document["configurations"][name][cost]] for name in ("acc", "bal", "eff"))
        assert acc["predicted_accuracy"] == rows[0]["predicted_accuracy"]
        assert eff[cost] == min(row[cost] for row in rows)
        assert document["configurations"]["bal"][cost] in front
        assert eff[cost] <= bal[cost] <= acc[cost]


def test_metrics_and_predictor_calls_add_up(run):
    settings, document = run
    count, distinct = settings.get("count", 96), len(document["architectures"])
    invalid = sum(entry["count"] for entry in document["invalid"])
    metrics = document["metrics"]
    assert metrics["validity"] == pytest.approx((count - invalid) / count)
    assert metrics["uniqueness"] == pytest.approx(distinct / (count - invalid))
    assert 0 <= metrics["novelty"] <= 1
    guided = 0 if "factors" in settings else count * STEPS
    assert document["predictor_calls"] == guided + distinct <= count * STEPS + count


def test_predictor_calls_are_those_that_were_made():
    known = load_predictor_set(SPACE)
    rows = Counter()
    hooks = [
        known.noisy.register_forward_hook(lambda module, inputs, output: rows.update(noisy=len(inputs[0]))),
        known.ensemble.register_forward_hook(lambda module, inputs, output: rows.update(ranked=len(inputs[0]))),
    ]
    document = documented(search(SPACE, load_embedding("digits"), count=50, predictors=known, measure=False))
    for hook in hooks:
        hook.remove()
    assert rows == {"noisy": 50 * STEPS, "ranked": len(document["architectures"])}
    assert document["predictor_calls"] == sum(rows.values())


def test_the_space_is_never_listed(monkeypatch):
    def listed(*_):
        pytest.fail("the space was listed")

    monkeypatch.setattr(NasBench201, "enumerate", listed)
    monkeypatch.setattr(nasbench201, "_all_cells", listed)
    monkeypatch.setattr(nasbench201, "_isomorphism_classes", listed)
    generation.load_denoiser.cache_clear()
    for mode in ({}, {"budget": parse_budget("params<1M")}, {"factors": None}):
        documented(search(NasBench201(), load_embedding("digits"), count=32, measure=False, **mode))


@pytest.mark.parametrize(
    ("count", "shares"),
    [
        (1, {"accurate": 1}),
        (2, {"efficient": 1, "accurate": 1}),
        (7, {"efficient": 3, "accurate": 4}),
        (256, {"efficient": 128, "accurate": 128}),
        (1000, {"efficient": 500, "accurate": 500}),
    ],
)
def test_phases_get_equal_shares(monkeypatch, count, shares):
    asked = {}
    cell = SPACE.encoding.encode(SPACE.sample(1, generator_of(0)))

    def batch(self, phase, factors, n, earlier=None):
        assert factors == self.default_factors[phase]
        asked[phase] = n
        return cell.repeat(n, 1, 1)

    monkeypatch.setattr(FastBatches, "batch", batch)
    document = documented(search(SPACE, load_embedding("digits"), count=count, measure=False))
    assert asked == shares
    assert document["metrics"]["uniqueness"] == 1 / count
    assert document["architectures"][0]["batch"] == next(iter(shares))


def test_factors_steer_each_batch_to_what_they_weigh():
    steered = {"cheap": ScalingFactors(1, 20, 20, 20), "accurate": ScalingFactors(40, 0, 0, 0)}
    document = documented(search(SPACE, load_embedding("cifar10"), count=96, factors=steered, measure=False))
    assert list(document["scaling_factors"]) == ["cheap", "accurate"]
    cheap, accurate = ([r for r in document["architectures"] if r["batch"] == phase] for phase in steered)
    assert min(len(cheap), len(accurate)) >= 5
    for cost in COSTS:
        assert np.mean([row[cost] for row in cheap]) < 0.7 * np.mean([row[cost] for row in accurate])
    best, rest = (np.mean([row["predicted_accuracy"] for row in part]) for part in (accurate, cheap))
    assert best > rest + 2


def test_a_seed_settles_the_result_and_another_one_changes_it():
    again = documented(search(SPACE, load_embedding("digits"), count=96, measure=False))
    assert without_times(again) == without_times(searched())
    other = searched(seed=1)
    assert other["seed"] == 1
    assert set(strings(other)) != set(strings(again))


# Settings.


@pytest.mark.parametrize("text", ["params<0.4M", "macs<50M, latency_ms<8", "params<0.3M, accuracy>60"])
def test_a_budget_is_kept_by_every_architecture(text):
    budget = parse_budget(text)
    document = searched(dataset="cifar100", budget=budget)
    assert document["budget"] == str(budget)
    assert document["architectures"]
    for row in document["architectures"]:
        values = {**row, "accuracy": row["predicted_accuracy"]}
        for limit in budget.limits:
            assert values[limit.name] < limit.value if limit.sign == "<" else values[limit.name] > limit.value


def test_a_budget_may_be_text():
    text, parsed = (
        search(SPACE, load_embedding("digits"), count=16, budget=budget, measure=False)
        for budget in ("params<0.8M", parse_budget("params<0.8M"))
    )
    assert text.architectures == parsed.architectures
    assert text.to_json()["budget"] == "params<0.8M"


def test_the_seed_may_be_numpys():
    assert searched(seed=np.int64(3), count=8)["seed"] == 3
    assert strings(searched(seed=np.uint8(3), count=8)) == strings(searched(seed=3, count=8))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "got the seed -1"),
        ({"seed": 1.5}, "got the seed 1.5"),
        ({"seed": "x"}, "got the seed 'x'"),
        ({"objectives": "accuracy,params"}, "as one text"),
    ],
)
def test_seeds_and_objectives_of_another_kind_are_refused(settings, message):
    for call in (
        lambda: search(SPACE, load_embedding("digits"), **settings),
        lambda: generate(SPACE, "no images", **settings),
    ):
        with pytest.raises(UserError, match=message):
            call()


@pytest.mark.parametrize("budget", ["params<<1", {"params": 1e6}, 5])
def test_what_is_no_budget_is_refused_before_anything_is_computed(budget):
    for call in (
        lambda: search(SPACE, load_embedding("digits"), budget=budget),
        lambda: generate(SPACE, "no images", budget=budget),
    ):
        with pytest.raises(UserError, match=r"budget|bound"):
            call()


def test_a_budget_is_guided_towards():
    """Not only filtered: more of what is generated keeps it than without."""
    few = parse_budget("params<0.25M")
    without = sum(row["params"] < 0.25e6 for row in searched()["architectures"])
    assert len(searched(budget=few)["architectures"]) > 1.2 * without


def test_a_budget_out_of_reach_names_the_nearest_reachable():
    smallest = SPACE.cost([SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")]).params[0]
    with pytest.raises(
        UserError, match=r"no architecture keeps the budget params<1000\. The nearest reachable has pa"
    ) as error:
        search(SPACE, load_embedding("digits"), count=16, budget=parse_budget("params<1k"))
    assert float(str(error.value).split("params=")[1].rstrip("M.")) * 1e6 >= smallest


def test_a_subset_of_the_objectives_gives_that_front_alone():
    document = searched(objectives=("accuracy", "latency"))
    assert document["objectives"] == ["accuracy", "latency"]
    assert list(document["fronts"]) == ["latency_ms"]
    for chosen in document["configurations"].values():
        assert list(chosen) == ["latency_ms"]
    # The guides are others, too.
    assert set(strings(document)) != set(strings(searched()))


def test_full_and_lite_accuracies_are_told_apart():
    full, lite = searched(), searched(accuracy="lite")
    assert "200 epochs" in full["accuracy_meaning"]
    assert "reduced training" in lite["accuracy_meaning"]
    best = [document["architectures"][0]["predicted_accuracy"] for document in (full, lite)]
    assert best[0] > best[1] + 5  # a training of seconds reaches less
    assert set(strings(full)) != set(strings(lite))  # it guides, too


def test_without_factors_nothing_guides():
    document = searched(factors=None)
    assert {row["batch"] for row in document["architectures"]} == {"unguided"}
    assert document["scaling_factors"] == {}
    assert document["metrics"]["validity"] >= 0.95
    assert document["metrics"]["uniqueness"] >= 0.9
    mean = {
        name: np.mean([row["predicted_accuracy"] for row in found["architectures"]])
        for name, found in (("guided", searched()), ("unguided", document))
    }
    assert mean["guided"] > mean["unguided"] + 1


def test_the_rule_for_the_balanced_configuration():
    document = searched(balanced="paper_ratio")
    assert document["balanced_rule"] == "paper_ratio"
    for cost, front in document["fronts"].items():
        ratios = {
            i: document["architectures"][i]["predicted_accuracy"] / document["architectures"][i][cost] for i in front
        }
        assert ratios[document["configurations"]["bal"][cost]] == max(ratios.values())
    assert document["configurations"] != searched()["configurations"]
    assert strings(document) == strings(searched())


def test_a_checkpoint_set_by_name_and_as_an_object():
    by_name = searched(predictors="lite_rows", accuracy="lite")
    assert by_name["provenance"]["predictors"] == "lite_rows"
    known = load_predictor_set(SPACE, "lite_rows")
    given = {"count": 96, "accuracy": "lite", "predictors": known, "measure": False}
    assert without_times(documented(search(SPACE, load_embedding("digits"), **given))) == without_times(by_name)


def test_latencies_of_a_devices_file(tmp_path):
    """On a device where only 3x3 convolutions take time, some of whose cells were never timed."""
    cells = [cell for i, cell in enumerate(SPACE.enumerate()) if i % 3]
    latency_ms = {str(cell): 1.5 + 10 * str(cell).count("nor_conv_3x3") for cell in cells}
    file = tmp_path / "mine.csv"
    file.write_text("arch_str,latency_ms\n" + "".join(f"{cell},{value}\n" for cell, value in latency_ms.items()))
    document = searched(device_latency=str(file))
    rows = document["architectures"]
    assert [row["latency_ms"] for row in rows] == [latency_ms.get(row["architecture"]) for row in rows]
    assert 0 < sum(row["latency_ms"] is None for row in rows) < len(rows)
    assert document["latency_source"].startswith("mine.csv latency_ms sha256 ")
    front = {(rows[i]["predicted_accuracy"], rows[i]["latency_ms"]) for i in document["fronts"]["latency_ms"]}
    assert front == on_a_front(rows, "latency_ms")
    assert document["configurations"] != searched()["configurations"]


def test_latencies_of_a_device_by_name(data_dir):
    try:
        table = device_latency("pixel3", SPACE)
    except DataMissing as missing:
        pytest.skip(str(missing))
    document = searched(device_latency="pixel3", count=32)
    found = table([SPACE.parse(text) for text in strings(document)])
    assert np.array_equal([row["latency_ms"] or np.nan for row in document["architectures"]], found, equal_nan=True)
    assert "pixel3" in document["latency_source"]
    assert document["latency_source"] != searched()["latency_source"]


def test_only_chosen_configurations_are_measured(monkeypatch):
    monkeypatch.setattr("pomonag.result.measure_latency", lambda network, resolution, **runs: device())
    device = functools.partial(type, "Latency", (), {"latency_ms": 4.5})
    document = documented(search(SPACE, load_embedding("digits"), count=32))
    chosen = {i for by_cost in document["configurations"].values() for i in by_cost.values()}
    measured = {i: row["measured_latency_ms"] for i, row in enumerate(document["architectures"]) if len(row) == 7}
    assert measured == dict.fromkeys(chosen, 4.5)
    assert "measuring" in document["seconds"]


def test_the_reference_mode_gives_the_same_document(monkeypatch):
    few = functools.partial(search_module.batch_generator, reference_steps=2)
    monkeypatch.setattr(search_module, "batch_generator", few)
    document = searched(count=3, mode="reference")
    assert document["mode"] == "reference"
    assert document["predictor_calls"] == 3 * 2 + len(document["architectures"])
    assert document["scaling_factors"]["efficient"]["accuracy"] == 4732


# What is refused.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "got a count of 0; expected 1 to 100,000"),
        ({"count": MAX_COUNT + 1}, "got a count of 100001"),
        ({"count": 10**6}, "got a count of 1000000"),
        ({"count": 2.5}, "got a count of 2.5"),
        ({"count": "many"}, "got a count of 'many'"),
        ({"mode": "refrence"}, "unknown mode 'refrence'.*Did you mean 'reference'"),
        ({"objectives": ("accuracy", "param")}, "unknown objective 'param'.*Did you mean 'params'"),
        ({"objectives": ("params", "macs")}, "accuracy is not among the objectives"),
        ({"objectives": ()}, "accuracy is not among the objectives"),
        ({"objectives": ("accuracy", "macs", "macs")}, "accuracy, macs, macs name one twice"),
        ({"balanced": "kne"}, "unknown rule for the balanced configuration 'kne'.*Did you mean 'knee'"),
        ({"factors": "defualt"}, "got the factors 'defualt'; expected 'default', None"),
        ({"factors": {}}, "got the factors {}"),
        ({"factors": {"efficient": 3.0}}, "got the factors"),
        ({"accuracy": "ful"}, "unknown protocol of the checkpoint set 'shipped' 'ful'.*Did you mean 'full'"),
        ({"predictors": "shiped"}, "unknown checkpoint set of nb201 'shiped'.*Did you mean 'shipped'"),
        ({"device_latency": "pixel4"}, "unknown device 'pixel4'.*Did you mean 'pixel3'"),
        ({"encoder": "resnet81"}, "unknown image encoder 'resnet81'.*Did you mean 'resnet18'"),
        ({"encoder": "resnet18"}, "got 512 features an image, expected 1280, those of efficientnet_lite0"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_embedded_or_generated(monkeypatch, settings, message):
    data = ImageDataset(np.zeros((2, 8, 8, 3), np.uint8), np.arange(2), ("a", "b"), "zeros", 64 * "0", ())
    monkeypatch.setattr(CachedEncoder, "embed", lambda *_, **__: pytest.fail("embedded"))
    monkeypatch.setattr(FastBatches, "batch", lambda *_, **__: pytest.fail("generated"))
    with pytest.raises(UserError, match=message):
        generate(SPACE, data, **settings)
    if "encoder" not in settings:
        with pytest.raises(UserError, match=message):
            search(SPACE, load_embedding("digits"), **settings)


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        (torch.rand(1, 20, 1280), r"\(1, 20, 1280\), expected .* at least two classes"),
        (torch.rand(10, 20, 512), "got 512 features an image, expected 1280"),
        (torch.full((2, 3, 1280), torch.nan), "7680 values that are nan or infinite"),
        (np.zeros((2, 3, 1280)), "got a ndarray as embedding"),
    ],
)
def test_what_is_no_embedding_is_refused(monkeypatch, embedding, message):
    monkeypatch.setattr(FastBatches, "batch", lambda *_, **__: pytest.fail("generated"))
    with pytest.raises(UserError, match=message):
        search(SPACE, embedding, count=4)


# How good the defaults are.


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_the_defaults_generate_valid_and_distinct_architectures(dataset):
    metrics = [searched(dataset, 256, seed)["metrics"] for seed in range(3)]
    assert np.mean([m["validity"] for m in metrics]) >= 0.999
    assert np.mean([m["uniqueness"] for m in metrics]) >= 0.95


def test_inference_mode_around_it_changes_nothing():
    space = pomonag.search_space("nb201")
    embedding = load_embedding("digits")
    with torch.inference_mode():
        inside = search(space, embedding, count=8, measure=False)
    assert inside.architectures == search(space, embedding, count=8, measure=False).architectures
