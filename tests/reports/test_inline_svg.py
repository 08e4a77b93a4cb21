import pytest
from matplotlib.figure import Figure

from reports.inline_svg import inline, svg_text


def a_figure():
    figure = Figure()
    figure.add_subplot().plot([1, 2], [1, 2], ".", gid="points")
    return figure


def test_titles_stand_in_their_markers():
    svg = svg_text(a_figure(), {"points": ["<one>", "two"]})
    assert svg.count("<title>") == 2
    assert "<title>&lt;one&gt;</title>" in svg


def test_as_many_titles_as_markers_are_needed():
    with pytest.raises(ValueError, match="1 titles for 2 markers"):
        svg_text(a_figure(), {"points": ["one"]})


def test_a_page_gets_its_own_ids_and_no_style():
    svg = inline(svg_text(a_figure(), {"points": ["a", "b"]}), "mine", {"#1f77b4": "var(--c)"})
    assert svg.startswith("<svg")
    assert "var(--c)" in svg
    assert 'id="mine-' in svg
    assert "<style" not in svg
    assert "<metadata" not in svg
