"""The paper's settings side by side with ours; settings get no verdict."""

from __future__ import annotations

from reports.layouts.layout import DASH, Column, PaperTable, Printed, Row, Stub
from reports.layouts.our_settings import key_of, our_settings
from reports.layouts.results import SPACES
from reports.paper_numbers import PaperNumber, load

_UNITLESS = "1"
_SAYING_NOTHING = ("count", "value", "share", "probability", "confidence", "approximate", "used")


def paper_settings() -> list[PaperNumber]:
    """The rows of `paper_numbers.csv` that are settings and no results, in the order of the file."""
    return [number for number in load() if number.note.startswith("setting")]


def settings_table() -> PaperTable:
    """One row a setting."""
    ours = our_settings()
    rows = []
    for number in paper_settings():
        place, _, remark = number.note.removeprefix("setting;").strip().partition(";")
        stubs = (
            Stub(what(number), remark=remark.strip()),
            Stub(f"{number.method}, {SPACES.get(number.space, 'both spaces')}"),
            Stub(place),
        )
        rows.append(Row(stubs, (Printed(value_text(number)), Printed(ours.get(key_of(number), DASH)))))
    return PaperTable(
        "settings",
        "Settings",
        "What the paper says it ran with. Ours is read from the code; –: we have no such setting.",
        (Column("Setting"), Column("Of"), Column("Place")),
        (Column("Paper"), Column("Ours")),
        tuple(rows),
    )


def what(number: PaperNumber) -> str:
    """The metric in words, its statistic where it says something, its unit where the words do not.

    >>> [what(number) for number in paper_settings()[3:6]]
    ['classes per task', 'split train, %', 'split validation, %']
    """
    words = number.metric.replace("_", " ")
    if number.statistic not in _SAYING_NOTHING:
        words = f"{words}, {number.statistic.replace('_', ' ')}"
    known = number.unit == _UNITLESS or number.unit in words
    return words if known else f"{words}, {number.unit}"


def value_text(number: PaperNumber) -> str:
    """The value as the paper prints it: whole numbers whole, powers of ten as such.

    >>> from dataclasses import replace
    >>> size = next(n for n in paper_settings() if n.metric == "space_size" and n.space == "mbv3")
    >>> value_text(size), value_text(replace(size, value=15625.0)), value_text(replace(size, value=0.005))
    ('1 × 10^19', '15,625', '0.005')
    """
    if number.value >= 1e15:
        mantissa, exponent = f"{number.value:e}".split("e+")
        return f"{float(mantissa):g} × 10^{exponent}"
    return f"{number.value:,.0f}" if number.value.is_integer() else f"{number.value:g}"
