"""Expected duplicates against enumeration; who is pushed by whom; what it costs."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pomonag.guidance.repulsion import BLOCK, expected_duplicates


def random_rows(n, rows=3, categories=3, seed=0, sharpness=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (sharpness * torch.randn(n, rows, categories, generator=generator)).softmax(-1)


def one_hot(*samples):
    return torch.nn.functional.one_hot(torch.tensor(samples), 3).float()


def test_samples_that_are_certain_are_counted():
    same, other = [0, 1, 2], [0, 1, 1]
    assert expected_duplicates(one_hot(same, other, same, same, other)).tolist() == [0, 0, 1, 2, 1]


def test_samples_of_earlier_batches_are_counted_too():
    same, other = [0, 1, 2], [0, 1, 1]
    earlier = one_hot(same, same, other)
    assert expected_duplicates(one_hot(same, other, same, [2, 2, 2]), earlier).tolist() == [2, 1, 3, 0]
    assert expected_duplicates(one_hot(same), earlier[:0]).tolist() == [0]


def test_a_coin_is_as_likely_to_differ():
    rows = torch.full((3, 2, 2), 0.5)
    assert expected_duplicates(rows).tolist() == [0, 0.25, 0.5]


def test_uncertain_samples_by_listing_every_outcome():
    rows = random_rows(5).double()
    outcomes = list(itertools.product(range(3), repeat=3))
    chance = [{o: math.prod(sample[r, c].item() for r, c in enumerate(o)) for o in outcomes} for sample in rows]
    expected = [sum(chance[i][o] * chance[j][o] for j in range(i) for o in outcomes) for i in range(5)]
    assert expected_duplicates(rows).tolist() == pytest.approx(expected)


def test_the_count_is_the_mean_over_draws():
    rows = random_rows(4, sharpness=2.0)
    generator = torch.Generator().manual_seed(1)
    draws = torch.multinomial(rows.flatten(0, 1), 20_000, replacement=True, generator=generator)
    draws = draws.view(4, 3, -1)
    counted = [sum((draws[i] == draws[j]).all(0).float().mean().item() for j in range(i)) for i in range(4)]
    assert expected_duplicates(rows).tolist() == pytest.approx(counted, abs=0.02)


def gradient_of(rows, earlier=None):
    leaf = rows.clone().requires_grad_(True)
    return torch.autograd.grad(expected_duplicates(leaf, earlier).sum(), leaf)[0]


def test_only_the_later_of_two_is_pushed():
    rows = random_rows(2)
    gradient = gradient_of(rows)
    assert (gradient[0] == 0).all()
    # d/dp of prod_r p_r . q_r
    agree = (rows[0] * rows[1]).sum(-1)
    for r in range(3):
        torch.testing.assert_close(gradient[1, r], rows[0, r] * agree.prod() / agree[r])


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_first_samples_do_not_know_how_many_follow(n):
    rows = random_rows(40)
    for earlier in (None, random_rows(9, seed=1)):
        torch.testing.assert_close(expected_duplicates(rows[:n], earlier), expected_duplicates(rows, earlier)[:n])
        torch.testing.assert_close(gradient_of(rows[:n], earlier), gradient_of(rows, earlier)[:n])


def test_blocks_are_independent():
    rows = random_rows(2 * BLOCK + 5, sharpness=0.1)
    found, gradient = expected_duplicates(rows), gradient_of(rows)
    for first in (0, BLOCK, 2 * BLOCK):
        block = rows[first : first + BLOCK]
        assert torch.equal(found[first : first + BLOCK], expected_duplicates(block))
        assert torch.equal(gradient[first : first + BLOCK], gradient_of(block))
        assert found[first] == 0
    assert found[BLOCK - 1] > 1


@pytest.mark.parametrize("m", [5, BLOCK + 5, 4 * BLOCK])
def test_blocks_of_earlier_batches_are_paired_with_those_of_this_one(m):
    rows, earlier = random_rows(2 * BLOCK + 5, sharpness=0.1), random_rows(m, seed=1)
    found = expected_duplicates(rows, earlier)
    for first in (0, BLOCK, 2 * BLOCK):
        block, others = rows[first : first + BLOCK], earlier[first : first + BLOCK]
        torch.testing.assert_close(found[first : first + BLOCK], expected_duplicates(block, others))
        assert (found[first] > 0) == (len(others) > 0)


class Sizes(TorchDispatchMode):
    """The numbers of entries of all tensors that are made."""

    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if isinstance(result, torch.Tensor):
            self.made.append(result.numel())
        return result


def test_memory_grows_with_the_batch_not_with_its_square():
    made = {}
    for n in (2048, 4096):
        rows = random_rows(n, rows=4)
        with Sizes() as sizes:
            gradient_of(rows, rows)
        assert max(sizes.made) <= max(BLOCK * BLOCK * 4, rows.numel())
        made[n] = sum(sizes.made)
    # Whole gradients of the batch are added up block by block; that part is small.
    assert made[4096] < 2.5 * made[2048]


def test_nothing_to_repel():
    assert expected_duplicates(random_rows(1)).tolist() == [0]
