"""The claims of `claims.csv`, each with its predicate read."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from pomonag.errors import UserError
from reports.claims.parser import parse
from reports.claims.syntax import Predicate

PATH = Path(__file__).parent / "claims.csv"
COLUMNS = ("id", "where", "sentence", "predicate", "paper_values", "profile_note")


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, where it stands, its predicate as text and as read, and how it is to be judged."""

    id: str
    where: str
    sentence: str
    text: str
    paper_values: str
    profile_note: str
    predicate: Predicate

    @property
    def counted(self) -> bool:
        """Shares are compared by a one-sided test on counts, where these are known."""
        return "one-sided test on counts" in self.profile_note

    @property
    def paired(self) -> bool:
        """Values are compared data set by data set, where several are shared."""
        return "paired over datasets" in self.profile_note

    @property
    def only_what_is_there(self) -> bool:
        """A set of data sets is narrowed to those that were measured."""
        return "the datasets that are there" in self.profile_note


@functools.cache
def load(path: Path = PATH) -> tuple[Claim, ...]:
    """All claims of the file. Raises UserError with the line or the claim's id and column of what cannot be read."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise UserError(f"{path}, line 1: got the columns {reader.fieldnames}; expected {', '.join(COLUMNS)}")
        claims: dict[str, Claim] = {}
        for row in reader:
            if None in row or None in row.values():
                raise UserError(
                    f"{path}, line {reader.line_num}: expected {len(COLUMNS)} columns. Quote a text that holds a comma."
                )
            if row["id"] in claims:
                raise UserError(f"{path}, line {reader.line_num}: the claim {row['id']} is there twice")
            claims[row["id"]] = Claim(
                id=row["id"],
                where=row["where"],
                sentence=row["sentence"],
                text=row["predicate"],
                paper_values=row["paper_values"],
                profile_note=row["profile_note"],
                predicate=parse(row["predicate"], f"{path.name}, {row['id']}, predicate"),
            )
    return tuple(claims.values())
