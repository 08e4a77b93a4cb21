"""Matplotlib's SVG made fit for a page: the page's colours and fonts, ids of its own, titles that hovering shows."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
Titles = Mapping[str, Sequence[str]]
"""Texts by the gid of an artist: one for each of its markers, or one for the artist."""


def svg_text(figure: Figure, titles: Titles | None = None, *, transparent: bool = False) -> str:
    """The figure as an SVG document with a `<title>` in each marker or artist that has one, the same each time."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=transparent, metadata={"Date": None, "Creator": None})
    return _with_titles(buffer.getvalue(), titles) if titles else buffer.getvalue()


def inline(svg: str, name: str, colours: Mapping[str, str]) -> str:
    """An SVG document as an element of a page.

    `colours` maps the stand-ins that were drawn with to what the page shall see, such as CSS variables. `name` keeps
    ids apart on the page.
    """
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in colours.items():
        svg = svg.replace(stand_in, colour)
    # Matplotlib's ids (axes_1, patch_2, ...) repeat from picture to picture; only clip paths and markers are used.
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", svg))
    names = {part for pair in used for part in pair if part}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in names else "", svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s(width|height)=\"[\d.]+pt\"", "", svg, count=2)
    # Fonts and line joins come from the page's style sheet; a <style> inside would hold for the whole page.
    svg = re.sub(r" font-family: [^;\"]*;", "", svg)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    return re.sub(r"\n\s*", "\n", svg)


def _with_titles(svg: str, titles: Titles) -> str:
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)
    for group in root.iter(f"{{{_SVG}}}g"):
        texts = titles.get(group.get("id", ""))
        if not texts:
            continue
        markers = list(group.iter(f"{{{_SVG}}}use")) or [group]
        if len(markers) != len(texts):
            raise ValueError(f"{group.get('id')}: {len(texts)} titles for {len(markers)} markers")
        for marker, text in zip(markers, texts):
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = text
            marker.insert(0, title)
    return ET.tostring(root, encoding="unicode")
