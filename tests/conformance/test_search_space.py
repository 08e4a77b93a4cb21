"""What every search space promises; a new space is tested by being registered."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.spaces import SPACES, EnumerableSpace
from pomonag.spaces.encoding import Invalid, generator_of

torch.set_num_threads(1)


@pytest.fixture(params=sorted(SPACES))
def space(request):
    return search_space(request.param)


def test_sampling_repeats_by_seed_and_varies(space):
    first = space.sample(64, generator_of(0))
    assert first == space.sample(64, generator_of(0))
    assert first != space.sample(64, generator_of(1))
    assert len(first) == 64
    assert space.sample(0, generator_of(0)) == []
    assert len(set(first)) > 50


def test_architectures_are_frozen_hashable_and_named_by_their_string(space):
    for architecture in space.sample(32, generator_of(2)):
        assert dataclasses.is_dataclass(architecture)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(architecture, dataclasses.fields(architecture)[0].name, None)
        again = space.parse(str(architecture))
        assert again == architecture
        assert hash(again) == hash(architecture)


@pytest.mark.parametrize("text", ["", "no architecture", "|", "0-0-0"])
def test_nonsense_is_no_architecture(space, text):
    with pytest.raises(UserError):
        space.parse(text)


def test_mutants_differ_and_stay_in_the_space(space):
    generator = generator_of(3)
    for architecture in space.sample(32, generator):
        mutant = space.mutate(architecture, generator)
        assert mutant != architecture
        assert space.parse(str(mutant)) == mutant


def test_every_encoding_round_trips(space):
    for name, encoding in space.encodings.items():
        architectures = space.sample(32, generator_of(4))
        x = encoding.encode(architectures)
        assert encoding.name == name
        assert x.shape == (32, encoding.num_nodes, encoding.num_operations)
        assert x.dtype == torch.float32
        assert set(x.unique().tolist()) <= {0.0, 1.0}
        # An encoding may leave a decision out (the 20 x 9 one has no width): then it round-trips what it holds.
        decoded = encoding.decode(x)
        assert not any(isinstance(item, Invalid) for item in decoded)
        assert torch.equal(encoding.encode(decoded), x)
        assert encoding.attention_mask.shape == (encoding.num_nodes, encoding.num_nodes)
    assert space.encoding.decode(space.encoding.encode(architectures)) == architectures


def test_every_matrix_follows_one_pattern_of_each_group_of_rows(space):
    for encoding in space.encodings.values():
        x = encoding.encode(space.sample(64, generator_of(9)))
        is_category = (x.unsqueeze(2) == encoding.categories).all(-1)
        assert (is_category.sum(-1) == 1).all()
        seen: list[int] = []
        for group in encoding.patterns:
            fits = (is_category[:, list(group.rows)].unsqueeze(1) & group.admissible).any(-1).all(-1)
            assert (fits.sum(1) == 1).all()
            seen += group.rows
        assert len(seen) == len(set(seen))


def test_noise_decodes_to_an_architecture_or_a_reason(space):
    for encoding in space.encodings.values():
        shape = (200, encoding.num_nodes, encoding.num_operations)
        for item in encoding.decode(torch.rand(shape, generator=generator_of(5))):
            if isinstance(item, Invalid):
                assert 0 <= item.row < encoding.num_nodes
                assert item.rule
            else:
                assert space.parse(str(item)) == item


def test_costs_are_integers_alone_and_in_a_batch(space):
    architectures = space.sample(16, generator_of(6))
    costs = space.cost(architectures, classes=7)
    assert costs.params.dtype == costs.macs.dtype == np.int64
    for i, architecture in enumerate(architectures):
        alone = space.cost([architecture], space.skeleton_type(classes=7))
        assert (alone.params[0], alone.macs[0]) == (costs.params[i], costs.macs[i])
    assert (space.cost(architectures, classes=8).params > costs.params).all()


def test_costs_are_those_of_the_built_network(space):
    for architecture in space.sample(2, generator_of(7)):
        network = space.build(architecture, classes=7).eval()
        costs = space.cost([architecture], classes=7)
        side = space.skeleton_type().resolution
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            assert network(torch.zeros(1, 3, side, side)).shape == (1, 7)
        assert costs.params[0] == sum(p.numel() for p in network.parameters())
        assert 2 * costs.macs[0] == counter.get_total_flops()


def test_equivalence_keys_depend_on_the_architecture_alone(space):
    architectures = space.sample(64, generator_of(8))
    keys = [space.equivalence_key(a) for a in architectures]
    assert keys == [space.equivalence_key(space.parse(str(a))) for a in architectures]
    assert len(set(keys)) > 32


def test_enumeration_where_it_is_offered(space):
    if not isinstance(space, EnumerableSpace):
        pytest.skip(f"{space.name} has {space.size:.2g} architectures and is not listed whole")
    architectures = space.enumerate()
    assert len(architectures) == len(set(architectures)) == space.size
    assert np.array_equal(space.positions(architectures), np.arange(space.size))
