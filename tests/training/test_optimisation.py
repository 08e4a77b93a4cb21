"""Rates against closed forms, updates against arithmetic, early stopping against a list."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from pomonag.training.optimisation import EarlyStopping, Precision, make_optimiser, make_scheduler
from pomonag.training.pipeline import TrainingPipeline

BASE = TrainingPipeline(epochs=10, learning_rate=0.4)


def rates(pipeline, steps_an_epoch=5):
    """The rate of every update, and the one after the last."""
    optimiser = make_optimiser([nn.Parameter(torch.zeros(1))], pipeline)
    scheduler = make_scheduler(optimiser, pipeline, steps_an_epoch)
    found = []
    for step in range(pipeline.epochs * steps_an_epoch):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if pipeline.schedule_unit == "step" or (step + 1) % steps_an_epoch == 0:
            scheduler.step()
    return [*found, optimiser.param_groups[0]["lr"]]


@pytest.mark.parametrize("scheduler", [None, "cosine"])
@pytest.mark.parametrize("warmup", [0, 2])
def test_rates_are_the_closed_form(scheduler, warmup):
    rising, steps = 5 * warmup, 50
    expected = [
        0.4 * (t + 1) / (rising + 1)
        if t < rising
        else 0.4 * (0.5 * (1 + math.cos(math.pi * (t - rising) / (steps - rising))) if scheduler else 1)
        for t in range(steps + 1)
    ]
    assert rates(replace(BASE, scheduler=scheduler, warmup_epochs=warmup)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("warmup", [0, 2])
def test_restarts_return_to_the_peak(warmup):
    found = rates(replace(BASE, scheduler="cosine_restarts", cycles=4, warmup_epochs=warmup))
    rising = 5 * warmup
    length = math.ceil((50 - rising) / 4)
    expected = [0.2 * (1 + math.cos(math.pi * (t % length) / length)) for t in range(50 - rising)]
    assert found[rising:50] == pytest.approx(expected, abs=1e-9)
    assert [rising + t for t in range(50 - rising) if found[rising + t] == pytest.approx(0.4)] == list(
        range(rising, 50, length)
    )


def test_a_schedule_by_epoch_changes_only_between_epochs():
    found = rates(replace(BASE, scheduler="cosine", schedule_unit="epoch"))
    for epoch in range(10):
        expected = 0.2 * (1 + math.cos(math.pi * epoch / 10))
        assert found[5 * epoch : 5 * epoch + 5] == pytest.approx([expected] * 5, abs=1e-9)
    assert found[50] == pytest.approx(0, abs=1e-9)


def after_two_steps(pipeline, gradients=(1.0, 0.5), start=1.0):
    parameter = nn.Parameter(torch.tensor([start]))
    optimiser, precision = make_optimiser([parameter], pipeline), Precision(False, torch.device("cpu"))
    for gradient in gradients:
        precision.update((parameter * gradient).sum(), optimiser, pipeline.gradient_clip)
    return parameter.item()


def test_sgd_is_momentum_with_and_without_nesterov():
    plain = replace(BASE, learning_rate=0.1, momentum=0.9, nesterov=False)
    assert after_two_steps(plain) == pytest.approx(1 - 0.1 * 1 - 0.1 * (0.9 + 0.5))
    nesterov = 1 - 0.1 * (1 + 0.9 * 1) - 0.1 * (0.5 + 0.9 * (0.9 + 0.5))
    assert after_two_steps(replace(plain, nesterov=True)) == pytest.approx(nesterov)


def test_weight_decay_is_in_the_gradient_but_for_adamw():
    for optimiser in ("sgd", "adam"):
        pipeline = replace(BASE, learning_rate=0.1, optimiser=optimiser, weight_decay=0.5, nesterov=False, momentum=0.0)
        # The decay cancels a gradient of -0.5 at 1, so nothing moves.
        assert after_two_steps(pipeline, gradients=(-0.5,)) == pytest.approx(1, abs=1e-6)
    adamw = replace(BASE, learning_rate=0.1, optimiser="adamw", weight_decay=0.5)
    assert after_two_steps(adamw, gradients=(0.0,)) == pytest.approx(1 - 0.1 * 0.5)


def test_betas_are_adams():
    adam = replace(BASE, learning_rate=0.1, optimiser="adam", betas=(0.0, 0.5))
    second = (0.5 * 0.5 * 1 + 0.5 * 0.25) / (1 - 0.25)
    assert after_two_steps(adam) == pytest.approx(1 - 0.1 - 0.1 * 0.5 / math.sqrt(second), rel=1e-5)


def test_a_gradient_is_clipped_to_its_norm():
    pipeline = replace(BASE, learning_rate=1.0, momentum=0.0, nesterov=False, gradient_clip=0.25)
    assert after_two_steps(pipeline, gradients=(8.0,)) == pytest.approx(1 - 0.25, rel=1e-4)
    assert after_two_steps(pipeline, gradients=(0.125,)) == pytest.approx(1 - 0.125, rel=1e-4)


def test_mixed_precision_on_a_cpu_is_bfloat16_without_scaling():
    layer, x = nn.Linear(2, 2), torch.ones(1, 2)
    for mixed, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        precision = Precision(mixed, torch.device("cpu"))
        with precision.autocast():
            assert layer(x).dtype == dtype
        assert not precision.scaler.is_enabled()


def test_scaled_losses_change_no_update_and_what_overflows_is_skipped():
    pipeline = replace(BASE, learning_rate=1.0, momentum=0.0, nesterov=False, gradient_clip=0.25)
    precision, parameter = Precision(True, torch.device("cpu")), nn.Parameter(torch.ones(1))
    # What CUDA's float16 gets; the scaler works on a CPU as well.
    precision.scaler = torch.amp.GradScaler("cpu")
    optimiser, scale = make_optimiser([parameter], pipeline), precision.scaler.get_scale()
    precision.update((parameter * float("inf")).sum(), optimiser, pipeline.gradient_clip)
    assert parameter.item() == 1
    assert precision.scaler.get_scale() == scale / 2
    precision.update((parameter * 0.125).sum(), optimiser, pipeline.gradient_clip)
    assert parameter.item() == pytest.approx(1 - 0.125)
    precision.update((parameter * 8).sum(), optimiser, pipeline.gradient_clip)
    assert parameter.item() == pytest.approx(1 - 0.125 - 0.25, rel=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_mixed_precision_on_cuda_is_float16_with_scaled_losses():
    precision, layer = Precision(True, torch.device("cuda")), nn.Linear(1, 1).cuda()
    with precision.autocast():
        assert layer(torch.ones(1, 1, device="cuda")).dtype == torch.float16
    assert precision.scaler.is_enabled()


def test_early_stopping_counts_from_the_first_best():
    stopping = EarlyStopping(patience=2)
    scores = [0.0, 50.0, 50.0, 40.0]
    assert [stopping.note(epoch, score) for epoch, score in enumerate(scores[:2])] == [True, True]
    assert not stopping.note(2, 50.0)
    assert not stopping.stops_after(2)
    assert not stopping.note(3, 40.0)
    assert stopping.stops_after(3)
    assert stopping.best_epoch == 1
    assert not EarlyStopping(None, best_epoch=0).stops_after(1000)
