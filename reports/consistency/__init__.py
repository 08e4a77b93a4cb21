"""Where the paper contradicts itself or its search spaces: rules PI-01 to PI-42, each with the arithmetic behind it.

    from reports.consistency import check, load_paper
    for found in check(load_paper()): ...

Nothing is asserted: every rule computes from the numbers of `paper_numbers.csv`, the statements of `statements.toml`
and the spaces' exact costs, and is silent about a paper that has not the flaw.
"""

from __future__ import annotations

from collections.abc import Mapping

from reports.consistency import baselines, costs, encodings, generation, protocol, statistics, text, times
from reports.consistency.paper import Paper, Statement, load_paper, load_statements
from reports.consistency.rule import Inconsistency, Rule, Severity, registered

__all__ = [
    "RULES",
    "Inconsistency",
    "Paper",
    "Rule",
    "Severity",
    "Statement",
    "check",
    "load_paper",
    "load_statements",
]

# Importing a theme registers its rules.
THEMES = (generation, costs, encodings, protocol, baselines, statistics, text, times)
RULES: Mapping[str, Rule] = registered()


def check(paper: Paper) -> list[Inconsistency]:
    """What each rule finds in the paper, in the order of their ids."""
    return [found for rule in RULES.values() if (found := rule(paper)) is not None]
