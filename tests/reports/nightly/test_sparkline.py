import math
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from reports.nightly.sparkline import HEIGHT, WIDTH, sparkline

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parts(values, label="cell"):
    root = ET.fromstring(sparkline(values, label))
    return root, root.find("path"), root.find("circle")


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), max_size=40))
def test_everything_stays_inside(values):
    _, path, dot = parts(values)
    numbers = [float(n) for n in path.get("d").replace("M", " ").replace("L", " ").split()]
    assert all(0 <= x <= WIDTH for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
    assert (dot is None) == (not any(map(math.isfinite, values)))


def test_up_is_up_and_gaps_are_gaps():
    _, path, dot = parts([1.0, math.nan, 2.0, 3.0])
    assert path.get("d").count("M") == 2
    first, last = float(path.get("d").split()[1].split("L")[0].split("M")[0]), float(dot.get("cy"))
    assert last < first


def test_it_takes_the_colour_of_the_text_and_escapes_its_label():
    root, path, dot = parts([1.0, 1.0], '<b a="1">')
    assert (path.get("stroke"), dot.get("fill")) == ("currentColor", "currentColor")
    assert root.get("aria-label") == '<b a="1">'
    assert float(dot.get("cy")) == HEIGHT / 2
