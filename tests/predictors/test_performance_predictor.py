"""The two networks of fast mode: one pass for all objectives, exact gradients, members that a mean is made of."""

from __future__ import annotations

import pytest
import torch

from pomonag.errors import UserError
from pomonag.guidance.many_objective import many_objective_guide
from pomonag.predictors.dataset_code import CODE_SIZE
from pomonag.predictors.performance_predictor import (
    CONDITION_SIZE,
    PROTOCOLS,
    AccuracyEnsemble,
    EnsembleConfig,
    GuideConfig,
    NoisyPredictor,
    condition,
)
from pomonag.spaces.encoding import generator_of, to_network_scale
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
HEADS = ("accuracy", "params", "macs", "latency_ms", "latency_ms:pixel3")


@pytest.fixture
def noisy():
    torch.manual_seed(0)
    predictor = NoisyPredictor(SPACE.encoding, HEADS, GuideConfig(width=24, blocks=2))
    predictor.row_posterior.count(SPACE.encoding.encode(SPACE.sample(200, generator_of(0))))
    return predictor.eval().requires_grad_(False)


@pytest.fixture
def ensemble():
    torch.manual_seed(0)
    made = AccuracyEnsemble(81, EnsembleConfig(members=3, width=16))
    made.standardise(torch.from_numpy(SPACE.features(SPACE.sample(500, generator_of(0)))))
    return made.eval().requires_grad_(False)


def noised(n, seed=1):
    generator = generator_of(seed)
    sigma = 0.3 + 2 * torch.rand(n, generator=generator)
    clean = to_network_scale(SPACE.encoding.encode(SPACE.sample(n, generator)))
    return clean + sigma.view(-1, 1, 1) * torch.randn(clean.shape, generator=generator), sigma


def question(seed=2):
    return condition(torch.randn(CODE_SIZE, generator=generator_of(seed)), "full")


# The question.


def test_a_question_is_a_code_and_a_protocol():
    code = torch.arange(CODE_SIZE).float()
    for i, protocol in enumerate(PROTOCOLS):
        asked = condition(code, protocol)
        assert asked.shape == (CONDITION_SIZE,)
        assert torch.equal(asked[:CODE_SIZE], code)
        assert asked[CODE_SIZE:].tolist() == [float(i == j) for j in range(len(PROTOCOLS))]
        assert torch.equal(condition(None, protocol)[:CODE_SIZE], torch.zeros(CODE_SIZE))


def test_an_unknown_protocol_suggests_the_nearest():
    with pytest.raises(UserError, match=r"unknown protocol 'ful'.*Did you mean 'full'"):
        condition(None, "ful")


# The noisy predictor.


def test_one_forward_and_one_backward_give_the_gradients_of_all_objectives(noisy):
    passes = {"forward": 0, "backward": 0}

    def count(module, inputs, output):
        passes["forward"] += 1
        output.register_hook(lambda gradient: passes.__setitem__("backward", passes["backward"] + 1))

    noisy.register_forward_hook(count)
    x, sigma = noised(6)
    guide = many_objective_guide(noisy, question(), torch.eye(len(HEADS))[:, :4], torch.randn(6, 4))
    assert guide(x, sigma).shape == x.shape
    assert passes == {"forward": 1, "backward": 1}
    guide(x, sigma)
    assert passes == {"forward": 2, "backward": 2}


def test_the_gradient_by_finite_differences(noisy):
    exact = noisy.double()
    x, sigma = (value.double() for value in noised(3))
    given, columns = question().double(), torch.eye(len(HEADS), dtype=torch.float64)[:, [0, 1, 3]]
    factors = torch.tensor([[2.0, -1.0, -0.5], [0.0, -3.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    found = many_objective_guide(exact, given, columns, factors)(x, sigma)

    def weighted(noisy_x):
        predicted = exact(noisy_x, sigma, given)
        return sum(factors[:, i] * predicted[:, head] for i, head in enumerate((0, 1, 3)))

    step = 1e-5
    for row in range(8):
        for column in range(7):
            moved = torch.zeros_like(x)
            moved[:, row, column] = step
            # Samples do not mix, so one difference serves all of the batch.
            difference = (weighted(x + moved) - weighted(x - moved)) / (2 * step)
            torch.testing.assert_close(found[:, row, column], difference, rtol=1e-5, atol=1e-8)
    assert found.abs().max() > 1e-3


def test_a_guide_leaves_no_traces(noisy):
    x, sigma = noised(2)
    with torch.no_grad():  # samplers run without gradients
        gradient = many_objective_guide(noisy, question(), torch.eye(len(HEADS)), torch.ones(2, len(HEADS)))(x, sigma)
    assert not gradient.requires_grad
    assert not x.requires_grad
    assert x.grad is None


def test_heads_by_name(noisy):
    assert [noisy.column(head) for head in HEADS] == list(range(len(HEADS)))
    x, sigma = noised(4)
    assert noisy(x, sigma, question()).shape == (4, len(HEADS))
    with pytest.raises(
        UserError, match=r"unknown head of the noisy predictor 'latency'.*Known: accuracy, latency_ms, "
    ):
        noisy.column("latency")
    with pytest.raises(UserError, match="Did you mean 'latency_ms:pixel3'"):
        noisy.column("latency_ms:pixel2")


def test_a_sample_alone_and_in_a_batch(noisy):
    x, sigma = noised(5)
    given = torch.stack([question(seed) for seed in range(5)])
    together = noisy(x, sigma, given)
    for i in range(5):
        torch.testing.assert_close(noisy(x[i : i + 1], sigma[i : i + 1], given[i])[0], together[i])
    order = torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(noisy(x[order], sigma[order], given[order]), together[order])


def test_one_question_for_all_is_the_same_as_repeating_it(noisy):
    x, sigma = noised(5)
    assert torch.equal(noisy(x, sigma, question()), noisy(x, sigma, question().repeat(5, 1)))
    assert not torch.equal(noisy(x, sigma, question(2)), noisy(x, sigma, question(3)))


def test_a_matrix_says_less_the_noisier_it_is(noisy):
    """Far from the data nothing but the prior of the rows is left, so predictions no longer depend on x."""
    x, _ = noised(5)
    loud = noisy(x, torch.full((5,), 1e4), question())
    torch.testing.assert_close(loud, loud[:1].expand(5, -1), rtol=1e-3, atol=1e-3)
    assert noisy(x, torch.full((5,), 0.5), question())[:, 1].std() > 1e-3


def test_a_sum_over_the_rows_is_predicted_without_a_hidden_layer(noisy):
    """With values of the rows as its weights the head gives the posterior expectation of their sum, at any noise."""
    values = torch.randn(8, 7, generator=generator_of(3))
    noisy.head.weight[1].zero_()
    noisy.head.weight[1, -56:] = values.flatten()
    noisy.head.bias[1] = 0.5
    x, sigma = noised(5)
    posterior = noisy.row_posterior(x, sigma).softmax(-1)
    torch.testing.assert_close(noisy(x, sigma, question())[:, 1], 0.5 + (posterior * values).sum((1, 2)))


# The ensemble.


def features(n, seed=3):
    return torch.from_numpy(SPACE.features(SPACE.sample(n, generator_of(seed))))


def test_the_prediction_is_the_mean_of_the_members(ensemble):
    inputs, given = features(7), question()
    members = ensemble.members(inputs.expand(3, -1, -1), given.expand(3, 7, -1))
    assert members.shape == (3, 7)
    assert members.std(0).min() > 1e-3  # they do not agree by construction
    torch.testing.assert_close(ensemble(inputs, given), members.mean(0))


def test_a_member_is_a_network_of_its_own(ensemble):
    """Written out for one member with plain matrix products; other members' inputs change nothing."""
    inputs, given = features(3 * 4).view(3, 4, -1), question()
    found = ensemble.members(inputs, given.expand(3, 4, -1))
    for m in range(3):
        hidden = torch.cat([(inputs[m] - ensemble.mean) / ensemble.scale, given.expand(4, -1)], dim=1)
        for layer in range(3):
            hidden = hidden @ ensemble.weights[layer][m] + ensemble.biases[layer][m]
            if layer < 2:
                hidden = hidden * hidden.sigmoid()
        torch.testing.assert_close(found[m], hidden.squeeze(-1), rtol=1e-4, atol=1e-5)


def test_scores_follow_the_batchs_order(ensemble):
    inputs = features(20)
    order = torch.randperm(20, generator=generator_of(4))
    scores = ensemble(inputs, question())
    torch.testing.assert_close(ensemble(inputs[order], question()), scores[order])
    torch.testing.assert_close(ensemble(inputs[:1], question()), scores[:1])
    assert torch.equal(ensemble(inputs, question().repeat(20, 1)), scores)


def test_a_feature_that_was_constant_explodes_nowhere():
    """A rare operation that the sample lacks, and a constant whose mean and standard deviation round to others."""
    made = AccuracyEnsemble(3, EnsembleConfig(members=1, width=4))
    seen = torch.tensor([[0.0, 0.1, 1.0], [0.0, 0.1, 2.0], [0.0, 0.1, 6.0]]).repeat(333, 1)
    made.standardise(seen)
    assert made.scale[:2].tolist() == [1.0, 1.0]
    torch.testing.assert_close(made.scale[2], seen[:, 2].std())
    unseen = torch.tensor([[1.0, 0.6, 3.0]])
    torch.testing.assert_close((unseen - made.mean) / made.scale, torch.tensor([[1.0, 0.5, 0.0]]), rtol=0, atol=1e-5)


def test_inputs_are_standardised(ensemble):
    inputs = features(500, seed=0)
    z = (inputs - ensemble.mean) / ensemble.scale
    torch.testing.assert_close(z.mean(0), torch.zeros(81), atol=1e-4, rtol=0)
    varied = inputs.std(0) > 0
    torch.testing.assert_close(z.std(0)[varied], torch.ones(int(varied.sum())), atol=1e-3, rtol=0)
    assert z.isfinite().all()
