import re
import xml.etree.ElementTree as ET

from reports.figures import FrontPoints, front_picture, front_points

POINTS = FrontPoints([0.1, 0.5, 1.2], [80.0, 92.0, 94.0], {"eff": 0, "bal": 1, "acc": 2})


def test_the_picture_is_svg_that_takes_its_colours_from_the_page():
    svg = front_picture({"pomonag": POINTS, "true-front": POINTS}, "params, M", "front-a")
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    assert "var(--c-pomonag)" in svg
    assert "currentColor" in svg
    assert not re.search(r"#0[0-9a-f]{5}", svg)
    assert "<style" not in svg
    assert "font-family" not in svg
    assert {"Eff", "Bal", "Acc", "params, M"} <= {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}


def test_two_pictures_share_no_ids_and_refer_to_their_own():
    pictures = [front_picture({"pomonag": POINTS, "nsga2": POINTS}, "ms", name) for name in ("front-a", "front-b")]
    ids = [set(re.findall(r' id="([^"]+)"', picture)) for picture in pictures]
    assert ids[0]
    assert not ids[0] & ids[1]
    for own, picture in zip(ids, pictures):
        used = set(re.findall(r"url\(#([^)]+)\)", picture)) | set(re.findall(r'href="#([^"]+)"', picture))
        assert used <= own


def test_a_picture_is_the_same_each_time():
    assert front_picture({"pomonag": POINTS}, "ms", "a") == front_picture({"pomonag": POINTS}, "ms", "a")


def test_points_at_chance_level_do_not_flatten_the_picture():
    low = FrontPoints([0.05, 0.5], [10.0, 92.0], {})
    svg = front_picture({"nsga2": low, "true-front": POINTS}, "ms", "a")
    labels = re.findall(r">(\d+)</text>", svg)
    assert min(int(label) for label in labels if int(label) > 5) >= 75


def test_points_of_a_record(made_up):
    points = front_points(made_up.fronts(), "params")
    assert points.cost == [0.1, 0.5, 1.2]
    assert points.chosen["acc"] == 2
    assert front_points({}, "params") is None
    assert front_points({"fronts": {"params": {"points": []}}}, "params") is None
