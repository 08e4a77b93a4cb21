"""The mbv3 networks against a second, plain implementation on the published names, as diffusionnag.md 2 and 5 say.

The release's own outputs are known here for nb201 alone; what mbv3 has of its own (positions by stage, a chain with a
blocked end, the transformer predictor) is compared with formulas written out below, one matrix at a time.
"""

import math

import pytest
import torch
from torch.nn.functional import elu, layer_norm, silu

from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.sampler import sample
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import reference_space

SPACE = reference_space("mbv3")


def linear(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(w, name, x):
    return layer_norm(x, (64,), w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-5)


def embedded(w, x, sigma):
    frequencies = torch.tensor([math.exp(-k * math.log(10000) / 31) for k in range(32)])
    angles = sigma * frequencies
    time = linear(w, "timeEmb2", silu(linear(w, "timeEmb1", torch.cat([angles.sin(), angles.cos()]))))
    return linear(w, "opEmb.fc", x) * 8, time


def encoded(w, h, mask, layers, heads):
    width, outputs = 64 // heads, []
    for i in range(layers):
        layer = f"graph_encoder.encoder_f.layers.{i}"
        normed = norm(w, f"{layer}.self_attn.norm", h)
        q, k, v = (linear(w, f"{layer}.self_attn.attn.linears.{j}", normed) for j in range(3))
        mixed = []
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            logits = q[:, part] @ k[:, part].T / math.sqrt(width)
            mixed.append(logits.masked_fill(mask == 0, -1e9).softmax(dim=1) @ v[:, part])
        h = h + linear(w, f"{layer}.self_attn.attn.linears.3", torch.cat(mixed, dim=1))
        normed = norm(w, f"{layer}.feed_forward.norm", h)
        forward = f"{layer}.feed_forward.feed_forward"
        h = h + linear(w, f"{forward}.w_2", linear(w, f"{forward}.w_1", normed).relu())
        outputs.append(norm(w, f"graph_encoder.encoder_f.norms.{i}", h))
    return torch.cat(outputs, dim=1)


def mlp(w, name, x, layers):
    for i in range(layers - 1):
        x = elu(linear(w, f"{name}.{i}", x))
    return linear(w, f"{name}.{layers - 1}", x)


def score_of(w, x, sigma, mask):
    positions = torch.empty(20, 64)
    for row in range(20):
        for i in range(32):
            angle = (row % 4) / 10000 ** (2 * i / 64)
            positions[row, 2 * i], positions[row, 2 * i + 1] = math.sin(angle), math.cos(angle)
    operations, time = embedded(w, x, sigma)
    return mlp(w, "final.linears", encoded(w, operations + positions + time, mask, layers=12, heads=8), layers=3)


def attended(w, name, queries, items):
    q, k, v = (linear(w, f"{name}.{part}", x) for part, x in (("fc_q", queries), ("fc_k", items), ("fc_v", items)))
    heads = [
        (q[:, part] @ k[:, part].T / math.sqrt(56)).softmax(dim=1) @ v[:, part]
        for part in (slice(14 * head, 14 * head + 14) for head in range(4))
    ]
    o = q + torch.cat(heads, dim=1)
    return o + linear(w, f"{name}.fc_o", o).relu()


def pooled(w, name, items):
    for i in range(2):
        items = attended(w, f"{name}.enc.{i}.mab", items, items)
    return linear(w, f"{name}.dec.1", attended(w, f"{name}.dec.0.mab", w[f"{name}.dec.0.S"][0], items))[0]


def prediction_of(w, x, sigma, mask, support):
    operations, time = embedded(w, x, sigma)
    nodes = mlp(w, "final.linears", encoded(w, operations + time, mask, layers=2, heads=2), layers=3)
    architecture = mlp(w, "regeress.linears", nodes.flatten(), layers=2)
    classes = torch.stack([pooled(w, "intra_setpool", rows) for rows in support.view(-1, 20, 512)])
    code = pooled(w, "inter_setpool", classes)
    return linear(w, "pred_fc.2", linear(w, "pred_fc.0", torch.cat([code, architecture])).tanh())


@pytest.fixture(scope="module")
def inputs():
    generator = torch.Generator().manual_seed(0)
    architecture = torch.eye(9)[torch.randint(9, (3, 20), generator=generator)]
    architecture[:, [2, 3, 11]] = 0  # inactive slots
    sigma = torch.tensor([0.1, 0.4, 1.0])
    x = 2 * architecture - 1 + sigma[:, None, None] * torch.randn(3, 20, 9, generator=generator)
    return x, sigma, torch.randn(3, 60, 512, generator=generator)


@pytest.fixture(scope="module")
def score(weights):
    return ScoreNetwork.from_official_state_dict(weights("mbv3", "score"), "mbv3").eval()


@pytest.mark.parametrize("mask", ["chain", "closure"])
def test_scores(weights, score, inputs, relative, mask):
    w, (x, sigma, _) = weights("mbv3", "score"), inputs
    graph = torch.diag(torch.ones(19), 1) if mask == "chain" else torch.ones(20, 20).triu(1)
    expected = torch.stack([score_of(w, *each, graph) for each in zip(x, sigma)])
    with torch.no_grad():
        assert relative(score(x, sigma, graph.expand(3, -1, -1)), expected) < 1e-5
    assert relative(score(x, sigma, graph), expected) < 1e-5  # the way with gradients


def test_predictions_and_gradients(weights, inputs, relative):
    w, (x, sigma, supports) = weights("mbv3", "predictor"), inputs
    network = NoisyPredictor.from_official_state_dict(w, "mbv3").eval()
    ours, plain = (x.clone().requires_grad_() for _ in range(2))
    y = network(ours, sigma, SPACE.adjacency.expand(3, -1, -1), supports)
    expected = torch.stack([prediction_of(w, *each) for each in zip(plain, sigma, 3 * [SPACE.adjacency], supports)])
    assert y.shape == (3, 1)
    assert relative(y, expected) < 1e-5
    gradients = [torch.autograd.grad(value.sum(), x)[0] for value, x in ((y, ours), (expected, plain))]
    assert relative(*gradients) < 1e-4


@pytest.mark.parametrize("corrector", ["langevin", None])
def test_two_sampling_steps(score, inputs, relative, corrector):
    noises = torch.randn(5, 3, 20, 9, generator=torch.Generator().manual_seed(1))
    used = iter(noises)
    x = next(used) * 1.0
    spread = math.log(1.0 / 0.1)
    with torch.no_grad():
        for t in (1.0, 1e-5):
            sigma = torch.full((3,), 0.1 * 10**t)
            if corrector:
                s, z = score(x, sigma, SPACE.adjacency), next(used)
                ratio = z.flatten(1).norm(dim=1).mean() / s.flatten(1).norm(dim=1).mean()
                size = 2 * (0.16 * ratio) ** 2
                x = x + size * s + (2 * size) ** 0.5 * z
            g = sigma[0] * math.sqrt(2 * spread)
            mean = x + g**2 * score(x, sigma, SPACE.adjacency) / 2
            x = mean + g * math.sqrt(1 / 2) * next(used)
        found = sample(
            lambda x, sigma: score(x, sigma, SPACE.adjacency),
            sigma_min=SPACE.sigma_min, sigma_max=SPACE.sigma_max, steps=2, noises=noises, corrector=corrector,
        )  # fmt: skip
    assert relative(found, (mean + 1) / 2) < 1e-4
