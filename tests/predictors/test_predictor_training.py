"""Short trainings: they learn what they are told, weigh it as they are told, and a seed fixes them bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.predictors.accuracy_scale import normal_scores
from pomonag.predictors.dataset_code import DatasetCode
from pomonag.predictors.performance_predictor import (
    CONDITION_SIZE,
    AccuracyEnsemble,
    EnsembleConfig,
    GuideConfig,
    condition,
)
from pomonag.predictors.predictor_training import (
    EnsembleTraining,
    GuideTraining,
    train_ensemble,
    train_noisy_predictor,
)
from pomonag.predictors.supervision import LabelledTask
from pomonag.spaces.encoding import generator_of, to_network_scale
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
WEIGHTS = np.random.default_rng(0).normal(size=(6, 5))
SMALL = EnsembleConfig(members=3, width=32)
SHORT = EnsembleTraining(steps=150, batch=64)
UNSEEN = SPACE.sample(400, generator_of(99))


def linear(cells):
    """A label that is linear in the operations on the edges."""
    return np.array([sum(WEIGHTS[edge, op] for edge, op in enumerate(cell.operations)) for cell in cells])


def labelled(n=300, seed=0, sign=1.0, protocol="full", embedding=None, weight=1.0):
    cells = SPACE.sample(n, generator_of(seed))
    return LabelledTask(
        f"task {seed}", protocol, cells, normal_scores(sign * linear(cells)), embedding=embedding, weight=weight
    )


@pytest.fixture(scope="module")
def embeddings():
    """Two data sets that differ."""
    return torch.randn(2, 5, 4, 6, generator=generator_of(1)) + torch.tensor([-2.0, 2.0]).view(2, 1, 1, 1)


@pytest.fixture(scope="module")
def code(embeddings):
    found = DatasetCode(6)
    found.fit([*embeddings, *torch.randn(20, 5, 4, 6, generator=generator_of(2))])
    return found


def agreement(ensemble, given):
    """Rank correlation with the linear label on architectures that were never seen."""
    return spearmanr(ensemble(torch.from_numpy(SPACE.features(UNSEEN)), given).numpy(), linear(UNSEEN))[0]


def same(first, second):
    first, second = first.state_dict(), second.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


# The ensemble.


def test_a_linear_label_is_learned_from_300_rows(code):
    told = []
    trained = train_ensemble(SPACE, [labelled()], code, SMALL, SHORT, lambda *report: told.append(report))
    assert agreement(trained, condition(None, "full")) > 0.95
    assert [report[:2] for report in told] == [(50, 150), (100, 150), (150, 150)]
    # Scores have a variance of 1, so 1 is the loss of predicting nothing.
    assert told[-1][2] < told[0][2] < 0.2
    assert not trained.training
    assert not any(parameter.requires_grad for parameter in trained.parameters())
    # Inputs are standardised over the space, not over the few labelled rows.
    features = torch.from_numpy(SPACE.features(SPACE.enumerate()))
    torch.testing.assert_close(trained.mean, features.mean(0), rtol=0, atol=0.08)
    spread = torch.where(features.std(0) > 0, features.std(0), 1.0)
    torch.testing.assert_close(trained.scale, spread, rtol=0.1, atol=0.01)


def test_a_seed_fixes_the_ensemble_bit_for_bit(code):
    few = EnsembleTraining(steps=5, batch=16)
    before = torch.random.get_rng_state()
    first = train_ensemble(SPACE, [labelled()], code, SMALL, few)
    torch.manual_seed(123)  # the global state is neither read nor changed
    state = torch.random.get_rng_state()
    assert same(first, train_ensemble(SPACE, [labelled()], code, SMALL, few))
    assert torch.equal(state, torch.random.get_rng_state())
    torch.random.set_rng_state(before)
    other = EnsembleTraining(steps=5, batch=16, seed=1)
    assert not same(first, train_ensemble(SPACE, [labelled()], code, SMALL, other))


def test_members_see_different_rows_and_start_differently(code):
    trained = train_ensemble(SPACE, [labelled()], code, SMALL, EnsembleTraining(steps=5, batch=16))
    inputs = torch.from_numpy(SPACE.features(UNSEEN))
    members = trained.members(inputs.expand(3, -1, -1), condition(None, "full").expand(3, len(UNSEEN), -1))
    assert members.std(0).mean() > 0.05


def test_protocols_are_kept_apart(code):
    """Opposite labels under two protocols: each question gets its own answer."""
    tasks = [labelled(seed=0), labelled(seed=1, sign=-1.0, protocol="lite")]
    quick = EnsembleTraining(steps=300, batch=96, learning_rate=1e-2, weight_decay=0.1)
    trained = train_ensemble(SPACE, tasks, code, SMALL, quick)
    assert agreement(trained, condition(None, "full")) > 0.85
    assert agreement(trained, condition(None, "lite")) < -0.8


def test_each_protocol_has_its_share_of_draws_however_many_rows_it_has(code):
    """Three rows of `lite` among 3,000 of `full`: left to their number they would be one draw in a thousand."""
    few = LabelledTask("few", "lite", UNSEEN[:3], np.array([3.0, 3.0, 3.0]))
    trained = train_ensemble(SPACE, [labelled(3000), few], code, SMALL, SHORT)
    inputs = torch.from_numpy(SPACE.features(UNSEEN[:3]))
    assert trained(inputs, condition(None, "lite")).mean() > 2.0
    assert abs(trained(torch.from_numpy(SPACE.features(UNSEEN)), condition(None, "full")).mean()) < 0.5


def test_full_trainings_are_drawn_four_times_as_often_as_lite_ones(code, monkeypatch):
    drawn = []
    multinomial = torch.multinomial
    monkeypatch.setattr(torch, "multinomial", lambda p, *a, **k: drawn.append(p) or multinomial(p, *a, **k))
    tasks = [labelled(50, seed=0), labelled(20, seed=1, protocol="lite"), labelled(30, seed=2, protocol="lite")]
    train_ensemble(SPACE, tasks, code, SMALL, EnsembleTraining(steps=1, batch=4))
    (probability,) = drawn
    assert float(probability[:50].sum() / probability[50:].sum()) == pytest.approx(4)
    torch.testing.assert_close(probability[50:], probability[50].expand(50))


def test_the_weight_of_a_task_is_that_of_its_rows(code):
    """Two tasks contradict each other; the one with weight wins, though the other has ten times the rows."""
    tasks = [labelled(300, seed=0), labelled(3000, seed=1, sign=-1.0, weight=0.001)]
    assert agreement(train_ensemble(SPACE, tasks, code, SMALL, SHORT), condition(None, "full")) > 0.9


def test_data_sets_are_told_apart_by_their_code_and_averaged_where_it_is_unknown(code, embeddings):
    tasks = [
        labelled(seed=0, embedding=embeddings[0]),
        labelled(seed=1, sign=-1.0, embedding=embeddings[1]),
    ]
    trained = train_ensemble(SPACE, tasks, code, SMALL, EnsembleTraining(steps=300, batch=96))
    first, second = (condition(code(e), "full") for e in embeddings)
    assert agreement(trained, first) > 0.7
    assert agreement(trained, second) < -0.7
    inputs = torch.from_numpy(SPACE.features(UNSEEN))
    assert trained(inputs, condition(None, "full")).std() < 0.7 * trained(inputs, first).std()


@pytest.mark.parametrize("dropout", [0.5, 0.2])
def test_the_code_is_hidden_in_a_share_of_the_draws_and_the_protocol_never(code, embeddings, monkeypatch, dropout):
    seen = []
    members = AccuracyEnsemble.members
    monkeypatch.setattr(
        AccuracyEnsemble, "members", lambda self, x, given: seen.append(given.clone()) or members(self, x, given)
    )
    training = EnsembleTraining(steps=20, batch=100, code_dropout=dropout)
    train_ensemble(SPACE, [labelled(embedding=embeddings[0])], code, SMALL, training)
    given = torch.stack(seen).flatten(0, 2)
    hidden = torch.all(given == condition(None, "full"), dim=1)
    assert torch.all(given[~hidden] == condition(code(embeddings[0]), "full"))
    assert float(hidden.float().mean()) == pytest.approx(dropout, abs=0.03)


# The noisy predictor.

POOL = GuideTraining(steps=250, batch=128, pool=1024, learning_rate=5e-3)
NARROW = GuideConfig(width=48, blocks=1)


def milliseconds(cells):
    """Known for all but every fiftieth cell."""
    found = linear(cells) + 20
    return np.where(np.array([cell.index for cell in cells]) % 50 == 0, np.nan, found)


@pytest.fixture(scope="module")
def teacher(code):
    return train_ensemble(SPACE, [labelled()], code, SMALL, SHORT)


@pytest.fixture(scope="module")
def taught(teacher):
    told = []
    given = torch.stack([condition(None, "full"), condition(torch.ones(8), "full")])
    predictor, took = train_noisy_predictor(
        SPACE, teacher, given, {"latency_ms": milliseconds}, NARROW, POOL, lambda *report: told.append(report)
    )
    return predictor, took, told


def asked(predictor, sigma):
    generator = generator_of(5)
    level = torch.full((len(UNSEEN),), sigma)
    clean = to_network_scale(SPACE.encoding.encode(UNSEEN))
    noise = torch.randn(clean.shape, generator=generator)
    return predictor(clean + sigma * noise, level, condition(None, "full")).numpy()


def test_the_loss_falls_and_is_reported(taught):
    predictor, took, told = taught
    assert [report[:2] for report in told] == [(step, 250) for step in (50, 100, 150, 200, 250)]
    assert told[-1][2] < told[0][2]
    assert took["steps"] == 250
    assert took["seconds"] > 0
    assert took["loss"] == told[-1][2]
    assert not predictor.training
    assert not any(parameter.requires_grad for parameter in predictor.parameters())


def test_heads_are_accuracy_costs_and_one_a_latency_source(taught):
    assert taught[0].heads == ("accuracy", "params", "macs", "latency_ms")


def test_every_head_ranks_architectures_with_little_noise(taught, teacher):
    predicted = asked(taught[0], 0.1)
    costs = SPACE.cost(UNSEEN)
    scores = teacher(torch.from_numpy(SPACE.features(UNSEEN)), condition(None, "full")).numpy()
    for column, exact in enumerate((scores, costs.params, costs.macs, linear(UNSEEN))):
        assert spearmanr(predicted[:, column], exact)[0] > 0.95


def test_the_noisier_the_input_the_less_is_claimed(taught):
    """The best prediction of z-scores shrinks towards 0 as the noise grows."""
    spreads = [asked(taught[0], sigma)[:, 1].std() for sigma in (0.1, 1.0, 10.0)]
    assert spreads[0] > 0.8
    assert spreads[0] > spreads[1] > spreads[2]
    assert spreads[2] < 0.35


def test_labels_are_z_scores_of_the_pool(taught):
    predictor = taught[0]
    cells = SPACE.sample(POOL.pool, generator_of(POOL.seed))
    costs = SPACE.cost(cells)
    latency = milliseconds(cells)
    latency = latency[~np.isnan(latency)]
    for column, label in enumerate((costs.params, costs.macs, latency), start=1):
        assert float(predictor.label_mean[column]) == pytest.approx(label.mean(), rel=1e-5)
        assert float(predictor.label_scale[column]) == pytest.approx(label.std(), rel=1e-5)
    prior = predictor.row_posterior.log_prior.exp()
    torch.testing.assert_close(prior, SPACE.encoding.encode(cells).mean(0), rtol=0, atol=1e-4)
    assert (float(predictor.label_mean[0]), float(predictor.label_scale[0])) == (0.0, 1.0)
    assert all(value.isfinite().all() for value in predictor.state_dict().values())


def test_a_seed_fixes_the_noisy_predictor_bit_for_bit():
    torch.manual_seed(7)
    untrained = AccuracyEnsemble(81, SMALL).eval().requires_grad_(False)
    given = torch.zeros(1, CONDITION_SIZE)
    few = {"steps": 4, "batch": 16, "pool": 64}
    state = torch.random.get_rng_state()

    def made(seed):
        training = GuideTraining(seed=seed, **few)
        return train_noisy_predictor(SPACE, untrained, given, {"latency_ms": milliseconds}, NARROW, training)[0]

    first = made(0)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(8)
    assert same(first, made(0))
    assert not same(first, made(1))
