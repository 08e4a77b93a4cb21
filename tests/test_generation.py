"""Batches of both modes for one embedding: what guides them, what bounds them, what they cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pomonag import generation
from pomonag.diffusion.denoiser import Denoiser
from pomonag.errors import UserError
from pomonag.generation import batch_generator, load_denoiser
from pomonag.guidance.factor_files import fast_factors
from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.stretching import DIFFUSIONNAG_FACTORS, PAPER_FACTORS
from pomonag.pareto.budget import parse_budget
from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.reference import checkpoints
from pomonag.reference import generator as generator_module
from pomonag.reference.checkpoints import save_weights
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import reference_space
from pomonag.search import search
from pomonag.spaces import search_space
from pomonag.spaces.encoding import Invalid

torch.set_num_threads(1)
SPACE = search_space("nb201")
EMBEDDINGS = {name: load_embedding(name) for name in ("cifar10", "cifar100")}
UPWARDS = ScalingFactors(10, 0, 0, 0)


@pytest.fixture(scope="module")
def predictors():
    return load_predictor_set(SPACE)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """Batches of the reference mode are kept; none from another test is found."""
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def generator(predictors):
    """`generator(mode, **settings)` for an embedding that ships."""

    def make(
        mode="fast",
        data="cifar10",
        objectives=tuple(OBJECTIVES),
        device=None,
        budget=None,
        seed=0,
        steps=3,
        encoding=None,
    ):
        return batch_generator(
            mode, SPACE, predictors, EMBEDDINGS[data], "full", objectives, device, parse_budget(budget), seed,
            reference_steps=steps, encoding=encoding,
        )  # fmt: skip

    return make


def valid(x):
    return [item for item in SPACE.encoding.decode(x) if not isinstance(item, Invalid)]


# Both modes


@pytest.mark.parametrize("mode", generation.MODES)
@pytest.mark.parametrize("guided", [True, False])
def test_seed_and_phase_decide(generator, mode, guided):
    factors = generator(mode).default_factors["efficient"] if guided else None
    first, again = (generator(mode).batch("efficient", factors, 4) for _ in range(2))
    assert first.shape == (4, 8, 7)
    assert torch.isfinite(first).all()
    assert torch.equal(first, again)
    assert not torch.equal(first, generator(mode, seed=1).batch("efficient", factors, 4))
    assert not torch.equal(first, generator(mode).batch("accurate", factors, 4))


@pytest.mark.parametrize("mode", generation.MODES)
def test_the_data_set_is_asked_about(generator, mode):
    factors = generator(mode).default_factors["accurate"]
    n = 64 if mode == "fast" else 4  # fast mode's matrices are rounded to categories, and few of them may be equal
    one, other = (generator(mode, data=data).batch("accurate", factors, n) for data in EMBEDDINGS)
    assert not torch.equal(one, other)


def test_a_generator_says_what_it_is(generator, predictors):
    fast, reference = generator(), generator("reference", objectives=("accuracy", "macs"))
    assert (fast.mode, reference.mode) == generation.MODES
    assert fast.default_factors == fast_factors("nb201")
    assert reference.default_factors == PAPER_FACTORS["nb201"]
    assert [o.name for o in fast.objectives] == list(OBJECTIVES)
    assert [o.name for o in reference.objectives] == ["accuracy", "macs"]
    assert (fast.steps, reference.steps) == (20, 3)
    for one in (fast, reference):
        assert (one.space, one.predictors, one.seed) == (SPACE, predictors, 0)
        assert "this project's measurements" in one.latency.name


def test_what_is_refused(generator):
    with pytest.raises(UserError, match="Did you mean 'latency'"):
        generator(objectives=("accuracy", "latncy"))
    with pytest.raises(UserError, match="Did you mean 'pixel3'"):
        generator(device="pixel4")


@pytest.mark.parametrize("mode", generation.MODES)
def test_no_generation_lists_the_space(generator, mode, monkeypatch):
    monkeypatch.setattr(type(SPACE), "enumerate", lambda self: pytest.fail("listed"))
    one = generator(mode, budget="params<0.5M, latency_ms<8")
    for factors in (*one.default_factors.values(), None):
        SPACE.encoding.decode(one.batch("efficient", factors, 4))


def test_nor_does_a_whole_search(monkeypatch):
    monkeypatch.setattr(type(SPACE), "enumerate", lambda self: pytest.fail("listed"))
    found = search(SPACE, EMBEDDINGS["cifar10"], count=16, measure=False, budget=parse_budget("macs<100M"))
    assert found.to_json()["architectures"]


# Fast mode


def test_objectives_that_are_not_asked_for_do_not_guide(generator):
    k = ScalingFactors(10, 8, 8, 8)
    two = generator(objectives=("accuracy", "macs")).batch("a", k, 8)
    torch.testing.assert_close(two, generator().batch("a", ScalingFactors(10, 0, 8, 0), 8), atol=1e-3, rtol=0)
    assert not torch.allclose(two, generator().batch("a", k, 8), atol=1e-3)


@pytest.mark.parametrize(("budget", "metric", "bound"), [("params<0.5M", "params", 5e5), ("macs<60M", "macs", 6e7)])
def test_a_budget_is_generated_for(generator, budget, metric, bound):
    costs = [getattr(SPACE.cost(valid(generator(budget=b).batch("a", UPWARDS, 64))), metric) for b in (None, budget)]
    free, bounded = ((cost < bound).mean() for cost in costs)
    assert free < 0.2
    assert bounded > free + 0.4


def test_a_budgets_bounds_are_labels_of_the_noisy_predictor(generator, predictors):
    text = "params<0.6M, macs<80M, latency_ms<=7, accuracy>50"
    z = {}
    for data, embedding in EMBEDDINGS.items():
        z[data] = generator(data=data, budget=text).fast.limits
        assert set(z[data]) == {1, 2, 3}, "a bound on accuracy, from below, is left to the selection"
        for position, metric, bound in ((1, "params", 6e5), (2, "macs", 8e7), (3, "latency_ms", 7.0)):
            head = predictors.noisy.column(metric)
            label = z[data][position] * predictors.noisy.label_scale[head] + predictors.noisy.label_mean[head]
            # The labels are of the default skeleton, what is bounded is the network for this many classes.
            cell = SPACE.sample(1, torch.Generator().manual_seed(3))
            costs = [SPACE.cost(cell, classes=classes) for classes in (len(embedding), 10)]
            extra = (getattr(costs[0], metric) - getattr(costs[1], metric))[0] if metric != "latency_ms" else 0
            assert label.item() + extra == pytest.approx(bound, rel=1e-4)
    assert z["cifar100"][1] < z["cifar10"][1]
    # Positions are those of the objectives asked for.
    assert set(generator(objectives=("accuracy", "macs"), budget="macs<80M").fast.limits) == {1}
    assert generator(objectives=("accuracy",), budget="macs<80M").fast.limits == {}
    assert generator().fast.limits == {}


def test_a_users_latencies_guide(generator, tmp_path):
    # A device that only takes time over pooling, which none of ours does.
    cells = SPACE.sample(8000, torch.Generator().manual_seed(0))
    rows = "".join(f"{cell},{1 + 3 * cell.operations.count(4)}\n" for cell in dict.fromkeys(cells))
    (tmp_path / "pooling.csv").write_text("arch_str,latency_ms\n" + rows)
    one = generator(device=str(tmp_path / "pooling.csv"), budget="latency_ms<5")
    assert one.latency.name.startswith("pooling.csv")
    assert one.fast.limits[3] == pytest.approx((5 - one.latency.mean_ms) / one.latency.scale_ms)

    def pools(factors):
        return sum(cell.operations.count(4) for cell in valid(one.batch("a", factors, 64))) / 64

    assert pools(ScalingFactors(0, 0, 0, 15)) < 0.5 * pools(None)


# Reference mode


@pytest.fixture
def guides_used(monkeypatch):
    """Which networks are loaded, and the guides of each generation."""
    loaded, guides = [], []
    load, generate = checkpoints.load_predictor, generator_module.generate
    monkeypatch.setattr(
        checkpoints, "load_predictor", lambda space, objective: loaded.append(objective) or load(space, objective)
    )
    monkeypatch.setattr(
        generator_module, "generate", lambda net, used, *a, **k: guides.append(used) or generate(net, used, *a, **k)
    )
    return loaded, guides


def test_each_objective_with_a_factor_has_its_guide(generator, guides_used):
    loaded, guides = guides_used
    one = generator("reference")
    one.batch("accurate", PAPER_FACTORS["nb201"]["accurate"], 2)
    assert loaded == ["accuracy", "params", "macs", "latency_ms"]
    assert [(g.scaling_factor, g.maximise) for g in guides[0]] == [(24943, True), (12, False), (26, False), (13, False)]
    one.batch("accurate", DIFFUSIONNAG_FACTORS, 2)
    assert [(g.scaling_factor, g.maximise) for g in guides[1]] == [(10000, True)]
    one.batch("accurate", None, 2)
    assert guides[2] == []
    generator("reference", objectives=("accuracy", "macs")).batch("a", PAPER_FACTORS["nb201"]["accurate"], 2)
    assert [g.scaling_factor for g in guides[3]] == [24943, 26]


def test_reference_guides_move_the_samples_their_way(generator):
    one = generator("reference", steps=5)
    network = checkpoints.load_predictor(reference_space("nb201"), "params").network
    space = reference_space("nb201")
    with torch.no_grad():
        code = network.encode(EMBEDDINGS["cifar10"].flatten(0, 1).unsqueeze(0))
        predicted = [
            network.predict(2 * one.batch("a", k, 4) - 1, torch.full((4,), 0.1), space.adjacency, code).mean()
            for k in (None, ScalingFactors(0, 1e5, 0, 0))
        ]
    assert predicted[1] < predicted[0]


def test_steps_of_the_reference_sampler(generator):
    assert not torch.equal(
        generator("reference", steps=3).batch("a", None, 2), generator("reference", steps=4).batch("a", None, 2)
    )


def test_a_reference_batch_is_computed_once(generator, monkeypatch):
    from pomonag.reference import generator as reference_generator

    calls, original = [], reference_generator.generate

    def counted(*args, **kwargs):
        calls.append(kwargs["seed"])
        return original(*args, **kwargs)

    monkeypatch.setattr(reference_generator, "generate", counted)
    factors = PAPER_FACTORS["nb201"]["accurate"]
    first = generator("reference").batch("a", factors, 2)
    assert torch.equal(first, generator("reference").batch("a", factors, 2))
    assert len(calls) == 1
    others = [
        generator("reference", seed=1).batch("a", factors, 2),
        generator("reference", steps=4).batch("a", factors, 2),
        generator("reference", data="cifar100").batch("a", factors, 2),
        generator("reference").batch("b", factors, 2),
        generator("reference").batch("a", PAPER_FACTORS["nb201"]["efficient"], 2),
        generator("reference").batch("a", None, 2),
        generator("reference", objectives=("accuracy", "macs")).batch("a", factors, 2),
    ]
    assert len(calls) == 1 + len(others)
    assert not any(torch.equal(first, other) for other in others)


@pytest.mark.parametrize(("encoding", "shape"), [("pomonag", (2, 21, 9)), ("diffusionnag", (2, 20, 9))])
def test_the_reference_mode_makes_the_matrices_of_its_encoding(predictors, tmp_path, monkeypatch, encoding, shape):
    space, settings = search_space("mbv3"), reference_space("mbv3", encoding)
    score = ScoreNetwork(settings)
    save_weights(settings.checkpoint(tmp_path, "score"), score, {"encoding": encoding})
    monkeypatch.setattr(checkpoints.load_score_network, "__defaults__", (tmp_path,))
    matrices, nothing = space.encodings[encoding], torch.zeros(2, 20, 8)
    made = generation.ReferenceBatches(space, matrices, predictors, nothing, (), None, seed=0, steps=2)
    x = made.batch("a", None, 2)
    assert x.shape == shape
    assert torch.isfinite(x).all()
    assert len(made.encoding.decode(x)) == 2


def test_another_encoding_is_read_in_its_own_way_or_refused(generator, predictors):
    assert generator().encoding is SPACE.encoding
    assert generator(encoding="reference").encoding is SPACE.encodings["reference"]
    with pytest.raises(UserError, match="Did you mean 'line_graph'"):
        generator(encoding="linegraph")
    rest = (predictors, EMBEDDINGS["cifar10"], "full", tuple(OBJECTIVES), None, None, 0)
    with pytest.raises(UserError, match="20 x 9, in fast mode, which makes matrices of 21 x 9; expected pomonag, or"):
        batch_generator("fast", search_space("mbv3"), *rest, encoding="diffusionnag")


# The network that ships


def test_the_denoiser_that_ships_is_loaded_once_for_use_only():
    denoiser = load_denoiser(SPACE)
    assert load_denoiser(SPACE) is denoiser
    assert not denoiser.training
    assert not any(p.requires_grad for p in denoiser.parameters())


def test_a_denoiser_of_another_shape(tmp_path, monkeypatch):
    tensors, header = load_checkpoint(generation.CHECKPOINTS / "nb201" / "denoiser.safetensors")
    (tmp_path / "nb201").mkdir()
    monkeypatch.setattr(generation, "CHECKPOINTS", tmp_path)
    header["config"]["blocks"] += 1
    save_checkpoint(tmp_path / "nb201" / "denoiser.safetensors", tensors, header)
    with pytest.raises(UserError, match=r"(?s)denoiser\.safetensors does not fit this version .* `pomonag train`"):
        load_denoiser.__wrapped__(SPACE)


# Devices


def test_nothing_of_a_guided_generation_stays_on_the_cpu(predictors):
    """On `meta` there are shapes and devices but no numbers: an operand left on the CPU raises."""
    budget = parse_budget("params<0.5M")
    generator = batch_generator(
        "fast", SPACE, predictors, EMBEDDINGS["cifar10"], "full", tuple(OBJECTIVES), None, budget, 0, device="meta"
    )
    factors = generator.default_factors["efficient"]
    assert factors.repulsion
    for chosen in (factors, None):
        x = generator.fast.sample(chosen, 4, ("n",), torch.zeros(4, 8, 7))
        assert (x.device.type, x.shape) == ("meta", (4, 8, 7))
    # Others' networks were copied, not moved.
    assert next(predictors.noisy.parameters()).device.type == "cpu"
    assert next(load_denoiser(SPACE).parameters()).device.type == "cpu"


def test_nothing_of_a_guided_reference_generation_stays_on_the_cpu(generator, monkeypatch):
    seen, real = [], generator_module.generate
    monkeypatch.setattr(
        generator_module, "generate", lambda *a, **k: seen.append(real(*a, **k)) or torch.zeros(4, 8, 7)
    )
    monkeypatch.setattr(generation, "_fingerprint", lambda part: "")
    batches = replace(generator("reference", steps=2), device=torch.device("meta"))
    batches.batch("efficient", batches.default_factors["efficient"], 4)
    assert seen[0].device.type == "meta"


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "abacus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(UserError, match=rf"got the device '{device}'.*found: cpu"):
        search(SPACE, EMBEDDINGS["cifar10"], device=device)


def test_another_denoiser_takes_the_place_of_the_one_that_ships():
    torch.manual_seed(0)
    untrained = Denoiser(SPACE.encoding).eval().requires_grad_(False)
    shipped, other = (
        search(SPACE, EMBEDDINGS["cifar10"], count=32, measure=False, denoiser=denoiser)
        for denoiser in (None, untrained)
    )
    assert shipped.architectures != other.architectures


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_generates_what_the_cpu_does():
    cpu, cuda = (search(SPACE, EMBEDDINGS["cifar10"], count=64, measure=False, device=d) for d in ("cpu", "cuda"))
    shared = set(map(str, cpu.architectures)) & set(map(str, cuda.architectures))
    assert len(shared) >= 0.9 * len(cpu.architectures)
