import xml.etree.ElementTree as ET

import pytest

from pomonag.meta_dataset.schema import meta_dataset
from reports.paper_figures import distributions, histograms
from reports.paper_figures.palette import page_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("metric", distributions.METRICS)
def test_every_measured_row_counts_once(metric):
    found = distributions.distribution("nb201", metric)
    rows = meta_dataset("nb201")[distributions.METRICS[metric][0]].notna().sum()
    assert len(found.values) == rows
    titles = [t.text for t in ET.fromstring(page_svg(histograms.single(found), "a")).iter(f"{SVG}title")]
    assert len(titles) == histograms.BINS
    assert sum(int(title.rsplit(" ", 1)[1]) for title in titles) == rows
