"""The paper as the rules read it: its numbers, and typed facts of its text, each with its place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pomonag.errors import UserError, unknown_name
from reports import paper_numbers
from reports.paper_numbers import PaperNumber

STATEMENTS = Path(__file__).parent / "statements.toml"


@dataclass(frozen=True)
class Statement:
    """One fact: `value` is None where the paper does not say; `place` is in the paper, or the source outside it."""

    value: Any
    place: str


@dataclass(frozen=True)
class Paper:
    """What is checked. Rules read numbers by their columns and statements by name, and nothing else of the paper."""

    numbers: tuple[PaperNumber, ...]
    statements: Mapping[str, Statement]

    def rows(self, **columns: str | tuple[str, ...]) -> tuple[PaperNumber, ...]:
        """The numbers whose columns hold the given value, or one of the given values; in the file's order.

        `paper.rows(table="4", method="POMONAG", metric=("validity", "novelty"))`
        """
        wanted = {name: (value,) if isinstance(value, str) else value for name, value in columns.items()}
        return tuple(n for n in self.numbers if all(getattr(n, name) in values for name, values in wanted.items()))

    def row(self, **columns: str) -> PaperNumber:
        """The one number of these columns. Raises UserError if there is none or more than one."""
        found = self.rows(**columns)
        if len(found) != 1:
            asked = ", ".join(f"{name}={value}" for name, value in columns.items())
            raise UserError(
                f"the paper's numbers have {len(found)} rows with {asked}; the rules need exactly one. "
                f"Mend {paper_numbers.PATH.name}."
            )
        return found[0]

    def said(self, name: str) -> Any:
        """The value of a statement, None where the paper does not say."""
        if name not in self.statements:
            raise unknown_name("statement of the paper", name, self.statements)
        return self.statements[name].value


def load_statements(path: Path | str = STATEMENTS) -> Mapping[str, Statement]:
    """The statements of a TOML file: a table each, with `place` and, unless the paper does not say it, `value`."""
    path = Path(path)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}. Expected TOML with one table a statement.") from error
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("place"), str) or set(entry) - {"value", "place"}:
            raise UserError(
                f"{path}, statement {name!r}: got {entry!r}; expected a table with `place` (a text) and `value`, the "
                "latter left out where the paper does not say it"
            )
    return MappingProxyType({name: Statement(entry.get("value"), entry["place"]) for name, entry in entries.items()})


def load_paper() -> Paper:
    """The paper as shipped: `paper_numbers.csv` and `statements.toml`."""
    return Paper(tuple(paper_numbers.load()), load_statements())
