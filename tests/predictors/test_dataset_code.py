"""The data set's code: principal components of class prototypes; separability against leaving out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from pomonag.errors import UserError
from pomonag.predictors.dataset_code import CODE_SIZE, DatasetCode, check_embedding, separability
from pomonag.predictors.embeddings import load_embedding

torch.set_num_threads(1)


def embeddings(n, classes=5, samples=4, features=12, seed=0):
    """Data sets that differ in their mean and in how far their classes lie apart."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n, classes, samples, features)
    spread = 0.5 + torch.rand(n, 1, 1, 1, generator=generator)
    level = torch.randn(n, 1, 1, features, generator=generator)
    return list(level + spread * torch.randn(shape, generator=generator))


@pytest.fixture
def code():
    found = DatasetCode(12)
    found.fit(embeddings(60))
    return found


def test_codes_of_the_fitted_data_sets_are_uncorrelated_with_unit_variance(code):
    codes = torch.stack([code(e) for e in embeddings(60)])
    assert codes.shape == (60, CODE_SIZE)
    linear = 2 * torch.atanh(codes / 2)
    torch.testing.assert_close(linear.mean(0), torch.zeros(CODE_SIZE), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(linear.T), torch.eye(CODE_SIZE), atol=1e-3, rtol=0)


def test_the_first_component_is_the_direction_of_most_variance(code):
    prototypes = [e.mean(1) for e in embeddings(60)]
    summaries = torch.stack([torch.cat([p.mean(0), p.std(0)]) for p in prototypes])
    values, vectors = torch.linalg.eigh(torch.cov(summaries.T))
    first = code.components[:, 0] / code.components[:, 0].norm()
    assert abs(float(first @ vectors[:, -1])) == pytest.approx(1, abs=1e-3)
    assert float(code.components[:, 0].norm()) == pytest.approx(float(values[-1]) ** -0.5, rel=1e-3)


def test_data_sets_unlike_all_others_stay_in_range(code):
    far = 1e4 * embeddings(1, seed=1)[0]
    assert (code(far).abs() <= 2).all()
    assert code(far).abs().max() > 1.9
    # Near the middle the code is linear.
    near = code.mean[:12] + 0.01 * torch.randn(5, 4, 12, generator=torch.Generator().manual_seed(2))
    assert code(near).isfinite().all()


def test_neither_the_order_of_classes_nor_that_of_samples_matters(code):
    one = embeddings(1, seed=3)[0]
    for shuffled in (one[[3, 0, 4, 1, 2]], one[:, [2, 0, 3, 1]]):
        torch.testing.assert_close(code(shuffled), code(one), atol=1e-5, rtol=1e-5)
        assert separability(shuffled) == separability(one)


def test_any_number_of_classes_and_samples_fits(code):
    for classes, samples in ((2, 20), (100, 3)):
        assert code(embeddings(1, classes, samples, seed=4)[0]).isfinite().all()


def test_separability_by_hand():
    # Classes around 0 and 10 on a line; the sample at 6 is nearer to 10 once it is left out of its own mean (0.5).
    embedding = torch.tensor([[[0.0], [1.0], [6.0]], [[10.0], [10.5], [9.5]]])
    assert separability(embedding) == pytest.approx(5 / 6)
    # Kept in its mean (7 / 3) it would lie at 3.67 of its own class and at 4 of the other: the leaving out decides.
    assert abs(6 - 7 / 3) < abs(6 - 10)


def test_separability_is_nearest_class_mean_with_each_sample_left_out():
    one = embeddings(1, classes=6, samples=5, features=4, seed=5)[0]
    right = 0
    for label in range(6):
        for sample in range(5):
            means = one.mean(1)
            means[label] = one[label, [i for i in range(5) if i != sample]].mean(0)
            distances = [math.dist(one[label, sample].tolist(), m.tolist()) for m in means]
            right += distances.index(min(distances)) == label
    assert 0 < right < 30  # neither trivial
    assert separability(one) == pytest.approx(right / 30)


def test_separability_of_what_is_apart_and_of_noise():
    noise = torch.randn(10, 20, 50, generator=torch.Generator().manual_seed(6))
    apart = noise + 100 * torch.eye(10, 50).unsqueeze(1)
    assert separability(apart) == 1.0
    # Ten classes that are the same: right once in ten, standard deviation 0.02.
    assert separability(noise) == pytest.approx(0.1, abs=0.07)


def test_a_hundred_classes_are_harder_to_tell_apart_than_ten():
    assert separability(load_embedding("cifar100")) < separability(load_embedding("cifar10")) < 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.rand(1, 20, 12), r"got an embedding of shape \(1, 20, 12\), expected .* at least two classes"),
        (torch.rand(3, 0, 12), r"got an embedding of shape \(3, 0, 12\)"),
        (torch.rand(3, 20, 0), r"got an embedding of shape \(3, 20, 0\)"),
        (torch.rand(20, 12), r"expected \[classes, samples, features\]"),
        (torch.full((2, 3, 4), float("nan")), "24 values that are nan or infinite"),
        (torch.tensor([[[1.0]], [[float("-inf")]]]), "1 values that are nan or infinite"),
        ([[[1.0]], [[2.0]]], "got a list as embedding"),
    ],
)
def test_what_is_no_embedding_is_explained(wrong, message):
    with pytest.raises(UserError, match=message):
        check_embedding(wrong)


def test_the_smallest_embedding_is_one():
    check_embedding(torch.rand(2, 1, 1))
    check_embedding(torch.rand(2, 1, 1).half())
