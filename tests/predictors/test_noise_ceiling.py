"""Ceilings of noisy predictions: known values, and the two posteriors against each other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.predictors.noise_ceiling import BlockPosterior, WholePosterior, dependent_rows, noised
from pomonag.spaces import search_space
from pomonag.spaces.encoding import generator_of

PROCESS = NoiseProcess(0.1, 5.0)


def noise_ceiling(posterior, clean, labels, process, generator):
    """Spearman of each of labels [b, k] with its best prediction from one noisy draw of clean [b, n, v]."""
    best = posterior(*noised(clean, process, generator)).numpy()
    return [spearmanr(best[:, k], labels[:, k]).statistic for k in range(labels.shape[1])]


@pytest.fixture(scope="module")
def nb201():
    space = search_space("nb201")
    cells = space.enumerate()
    costs = space.cost(cells)
    return space, space.encoding.encode(cells), np.stack([costs.params, costs.macs], axis=1).astype(float)


def test_the_ceiling_of_params_on_nb201_is_known(nb201):
    # architecture.md §8: 0.77 for sigma 0.1-5 with t uniform.
    _, clean, labels = nb201
    drawn = torch.randint(len(clean), (3000,), generator=generator_of(1))
    found = noise_ceiling(WholePosterior(clean, labels), clean[drawn], labels[drawn], PROCESS, generator_of(2))
    assert found[0] == pytest.approx(0.77, abs=0.02)
    assert found[1] == pytest.approx(found[0], abs=0.02)  # params and MACs rank nb201 alike (PI-41)


@pytest.mark.parametrize(("sigma_max", "known"), [(1.0, 0.94), (5.0, 0.72)])
def test_the_ceiling_of_params_on_mbv3_is_known(sigma_max, known):
    # architecture.md §8, of networks of one width.
    space = search_space("mbv3")
    encoding = space.encodings["diffusionnag"]
    nets = [replace(net, width=1.0) for net in space.sample(8000, generator_of(6))]
    clean, labels = encoding.encode(nets), space.cost(nets).params[:, None].astype(float)
    posterior = BlockPosterior(encoding, clean[2000:], labels[2000:])
    assert posterior.determination[0] > 0.999  # params are a sum over slots
    process = NoiseProcess(0.1, sigma_max)
    found = noise_ceiling(posterior, clean[:2000], labels[:2000], process, generator_of(7))
    assert found[0] == pytest.approx(known, abs=0.025)


def test_by_rows_and_over_the_whole_space_agree(nb201):
    space, clean, labels = nb201
    x, sigma = noised(clean[::97], PROCESS, generator_of(3))
    blocks = BlockPosterior(space.encoding, clean, labels)
    assert blocks.blocks == [[row] for row in range(space.encoding.num_nodes)]
    assert blocks.determination == pytest.approx([1.0, 1.0], abs=1e-9)
    whole = WholePosterior(clean, labels)(x, sigma).numpy()
    np.testing.assert_allclose(blocks(x, sigma).numpy(), whole, rtol=2e-4)


def test_nothing_beats_the_posterior_mean(nb201):
    space, clean, labels = nb201
    drawn = torch.randint(len(clean), (2000,), generator=generator_of(4))
    x, sigma = noised(clean[drawn], PROCESS, generator_of(5))
    best = WholePosterior(clean, labels)(x, sigma)[:, 0].numpy()
    truth = labels[drawn][:, 0]
    rounded = space.encoding.categories[
        torch.cdist(x / 2 + 0.5, space.encoding.categories.expand(len(x), -1, -1)).argmin(-1)
    ]
    guess = WholePosterior(clean, labels)(2 * rounded - 1, torch.full_like(sigma, 0.05))[:, 0].numpy()
    assert np.mean((best - truth) ** 2) < np.mean((guess - truth) ** 2)
    assert np.mean((best - truth) ** 2) < truth.var()


class TwoRowsAlike:
    """Three rows of two categories; the second row repeats the first, the third is free."""

    num_nodes, num_operations, name = 3, 2, "made up"
    categories = torch.eye(2)


def test_dependent_rows_share_what_they_say():
    free = torch.randint(2, (4000, 2), generator=generator_of(6))
    category = torch.stack([free[:, 0], free[:, 0], free[:, 1]], dim=1)
    clean = torch.eye(2)[category]
    labels = category[:, :1].double().numpy()
    assert dependent_rows(category.numpy(), 2) == [[0, 1], [2]]
    posterior = BlockPosterior(TwoRowsAlike(), clean, labels)
    x, sigma = noised(clean, NoiseProcess(1.0, 1.0001), generator_of(7))
    found = posterior(x, sigma)[:, 0].numpy()
    # Two looks at one bit: exactly what the whole space, of four architectures, says.
    whole = WholePosterior(
        torch.eye(2)[torch.tensor([[a, a, b] for a in (0, 1) for b in (0, 1)])], np.array([[0], [0], [1], [1]])
    )
    np.testing.assert_allclose(found, whole(x, sigma)[:, 0].numpy(), atol=0.03)
    alone = np.mean((torch.sigmoid(2 * (x[:, 0, 1] - x[:, 0, 0])).numpy() - labels[:, 0]) ** 2)
    assert np.mean((found - labels[:, 0]) ** 2) < 0.8 * alone
