"""The figures of both meta-datasets' data cards, computed anew from the rows that ship."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from reports.layouts.results import SPACES


@dataclass(frozen=True)
class DataCard:
    """Sentences, and a table of the labels' reliability and fidelity; or what is `missing`."""

    label: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    missing: str = ""


@functools.cache
def data_cards() -> tuple[DataCard, ...]:
    """A card for each space."""
    return tuple(_card(space, label) for space, label in SPACES.items())


def _card(space: str, label: str) -> DataCard:
    # Pandas and SciPy: not for whoever only lists what there is.
    from pomonag.meta_dataset.data_card import figures
    from pomonag.meta_dataset.schema import SHIPPED, shard_paths

    folder = SHIPPED / space
    if not shard_paths(folder):
        return DataCard(label, missing=f"No measured rows of {space} ship with this version.")
    return card_of(label, figures(folder))


def card_of(label: str, markdown: str) -> DataCard:
    """The card's Markdown, a list and a table, as data.

    >>> card = card_of("a", "- one\\n- two\\n\\n| label | r |\\n|---|---|\\n| loss | 0.87 |")
    >>> card.lines, card.head, card.rows
    (('one', 'two'), ('label', 'r'), (('loss', '0.87'),))
    """
    lines = markdown.splitlines()
    cells = [tuple(part.strip() for part in line.strip("|").split("|")) for line in lines if line.startswith("|")]
    head, _, *rows = cells
    return DataCard(label, tuple(line.removeprefix("- ") for line in lines if line.startswith("- ")), head, tuple(rows))
