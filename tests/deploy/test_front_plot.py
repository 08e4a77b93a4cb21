import copy

import numpy as np
import pytest
from PIL import Image

from pomonag.deploy.front_plot import FORMATS, check_plot_path, draw_front, front_figure
from pomonag.errors import UserError


def test_a_panel_for_each_cost_with_the_front_and_the_three_configurations(example_result):
    axes = front_figure(example_result).axes
    assert [panel.get_xlabel() for panel in axes] == [
        "parameters (million)",
        "multiply-accumulates (million)",
        "latency (ms)",
    ]
    line = axes[0].get_lines()[0].get_xydata()
    assert np.allclose(line, [[0.09, 92], [0.6, 93], [1.22, 94]])
    offsets = {marks.get_label(): np.asarray(marks.get_offsets()) for marks in axes[2].collections}
    assert np.allclose(offsets["generated"], [[9.5, 94], [6.25, 93], [3, 92]])
    assert np.allclose(offsets["Acc"], [[9.5, 94]])
    assert np.allclose(offsets["Bal"], [[6.25, 93]])
    assert np.allclose(offsets["Eff"], [[3, 92]])


@pytest.mark.parametrize("ending", FORMATS)
def test_files(tmp_path, ending, example_result):
    draw_front(example_result, tmp_path / f"front{ending}")
    assert (tmp_path / f"front{ending}").stat().st_size > 1000
    assert len(list(tmp_path.iterdir())) == 1
    if ending == ".png":
        assert Image.open(tmp_path / "front.png").size[0] > 1000


def test_without_latencies_or_architectures(example_result):
    result = example_result
    for entry in result["architectures"]:
        entry["latency_ms"] = None
    result["fronts"]["latency_ms"] = []
    for chosen in result["configurations"].values():
        chosen.pop("latency_ms")
    assert len(front_figure(result).axes) == 3
    empty = copy.deepcopy(result)
    empty.update(architectures=[], fronts={}, configurations={"acc": {}, "bal": {}, "eff": {}})
    assert front_figure(empty).axes == []


def test_other_endings(tmp_path):
    with pytest.raises(UserError, match=r"expected a file that ends with \.png"):
        check_plot_path(tmp_path / "front.doc")
