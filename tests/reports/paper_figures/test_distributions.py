import numpy as np
import pytest

from reports.paper_figures import distributions
from reports.paper_figures.distributions import Distribution
from reports.paper_figures.missing import Missing


def test_costs_are_in_millions():
    assert 0.07 < distributions.distribution("nb201", "params").values.min() < 1.6
    assert 7 < distributions.distribution("nb201", "macs").values.min() < 221


def test_lite_accuracies_are_called_so():
    assert "lite" in distributions.distribution("nb201", "accuracy").label


def test_statistics():
    found = Distribution("a", "b", "c", np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    expected = {"n": 5, "mean": 3, "sd": 2.5**0.5, "min": 1, "25 %": 2, "median": 3, "75 %": 4, "max": 5}
    assert found.statistics == pytest.approx(expected)


def test_both_spaces_have_rows():
    assert 2.1 < distributions.distribution("mbv3", "params").values.min() < 3
    assert 600 < distributions.distribution("mbv3", "macs").values.max() < 842


def test_a_space_without_rows_is_missing():
    found = distributions.distribution("no such space", "params")
    assert isinstance(found, Missing)
    assert "no measured rows of no such space" in found.text


def test_without_the_table_its_accuracies_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    distributions.after_200_epochs.cache_clear()
    found = distributions.after_200_epochs("cifar10", "CIFAR-10")
    distributions.after_200_epochs.cache_clear()
    assert isinstance(found, Missing)
    assert "POMONAG_DATA_DIR" in found.text
