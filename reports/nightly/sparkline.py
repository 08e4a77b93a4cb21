"""A line as small as a word: an inline SVG in the colour of the text around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT, PADDING = 96, 20, 3


def sparkline(values: Sequence[float], label: str) -> Markup:
    """The series from left to right, its last value as a dot; nights without a value are gaps.

    A series that never changes is a line through the middle. `label` is what a screen reader says.
    """
    known = [value for value in values if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    span = high - low if high - low > 1e-9 * max(1.0, abs(high)) else 0.0

    def place(i: int, value: float) -> tuple[float, float]:
        x = PADDING + (WIDTH - 2 * PADDING) * (i / (len(values) - 1) if len(values) > 1 else 0.5)
        y = PADDING + (HEIGHT - 2 * PADDING) * ((high - value) / span if span else 0.5)
        return round(x, 1), round(y, 1)

    path, pen = [], "M"
    for i, value in enumerate(values):
        if math.isfinite(value):
            x, y = place(i, value)
            path.append(f"{pen}{x:g} {y:g}")
            pen = "L"
        else:
            pen = "M"
    dot = ""
    if known:
        last = max(i for i, value in enumerate(values) if math.isfinite(value))
        x, y = place(last, values[last])
        dot = f'<circle cx="{x:g}" cy="{y:g}" r="2" fill="currentColor"/>'
    return Markup(
        f'<svg class="sparkline" role="img" aria-label="{escape(label)}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}"><path d="{" ".join(path)}" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" stroke-linejoin="round"/>{dot}</svg>'
    )
