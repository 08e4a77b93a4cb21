import pytest

from pomonag.evaluation.latency import Latency
from pomonag.evaluation.trained import Measurement
from pomonag.records.seeds import seed_of
from pomonag.training.trainer import TrainingResult


def fake_measurement(planned):
    """Labels that depend on the row's name alone, at once."""
    value = seed_of(planned.task, planned.architecture, planned.seed) % 1000 / 1000
    latency = Latency(5 + value, 5.0, 0.1, 5.1 + value, 90, 100, 1, "cpu", 32, "percentile")
    training = TrainingResult(20 + 10 * value, 2.5 - value, 0.1 + value / 10, 2.0, 1.0, 0.9)
    return Measurement(training, latency, params=1, macs=1, train_images=3840, test_images=960)


@pytest.fixture
def measure():
    return fake_measurement
