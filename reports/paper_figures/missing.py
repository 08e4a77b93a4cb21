"""A picture that cannot be drawn: the reason in words, and as a box in its place."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.paper_numbers import PaperNumber

if TYPE_CHECKING:
    from reports.paper_figures.palette import Colours


@dataclass(frozen=True)
class Missing:
    """Why there is no picture, how to mend it, the command that then makes its numbers, and what the paper reports."""

    reason: str
    remedy: str = ""
    command: str = ""
    reported: tuple[PaperNumber, ...] = ()

    @property
    def text(self) -> str:
        """All of it in a line."""
        then = f"Then: {self.command}" if self.command else ""
        return " ".join(part for part in (f"NOT RUN: {self.reason}.", self.remedy, then) if part)


def draw_missing(axes: Any, missing: Missing, colours: Colours) -> None:
    """A tinted box with the reason."""
    axes.set_facecolor(colours["tint"])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    lines = ["NOT RUN: " + missing.reason, *(f"{n.method}: {n.text} % in the paper" for n in missing.reported)]
    text = "\n".join(part for line in lines for part in textwrap.wrap(line, 42))
    axes.text(
        0.03, 0.86, text, transform=axes.transAxes, va="top", fontsize=8.5, color=colours["soft"], linespacing=1.4
    )
