"""The paper's tables as it lays them out, with ours beside every number: data for the page and for files."""

from __future__ import annotations

from collections.abc import Sequence

from pomonag.errors import unknown_name
from reports.evidence import Evidence
from reports.judgement import Judged, judge_all
from reports.layouts import pipelines, results, settings, text_numbers
from reports.layouts.layout import PaperTable, Places


def paper_tables(judged: Sequence[Judged]) -> list[PaperTable]:
    """Tables 1 to 8, the numbers in the text, the settings. `judged` are all of the paper's results."""
    places = Places(judged)
    return [
        results.table_1(places),
        results.table_2(places),
        results.table_3(places),
        results.table_4(places),
        results.table_5(places),
        results.table_6(places),
        pipelines.table_7(),
        pipelines.table_8(),
        text_numbers.numbers_in_the_text(places),
        settings.settings_table(),
    ]


def judged_tables(evidence: Evidence, names: Sequence[str] = ()) -> list[PaperTable]:
    """The tables from evidence: those of these names (`4`, `text`), or all. UserError for a name that none has."""
    tables = paper_tables(judge_all(evidence))
    known = {table.name: table for table in tables}
    if unknown := [name for name in names if name not in known]:
        raise unknown_name("table of the paper", unknown[0], known)
    return [known[name] for name in dict.fromkeys(names)] if names else tables
