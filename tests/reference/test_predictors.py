import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.official_names import renamed
from pomonag.reference.predictors import _RENAMES, NoisyPredictor
from pomonag.reference.spaces import reference_space


@pytest.fixture(scope="module")
def golden(arrays):
    values = arrays("nb201_predictor") | {key: arrays("nb201_score")[key] for key in ("adj", "closure")}
    return values | {"supports": values["task"].float()[[0, 1, 0, 1]]}


@pytest.mark.parametrize("hidden", [32, 512])
@pytest.mark.parametrize("mask", ["adj", "closure"])
def test_predictions_and_gradients_are_the_releases(weights, golden, relative, hidden, mask):
    network = NoisyPredictor.from_official_state_dict(weights("nb201", f"predictor_hs{hidden}"), "nb201").eval()
    x = golden["x"].clone().requires_grad_()
    y = network(x, golden["sigma"], golden[mask].expand(4, -1, -1), golden["supports"])
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert relative(y, golden[f"hs{hidden}_{mask}_y"]) < 1e-5
    assert relative(gradient, golden[f"hs{hidden}_{mask}_grad_x"]) < 1e-4
    with torch.no_grad():
        assert relative(network.encode(golden["supports"]), golden["D_mu"]) < 1e-5
        assert relative(network.backbone(x, golden["sigma"], golden[mask]), golden[f"A_mu_{mask}"]) < 1e-5


@pytest.mark.parametrize(
    ("space", "name", "count"),
    [("nb201", "predictor_hs32", 505_865), ("nb201", "predictor_hs512", 595_145), ("mbv3", "predictor", 774_866)],
)
def test_parameters_have_the_releases_number_and_order(weights, space, name, count):
    official = weights(space, name)
    network = NoisyPredictor.from_official_state_dict(official, space)
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    assert list(network.state_dict()) == [
        renamed(tensor, _RENAMES[reference_space(space).predictor]) for tensor in official
    ]


@pytest.mark.parametrize("space", [("nb201",), ("mbv3",), ("mbv3", "pomonag")])
def test_a_data_set_encoded_once_gives_the_same_predictions(space):
    torch.manual_seed(0)
    settings = reference_space(*space)
    network = NoisyPredictor(settings, features=24).eval()
    x, sigma = torch.randn(3, settings.nodes, settings.operations), torch.tensor([0.1, 1.0, 4.0])
    supports = torch.randn(1, 40, 24)
    with torch.no_grad():
        repeated = network(x, sigma, settings.adjacency, supports.expand(3, -1, -1))
        once = network.predict(x, sigma, settings.adjacency, network.encode(supports))
    assert once.shape == (3, 1)
    assert torch.allclose(once, repeated, atol=1e-6)


def test_networks_of_other_feature_widths_load_again():
    network = NoisyPredictor(reference_space("nb201"), features=1280, hidden=64)
    again = NoisyPredictor.from_official_state_dict(network.state_dict(), "nb201")
    assert again.features == 1280
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())


def test_misshapen_supports_and_foreign_checkpoints_are_told_what_is_expected(weights):
    network = NoisyPredictor(reference_space("nb201"), features=24)
    with pytest.raises(UserError, match=r"expected \[batch, classes \* 20, 24\]"):
        network.encode(torch.randn(1, 30, 24))
    with pytest.raises(UserError, match="not that of a nb201 predictor"):
        NoisyPredictor.from_official_state_dict(weights("nb201", "score"), "nb201")
