"""The style sheet's colours against each other, light and dark: WCAG 2.1, 1.4.3 and 1.4.11 (AA)."""

import re
from pathlib import Path

import pytest

from reports import render

TEMPLATES = Path(render.__file__).parent / "templates"
STYLE = "".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.css")))
GROUNDS = ("ground", "raised", "tint")
TEXT = ("ink", "soft", "accent", "good", "bad", "warn")


def colours(mode):
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE)
    return {name: (light, dark)[mode] for name, light, dark in pairs}


def luminance(colour):
    """Relative luminance of `#rrggbb`, by WCAG's definition."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_known_pairs():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out(mode):
    known = colours(mode)
    text = {(name, on): contrast(known[name], known[on]) for name in TEXT for on in GROUNDS}
    assert {pair: ratio for pair, ratio in text.items() if ratio < 4.5} == {}
    marks = [name for name in known if name.startswith("c-")] + ["edge"]
    assert len(marks) > 5
    assert {name: ratio for name in marks if (ratio := contrast(known[name], known["ground"])) < 3.0} == {}


def test_every_variable_that_is_used_is_declared():
    used = {name for path in TEMPLATES.iterdir() for name in re.findall(r"var\(--([\w-]+)\)", path.read_text("utf-8"))}
    assert used <= colours(0).keys()
