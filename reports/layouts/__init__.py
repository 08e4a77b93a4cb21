"""The paper's tables as it lays them out, with ours beside every number: data for the page and for files."""

from __future__ import annotations

from collections.abc import Sequence

from reports.judgement import Judged
from reports.layouts import pipelines, results, settings, text_numbers
from reports.layouts.layout import PaperTable, Places

NAMES = ("1", "2", "3", "4", "5", "6", "7", "8", "text", "settings")
"""The tables by their name, in the order of `paper_tables`."""


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
