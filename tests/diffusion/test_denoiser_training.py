"""A short training already makes valid architectures, and a seed fixes it bit for bit."""

from __future__ import annotations

import pytest
import torch

from pomonag.diffusion.denoiser import Denoiser, DenoiserConfig
from pomonag.diffusion.denoiser_training import DenoiserTraining, train_denoiser, unguided_validity
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()


def test_a_hundred_steps_are_enough_for_valid_architectures_and_noise_is_not():
    told = []
    trained, took = train_denoiser(
        SPACE, training=DenoiserTraining(steps=100), progress=lambda *report: told.append(report[:2])
    )
    assert unguided_validity(trained, SPACE, 1000, seed=1) >= 0.999
    assert told == [(50, 100), (100, 100)]
    assert took["steps"] == 100
    untrained = Denoiser(SPACE.encoding, DenoiserConfig(parametrisation="score"))
    assert unguided_validity(untrained, SPACE, 200, seed=1) < 0.5


def test_the_same_seed_gives_the_same_weights_bit_for_bit():
    training = DenoiserTraining(steps=10, batch=64)
    first, again = (train_denoiser(SPACE, training=training)[0].state_dict() for _ in range(2))
    other = train_denoiser(SPACE, training=DenoiserTraining(steps=10, batch=64, seed=1))[0].state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_training_leaves_the_callers_random_state_alone():
    before = torch.random.get_rng_state()
    train_denoiser(SPACE, training=DenoiserTraining(steps=2, batch=16))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("parametrisation", ["categorical", "score"])
def test_the_loss_falls(parametrisation):
    config = DenoiserConfig(width=32, blocks=1, parametrisation=parametrisation)
    losses = [train_denoiser(SPACE, config, DenoiserTraining(steps=steps, batch=128))[1]["loss"] for steps in (1, 150)]
    assert losses[1] < losses[0]
