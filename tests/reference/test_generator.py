import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.generator import ReferenceGuide, generate, many_objective_gradient
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.sampler import sample
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import reference_space

SPACE = reference_space("nb201")


@pytest.fixture(scope="module")
def network(weights):
    return ScoreNetwork.from_official_state_dict(weights("nb201", "score"), "nb201")


@pytest.fixture(scope="module")
def guides():
    torch.manual_seed(0)
    settings = ((3.0, True), (2.0, False), (5.0, False))
    predictors = [NoisyPredictor(SPACE, features=8, hidden=16).eval() for _ in settings]
    return [
        ReferenceGuide(predictor, predictor.encode(torch.randn(1, 40, 8)).detach(), factor, maximise)
        for predictor, (factor, maximise) in zip(predictors, settings)
    ]


def test_one_backward_pass_gives_the_sum_of_the_signed_gradients(guides):
    x, sigma = torch.randn(3, 8, 7, generator=torch.Generator().manual_seed(1)), torch.tensor([0.2, 1.0, 4.0])
    expected = torch.zeros_like(x)
    for guide, sign in zip(guides, (1, -1, -1)):
        leaf = x.clone().requires_grad_()
        guide.predictor.predict(leaf, sigma, SPACE.adjacency, guide.code).sum().backward()
        expected += sign * guide.scaling_factor * leaf.grad
    assert torch.allclose(many_objective_gradient(guides, SPACE.adjacency)(x, sigma), expected, atol=1e-6)


def test_generation_is_the_sampler_on_seeded_noises(network, guides):
    done = []
    found = generate(network, guides, SPACE, count=4, seed=7, steps=3, callback=done.append)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        expected = sample(
            lambda x, sigma: network(x, sigma, SPACE.adjacency),
            sigma_min=0.1,
            sigma_max=5.0,
            steps=3,
            noises=[torch.randn(4, 8, 7, generator=generator) for _ in range(7)],
            gradient=many_objective_gradient(guides, SPACE.adjacency),
            scale=1.0,
        )
    assert torch.equal(found, expected)
    assert not found.requires_grad
    assert done == [1, 2, 3]


def test_guides_move_predictions_in_their_direction(network, guides):
    strong = [ReferenceGuide(guides[0].predictor, guides[0].code, 1e4, maximise) for maximise in (True, False)]
    best, worst = (generate(network, [guide], SPACE, count=8, seed=0, steps=5) for guide in strong)
    sigma = torch.full((8,), SPACE.sigma_min)
    with torch.no_grad():
        up, down = (
            strong[0].predictor.predict(2 * x - 1, sigma, SPACE.adjacency, strong[0].code).mean() for x in (best, worst)
        )
    assert up > down


def test_nothing_to_generate_is_refused(network):
    with pytest.raises(UserError, match="count of 0"):
        generate(network, [], SPACE, count=0, seed=0)
