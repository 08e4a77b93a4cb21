import pytest
import torch

from pomonag.reference.optimisation import ExponentialMovingAverage, cosine_factor, warmup_factor


def test_moving_average_is_the_releases(arrays):
    golden = arrays("ema_lr")
    parameter = golden["ema_param_start"].float()
    average = ExponentialMovingAverage([parameter], decay=0.9999)
    for expected in golden["ema_shadow"]:
        parameter += golden["ema_increment"].float()
        average.update([parameter])
        assert torch.allclose(average.averages[0], expected, rtol=1e-6)
    average.copy_to([parameter])
    assert torch.allclose(parameter, golden["ema_shadow"][-1], rtol=1e-6)


def test_warmup_is_the_releases(arrays):
    golden = arrays("ema_lr")
    for step, factor in zip(golden["lr_steps"].tolist(), golden["lr_factor"].tolist()):
        assert warmup_factor(step, 1000) == pytest.approx(factor)
    assert warmup_factor(0, 0) == 1


def test_cosine_falls_from_one_to_zero():
    assert [cosine_factor(step, 10) for step in (0, 5, 10)] == pytest.approx([1, 0.5, 0])
