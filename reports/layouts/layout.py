"""What a table of the paper is made of: rows and column groups as printed, and what stands in each place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reports.judgement import Judged
from reports.number_texts import interval_text
from reports.paper_numbers import PaperNumber

SETTING = "SETTING"
DASH = "–"
MOST_NAMED = 4


@dataclass(frozen=True)
class PaperEntry:
    """A result of the paper with ours and the verdict. `beside` is our setting where the paper's number is one."""

    cell: Judged
    beside: str = ""

    @property
    def paper(self) -> str:
        """The paper's number as printed."""
        return printed(self.cell.cell.number)

    @property
    def ours(self) -> str:
        """Mean ± 95 % half-width, or our setting; empty where there is none."""
        return self.beside if self.cell.number is None else interval_text(self.cell.number)

    @property
    def seeds(self) -> str:
        """`n = 3`; empty where there is no measured value."""
        return "" if self.cell.number is None else f"n = {self.cell.number.summary.n}"

    @property
    def word(self) -> str:
        """The verdict's name, or SETTING where there is none to give."""
        return SETTING if self.cell.verdict is None else str(self.cell.verdict.name)

    @property
    def style(self) -> str:
        """The name of its colour in the page's style."""
        return "v-" + self.word.lower().replace(" ", "-")

    @property
    def fragile(self) -> bool:
        """Whether another reading of the paper's ± gives another verdict."""
        return self.cell.verdict is not None and self.cell.verdict.fragile

    @property
    def reason(self) -> str:
        """Why, in words; empty for settings."""
        return "" if self.cell.verdict is None else self.cell.verdict.reason

    @property
    def caveats(self) -> tuple[str, ...]:
        """The rules that annotate the paper's number and other remarks on the comparison."""
        return () if self.cell.verdict is None else self.cell.verdict.caveats

    @property
    def why(self) -> str:
        """Reason and caveats in one line."""
        return "; ".join(filter(None, (self.reason, *self.caveats)))


@dataclass(frozen=True)
class Printed:
    """A text in the place of a result: a setting, or what the paper prints where it has no number."""

    text: str


Entry = PaperEntry | Printed


@dataclass(frozen=True)
class Column:
    """A heading, the heading above it that it shares with its neighbours, and a remark (the paper's citation)."""

    label: str
    group: str = ""
    remark: str = ""

    @property
    def full(self) -> str:
        """Both headings in one line."""
        return f"{self.group}: {self.label}" if self.group else self.label

    @property
    def named(self) -> str:
        """The heading with its remark."""
        return f"{self.label}, {self.remark}" if self.remark else self.label


@dataclass(frozen=True)
class Stub:
    """A row's label. One that spans rows has their number as `span`; the rows below it repeat it with a span of 0."""

    label: str
    span: int = 1
    remark: str = ""

    @property
    def named(self) -> str:
        """The label with its remark."""
        return f"{self.label}, {self.remark}" if self.remark else self.label


@dataclass(frozen=True)
class Row:
    """Labels, and an entry for each column."""

    stubs: tuple[Stub, ...]
    entries: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """The labels in one line."""
        return ", ".join(stub.label for stub in self.stubs)


@dataclass(frozen=True)
class Reason:
    """A verdict with its reason, or a caveat (no word), and the places that have it."""

    word: str
    style: str
    text: str
    places: tuple[str, ...]

    @property
    def where(self) -> str:
        """The places by name where they are few, else their number."""
        return "; ".join(self.places) if len(self.places) <= MOST_NAMED else f"{len(self.places)} numbers"


@dataclass(frozen=True)
class PaperTable:
    """A table as laid out in the paper. `name` is its number, `text` or `settings`; every row has all columns."""

    name: str
    title: str
    caption: str
    stubs: tuple[Column, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if (len(row.stubs), len(row.entries)) != (len(self.stubs), len(self.columns)):
                raise ValueError(f"row {row.label!r} of {self.title!r} has not one entry for each column")

    @property
    def id(self) -> str:
        """Its anchor, and the name of its files."""
        return f"table{self.name}" if self.name.isdigit() else self.name

    @property
    def heading(self) -> str:
        """`Table 4: generation metrics`."""
        return f"Table {self.name}: {self.title}" if self.name.isdigit() else self.title

    @property
    def entries(self) -> Iterator[tuple[Row, Column, Entry]]:
        """Every place with its row and column."""
        for row in self.rows:
            for column, entry in zip(self.columns, row.entries):
                yield row, column, entry

    @property
    def judged(self) -> bool:
        """Whether it holds results, and not settings alone."""
        return any(isinstance(entry, PaperEntry) for _, _, entry in self.entries)

    @property
    def grouped(self) -> bool:
        """Whether columns share headings."""
        return any(column.group for column in (*self.stubs, *self.columns))

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The shared headings from left to right, with the number of columns below each."""
        return grouping(self.columns)

    @property
    def stub_groups(self) -> list[tuple[str, int]]:
        """The same of the labels' columns."""
        return grouping(self.stubs)

    @property
    def reasons(self) -> list[Reason]:
        """Why the verdicts are what they are, each reason once, the most frequent first."""
        return self._collected(lambda entry: [(entry.word, entry.style, entry.reason)] if entry.reason else [])

    @property
    def caveats(self) -> list[Reason]:
        """The caveats of its numbers, each once, the most frequent first."""
        return self._collected(lambda entry: [("", "", caveat) for caveat in entry.caveats])

    def _collected(self, said: Callable[[PaperEntry], list[tuple[str, str, str]]]) -> list[Reason]:
        places: dict[tuple[str, str, str], list[str]] = {}
        for row, column, entry in self.entries:
            if isinstance(entry, PaperEntry):
                for key in said(entry):
                    places.setdefault(key, []).append(f"{row.label}, {column.full}")
        found = [Reason(*key, tuple(where)) for key, where in places.items()]
        return sorted(found, key=lambda reason: -len(reason.places))


def grouping(columns: Iterable[Column]) -> list[tuple[str, int]]:
    """Runs of one shared heading.

    >>> grouping([Column("a", "x"), Column("b", "x"), Column("c")])
    [('x', 2), ('', 1)]
    """
    return [(group, len(list(run))) for group, run in itertools.groupby(columns, key=lambda column: column.group)]


def spanning(label: str, count: int) -> list[Stub]:
    """One label for `count` rows."""
    return [Stub(label, count), *[Stub(label, 0)] * (count - 1)]


def printed(number: PaperNumber) -> str:
    """The number with what the source text shows of a half-width that is cut off, and the unit of times.

    A mark of omission stands for the digits that are not there.
    """
    text = number.text
    if number.note.startswith("ci95 cut off"):
        visible = re.search(r"visible: (\S+)", number.note)
        text += f" ± {visible[1].rstrip('.') if visible else ''}…"
    # A minus, not a hyphen.
    return (f"{text} s" if number.unit == "s" else text).replace("-", "−")


class Places:
    """The judged results by what they are about, in the spelling of `paper_numbers.csv`."""

    def __init__(self, judged: Sequence[Judged]):
        self._by_key = {self._key(one.cell.number): one for one in judged}

    @staticmethod
    def _key(n: PaperNumber) -> tuple[str, ...]:
        return (n.table, n.method, n.space, n.dataset, n.metric, n.statistic)

    def __call__(
        self, table: str, method: str, space: str, dataset: str, metric: str, statistic: str = "mean", beside: str = ""
    ) -> PaperEntry:
        """The entry of one result. Raises KeyError where the paper has none."""
        return PaperEntry(self._by_key[table, method, space, dataset, metric, statistic], beside)
