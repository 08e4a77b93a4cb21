import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pomonag.meta_dataset.schema import meta_dataset
from reports.paper_figures import histograms
from reports.paper_figures.histograms import Distribution
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import page_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("metric", histograms.METRICS)
def test_every_measured_row_counts_once(metric):
    found = histograms.distribution("nb201", metric)
    rows = meta_dataset("nb201")[histograms.METRICS[metric][0]].notna().sum()
    assert len(found.values) == rows
    titles = [t.text for t in ET.fromstring(page_svg(histograms.single(found), "a")).iter(f"{SVG}title")]
    assert len(titles) == histograms.BINS
    assert sum(int(title.rsplit(" ", 1)[1]) for title in titles) == rows


def test_costs_are_in_millions():
    assert 0.07 < histograms.distribution("nb201", "params").values.min() < 1.6
    assert 7 < histograms.distribution("nb201", "macs").values.min() < 221


def test_lite_accuracies_are_called_so():
    assert "lite" in histograms.distribution("nb201", "accuracy").label


def test_statistics():
    found = Distribution("a", "b", "c", np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    expected = {"n": 5, "mean": 3, "sd": 2.5**0.5, "min": 1, "25 %": 2, "median": 3, "75 %": 4, "max": 5}
    assert found.statistics == pytest.approx(expected)


def test_the_other_space_is_missing():
    assert isinstance(histograms.distribution("mbv3", "params"), Missing)


def test_without_the_table_its_accuracies_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    histograms.after_200_epochs.cache_clear()
    found = histograms.after_200_epochs("cifar10", "CIFAR-10")
    histograms.after_200_epochs.cache_clear()
    assert isinstance(found, Missing)
    assert "POMONAG_DATA_DIR" in found.text
