"""The row posterior against Bayes' rule written out."""

from __future__ import annotations

import math

import pytest
import torch

from pomonag.spaces.encoding import to_network_scale
from pomonag.spaces.nasbench201 import NasBench201
from pomonag.spaces.row_posterior import RowPosterior

torch.set_num_threads(1)
SPACE = NasBench201()


@pytest.fixture
def posterior():
    found = RowPosterior(SPACE.encoding)
    found.count(SPACE.encoding.encode(SPACE.sample(500, torch.Generator().manual_seed(0))))
    return found


def test_it_equals_bayes_rule_entry_by_entry(posterior):
    clean = SPACE.encoding.encode(SPACE.sample(500, torch.Generator().manual_seed(0)))
    sigma = torch.tensor([0.3, 1.0, 4.0])
    noise = torch.randn(3, 8, 7, generator=torch.Generator().manual_seed(1))
    x = to_network_scale(clean[:3]) + sigma.view(-1, 1, 1) * noise
    found = posterior(x, sigma).softmax(-1)
    for b in range(3):
        for row in range(8):
            weights = []
            for k in range(7):
                prior = float((clean[:, row, k] == 1).sum()) + 1e-4
                category = [1.0 if v == k else -1.0 for v in range(7)]
                density = sum(
                    -((float(x[b, row, v]) - category[v]) ** 2) / (2 * float(sigma[b]) ** 2) for v in range(7)
                )
                weights.append(math.log(prior) + density)
            top = max(weights)
            expected = torch.tensor([math.exp(w - top) for w in weights])
            torch.testing.assert_close(found[b, row], expected / expected.sum(), rtol=1e-3, atol=1e-5)


def test_without_noise_it_is_certain_and_with_much_it_is_the_prior(posterior):
    clean = SPACE.encoding.encode(SPACE.sample(20, torch.Generator().manual_seed(2)))
    sure = posterior(to_network_scale(clean), torch.full((20,), 0.05)).softmax(-1)
    assert torch.equal(sure.argmax(-1), posterior.categories_of(clean))
    vague = posterior(to_network_scale(clean), torch.full((20,), 1e4)).softmax(-1)
    torch.testing.assert_close(vague, posterior.log_prior.exp().expand(20, -1, -1), rtol=1e-3, atol=1e-4)


def test_categories_are_read_back():
    clean = SPACE.encoding.encode(SPACE.sample(50, torch.Generator().manual_seed(3)))
    posterior = RowPosterior(SPACE.encoding)
    assert torch.equal(posterior.categories[posterior.categories_of(clean)], clean)
