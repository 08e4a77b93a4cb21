import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.spaces import reference_space, transitive_closure


def test_graph_and_closure_of_nb201_are_the_releases(arrays):
    expected = arrays("nb201_score")
    adjacency = reference_space("nb201").adjacency
    assert torch.equal(adjacency, expected["adj"])
    assert torch.equal(transitive_closure(adjacency), expected["closure"])


def test_mbv3_is_a_chain_whose_closure_is_the_upper_triangle():
    space = reference_space("mbv3")
    assert torch.equal(space.adjacency, torch.diag(torch.ones(19), 1))
    assert torch.equal(transitive_closure(space.adjacency), torch.ones(20, 20).triu(1))


def test_closure_finds_cycles():
    ring = torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert torch.equal(transitive_closure(ring), torch.ones(3, 3))


def test_unknown_space_suggests_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        reference_space("nb2O1")
