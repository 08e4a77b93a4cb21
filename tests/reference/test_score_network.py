import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.official_names import ENCODER_RENAMES, renamed
from pomonag.reference.score_network import ScoreNetwork


@pytest.fixture(scope="module")
def network(weights):
    return ScoreNetwork.from_official_state_dict(weights("nb201", "score"), "nb201").eval()


@pytest.mark.parametrize(("mask", "output"), [("adj", "out_mask_adj"), ("closure", "out_mask_closure")])
def test_scores_are_the_releases(network, arrays, relative, mask, output):
    golden = arrays("nb201_score")
    with torch.no_grad():
        found = network(golden["x"], golden["sigma"], golden[mask].expand(4, -1, -1))
    assert relative(found, golden[output]) < 1e-5


def test_inner_values_are_the_releases(network, arrays, relative):
    golden = arrays("nb201_score")
    with torch.no_grad():
        embedded = network.embedding(golden["x"], golden["sigma"])
        encoded = network.encoder(embedded, golden["adj"])
    assert relative(embedded, golden["encoder_input_mask_adj"]) < 1e-5
    assert relative(encoded, golden["encoder_concat_mask_adj"]) < 1e-5


@pytest.mark.parametrize(("space", "count"), [("nb201", 3_989_575), ("mbv3", 3_992_777)])
def test_parameters_have_the_releases_number_and_order(weights, space, count):
    official = weights(space, "score")
    network = ScoreNetwork.from_official_state_dict(official, space)
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    # The published moving averages are lists in parameter order.
    assert [name for name, _ in network.named_parameters()] == [renamed(name, ENCODER_RENAMES) for name in official]


def test_a_checkpoint_of_the_other_space_is_refused(weights):
    with pytest.raises(UserError, match="size mismatch"):
        ScoreNetwork.from_official_state_dict(weights("mbv3", "score"), "nb201")
