"""The shipped networks, asked about a shipped embedding: no measured data is needed."""

from __future__ import annotations

import pytest
import torch

from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.spaces import search_space

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def space():
    return search_space("nb201")


@pytest.fixture(scope="session")
def predictors(space):
    return load_predictor_set(space)


@pytest.fixture(scope="session")
def embedding():
    return load_embedding("cifar10")


@pytest.fixture(scope="session")
def condition(predictors, embedding):
    return predictors.condition(embedding, "full")


@pytest.fixture(scope="session")
def columns(predictors):
    """One head for each of the four objectives, [heads, 4]."""
    heads = [predictors.noisy.column(head) for head in ("accuracy", "params", "macs", "latency_ms")]
    return torch.nn.functional.one_hot(torch.tensor(heads), len(predictors.noisy.heads)).T.float()


@pytest.fixture
def noisy(space):
    """`noisy(n)`: noisy matrices [n, 8, 7] of random cells at mixed noise levels, and those levels [n]."""

    def draw(n):
        generator = torch.Generator().manual_seed(11)
        sigma = torch.logspace(-1, 1, n)
        clean = 2 * space.encoding.encode(space.sample(n, generator)) - 1
        return clean + sigma.view(-1, 1, 1) * torch.randn(clean.shape, generator=generator), sigma

    return draw
