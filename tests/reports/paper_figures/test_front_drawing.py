import re
import xml.etree.ElementTree as ET

import pytest

from reports.evidence import Evidence
from reports.paper_figures import front_drawing
from reports.paper_figures.front_panels import FrontPanel, Marked, PanelKey, Point, panel, panel_keys
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import PRINT, page_svg, write_file

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '<script>alert("x")</script>'


def a_panel(seeds=3, low=80.0, architecture="|a|"):
    fronts = tuple(
        tuple(Point(f"{architecture}{i}", c, y, y, seed) for i, (c, y) in enumerate(((0.1, low), (0.5, 92), (1.2, 94))))
        for seed in range(seeds)
    )
    marked = {name: Marked(tuple(front[i] for front in fronts)) for i, name in enumerate(("eff", "bal", "acc"))}
    marked["diffusionnag"] = Marked((Point("|d|", 1.3, 93.5, 90.0, 0),))
    key = PanelKey("nb201", "cifar10", "params")
    return FrontPanel(key, fronts, marked, "pixel3", False, ())


def titles_of(svg):
    return [title.text for title in ET.fromstring(svg).iter(f"{SVG}title")]


def test_every_point_says_its_architecture_accuracy_and_cost_when_hovered():
    svg = page_svg(front_drawing.single(a_panel()), "a")
    titles = titles_of(svg)
    assert sum(title.startswith("POMONAG, seed") for title in titles) == 9
    assert "POMONAG, seed 1\n|a|2\naccuracy by look-up 94.00 % (predicted 94.00)\nparams 1.2 M" in titles
    assert {title.split(",")[0] for title in titles} == {"POMONAG", "Eff", "Bal", "Acc", "DiffusionNAG"}


def test_colours_are_the_pages():
    svg = page_svg(front_drawing.single(a_panel()), "a")
    for role in ("front", "eff", "bal", "acc", "diffusionnag"):
        assert f"var(--f-{role})" in svg
    assert not re.search(r"#0b00[0-9a-f]{2}", svg)
    assert not re.search(r"#(?!a-)[0-9a-f]{6}\b", svg)


def test_methods_have_markers_of_their_own():
    assert len(set(front_drawing.MARKERS.values())) == len(front_drawing.MARKERS)


def test_points_at_chance_level_are_left_out_with_their_titles():
    panel_ = a_panel()
    chance = (Point("|none|", 0.05, 10.0, 70.0, 9), *panel_.fronts[0][1:])
    shown = FrontPanel(panel_.key, (chance,), panel_.marked, "pixel3", False, ())
    assert front_drawing.limits(shown)[0] > 50
    assert not any("|none|" in title for title in titles_of(page_svg(front_drawing.single(shown), "a")))


def test_intervals_need_three_seeds():
    def lines(seeds):
        figure, _ = front_drawing.single(a_panel(seeds))(PRINT)
        return {line.get_gid(): line for line in figure.axes[0].lines if str(line.get_gid()).endswith("-interval")}

    assert lines(2) == {}
    shown = a_panel()
    assert {gid.split("-")[-2] for gid in lines(3)} == {"eff", "bal", "acc"}
    x, y = lines(3)[f"{shown.key.id}-bal-interval"].get_data()
    summary = shown.marked["bal"].accuracy
    assert (y[3], y[4]) == (summary.mean - summary.ci95, summary.mean + summary.ci95)
    assert x[0] == x[1] == 0.5


def test_reported_values_are_dashed_and_named():
    from reports.paper_figures.front_panels import reported_by_the_paper

    known = a_panel()
    shown = FrontPanel(known.key, known.fronts, known.marked, "pixel3", False, reported_by_the_paper(known.key))
    svg = page_svg(front_drawing.single(shown), "a")
    assert "The paper reports 94.37 ± 0.00 % for DiffusionNAG (Table 2)" in titles_of(svg)
    assert "The paper reports 95.42 ± 0.12 % for POMONAG-Acc (Table 2)" in titles_of(svg)
    assert svg.count("stroke-dasharray") >= 2


def test_what_is_printed_is_escaped():
    assert "<script>" not in page_svg(front_drawing.single(a_panel(architecture=EVIL)), "a")


@pytest.mark.parametrize("format_name", ["svg", "pdf"])
def test_files_are_the_same_each_time(tmp_path, format_name):
    paths = [tmp_path / name / f"panel.{format_name}" for name in ("a", "b")]
    for path in paths:
        write_file(front_drawing.single(a_panel()), path, format_name)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert len(paths[0].read_bytes()) > 1000


def test_the_whole_figure_has_a_place_for_each_panel(tmp_path):
    panels = [(key, panel(Evidence([]), key)) for key in panel_keys("nb201")]
    panels[0] = (panels[0][0], a_panel())
    assert all(isinstance(found, Missing) for _, found in panels[1:])
    write_file(front_drawing.whole(panels), tmp_path / "figure3.svg", "svg")
    texts = [text.text for text in ET.parse(tmp_path / "figure3.svg").iter(f"{SVG}text")]
    assert {key.label for key, _ in panels} <= set(texts)
    assert sum("NOT RUN" in (text or "") for text in texts) == 44
