import xml.etree.ElementTree as ET
from pathlib import Path

from reports.paper_figures import framework
from reports.paper_figures.palette import page_svg, write_file

DRAWING = Path(__file__).parents[3] / "docs" / "framework.svg"


def texts(root):
    return sorted("".join(text.itertext()).split() for text in root.iter("{http://www.w3.org/2000/svg}text"))


def test_it_shows_the_parts_of_the_method():
    words = " ".join(" ".join(words) for words in texts(ET.fromstring(page_svg(framework.draw, "figure1"))))
    parts = ("Image encoder", "Score network", "Accuracy ↑", "Latency ↓", "Pareto Front Stretching", "Filtering", "Bal")
    for part in parts:
        assert part in words


def test_the_drawing_of_the_documentation_is_the_codes(tmp_path):
    write_file(framework.draw, tmp_path / "framework.svg", "svg")
    assert texts(ET.parse(DRAWING)) == texts(ET.parse(tmp_path / "framework.svg"))
