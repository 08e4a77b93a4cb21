from pathlib import Path

import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.spaces import REFERENCE_SPACES, reference_space, transitive_closure
from pomonag.spaces import search_space


def test_graph_and_closure_of_nb201_are_the_releases(arrays):
    expected = arrays("nb201_score")
    adjacency = reference_space("nb201").adjacency
    assert torch.equal(adjacency, expected["adj"])
    assert torch.equal(transitive_closure(adjacency), expected["closure"])


def test_mbv3_is_a_chain_whose_closure_is_the_upper_triangle():
    space = reference_space("mbv3")
    assert torch.equal(space.adjacency, torch.diag(torch.ones(19), 1))
    assert torch.equal(transitive_closure(space.adjacency), torch.ones(20, 20).triu(1))


def test_pomonags_mbv3_adds_a_width_row_that_all_blocks_read_and_that_reads_all():
    release, own = reference_space("mbv3"), reference_space("mbv3", "pomonag")
    assert (release.nodes, own.nodes, own.operations) == (20, 21, 9)
    assert torch.equal(own.adjacency[1:, 1:], release.adjacency)
    assert own.adjacency[0].tolist() == own.adjacency[:, 0].tolist() == [0] + [1] * 20
    assert own.positions[1:] == release.positions == (0, 1, 2, 3) * 5
    assert own.positions[0] not in release.positions
    assert own.sigma_max == release.sigma_max == 1.0


@pytest.mark.parametrize("name", sorted(REFERENCE_SPACES))
def test_each_encoding_of_a_space_has_a_reference(name):
    space = search_space(name)
    assert set(REFERENCE_SPACES[name]) == set(space.encodings)
    for encoding in space.encodings.values():
        settings = reference_space(name, encoding.name)
        assert (settings.nodes, settings.operations) == (encoding.num_nodes, encoding.num_operations)
        assert len(settings.positions) == settings.nodes
        assert torch.equal(settings.matrix.categories, encoding.categories)
        few = space.sample(3, torch.Generator().manual_seed(0))
        assert torch.equal(settings.matrix.encode(few), encoding.encode(few))
    # Networks of different matrices never share a file.
    distinct = set(REFERENCE_SPACES[name].values())
    assert len({settings.checkpoint(Path(), "score") for settings in distinct}) == len(distinct)


def test_closure_finds_cycles():
    ring = torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert torch.equal(transitive_closure(ring), torch.ones(3, 3))


def test_unknown_space_suggests_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        reference_space("nb2O1")
    with pytest.raises(UserError, match="Did you mean 'pomonag'"):
        reference_space("mbv3", "pomonags")
