"""Every number of the paper stands once, at its place, with what was measured for it."""

from __future__ import annotations

from collections import Counter

import pytest

from pomonag.errors import UserError
from reports.evidence import Evidence
from reports.judgement import judgements
from reports.layouts.layout import PaperEntry, Printed
from reports.margins import load as load_margins
from reports.measurements import RunKey, Value
from reports.paper_cells import paper_cells
from reports.paper_tables import judged_tables, paper_tables

ALL = ["1", "2", "3", "4", "5", "6", "7", "8", "text", "settings"]


def tables_of(evidence):
    return {table.name: table for table in paper_tables(judgements(evidence, load_margins()))}


@pytest.fixture(scope="module")
def tables():
    return tables_of(Evidence([]))


def results(table):
    return [entry for _, _, entry in table.entries if isinstance(entry, PaperEntry)]


def test_every_result_stands_exactly_once(tables):
    assert list(tables) == ALL
    shown = Counter(entry.cell.cell.id for table in tables.values() for entry in results(table))
    assert shown == Counter(cell.id for cell in paper_cells())
    assert set(shown.values()) == {1}


def test_each_table_has_its_own_results(tables):
    counts = {name: len(results(table)) for name, table in tables.items()}
    assert counts == {"1": 48, "2": 88, "3": 12, "4": 12, "5": 32, "6": 10, "7": 0, "8": 0, "text": 32, "settings": 0}
    assert sum(counts[name] for name in "123456") == 202
    for name, table in tables.items():
        assert {entry.cell.cell.cell.table for entry in results(table)} <= {name}


def test_table_2_is_laid_out_as_printed(tables, tables_of_the_paper):
    ours = [[entry.paper if isinstance(entry, PaperEntry) else entry.text for entry in row.entries]
            for row in tables["2"].rows]  # fmt: skip
    theirs = [[cell.replace(">", "> ") for cell in row[2:]] for row in tables_of_the_paper["2"]]
    assert [[cell.replace("–", "-") for cell in row] for row in ours] == theirs
    for row, printed in zip(tables["2"].rows, tables_of_the_paper["2"]):
        assert printed[1].removeprefix("e ").startswith(row.stubs[1].label)
        if row.stubs[1].label != "POMONAG":
            assert printed[1].endswith(row.stubs[1].named.replace(",", "", 1))


def test_table_6_is_laid_out_as_printed(tables, tables_of_the_paper):
    words = {"POMONAG": "Ours"}
    ours = [[*(words.get(stub.label, stub.label) for stub in row.stubs), *(entry.paper for entry in row.entries)]
            for row in tables["6"].rows]  # fmt: skip
    assert ours == [row[1:7] for row in tables_of_the_paper["6"]]


@pytest.mark.parametrize(
    ("table", "row", "values"),
    [
        ("1", 7, ["81.19 ± 0.11", "80.86 ± 0.15", "81.47 ± 0.05", "87.62 ± 0…"]),
        ("3", 0, ["0.687", "0.767", "–", "–", "–", "N/A", "N/A", "–", "–", "–"]),
        ("3", 1, ["0.855", "0.884", "0.666", "0.656", "0.470", "0.857", "0.988", "0.828", "0.847", "0.618"]),
        ("4", 1, ["99.97 ± 0.10", "34.14 ± 17.33", "37.41 ± 7.73", "72.58 ± 5.84", "91.79 ± 7.32", "100.00 ± 0.00"]),
        ("5", 0, ["77.83 ± 10.86", "1.02 ± 0.01", "18.02 ± 0.21", "18.83 ± 0.46",
                  "87.29 ± 6.32", "7.86 ± 1.05", "100.75 ± 8.18", "32.13 ± 2.9…"]),
        ("5", 2, ["77.91 ± 10.69", "0.43 ± …", "7.33 ± 3.21", "11.06 ± 2.12",
                  "89.02 ± 5.22", "4.24 ± 0.48", "38.02 ± 6.92", "21.62 ± 3…"]),
        ("text", 0, ["4,732", "4,987"]),
        ("text", 10, ["−90", "−56"]),
        ("text", 13, ["–", "−24"]),
        ("text", 15, ["345 ± 32 s", "1,095 ± 72 s"]),
    ],
)  # fmt: skip
def test_rows_are_those_of_the_paper(tables, table, row, values):
    entries = tables[table].rows[row].entries
    assert [entry.paper if isinstance(entry, PaperEntry) else entry.text for entry in entries] == values


def test_a_measured_value_stands_at_its_place_and_nowhere_else(made_up):
    key = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
    runs = [made_up.a_record(key, [Value("uniqueness", 34.0 + seed, "%", "p")], seed) for seed in range(3)]
    found = tables_of(Evidence(runs))
    placed = [(row.label, column.full, entry) for row, column, entry in found["4"].entries if entry.ours]
    ((row, column, entry),) = placed
    assert (row, column) == ("POMONAG", "NASBench201: Uniqueness ↑")
    assert (entry.paper, entry.ours, entry.seeds) == ("34.14 ± 17.33", "35.00 ± 2.48", "n = 3")
    assert entry.word == "INCONCLUSIVE"
    assert entry.style == "v-inconclusive"
    assert entry.reason
    others = [e for table in found.values() for e in results(table) if e is not entry and e.word != "SETTING"]
    assert {e.word for e in others} == {"NOT RUN"}
    assert not any(e.ours for e in others)


def test_scaling_factors_have_ours_beside_them(tables):
    factors = [entry for entry in results(tables["text"]) if entry.word == "SETTING"]
    assert len(factors) == 16
    for entry in factors:
        assert entry.ours.startswith(f"{entry.paper} (reference)")
        assert entry.ours.endswith("(fast)")


def test_table_8_says_what_our_labels_were_trained_with(tables):
    labels = [column.full for column in tables["8"].columns]
    ours = {row.label: row.entries[labels.index("NASBench201: Ours (lite)")] for row in tables["8"].rows}
    from pomonag.training.recipe import Recipe

    recipe = Recipe()
    assert ours["Epochs"] == Printed(str(recipe.epochs))
    assert ours["Resizing"] == Printed(f"{recipe.resolution}×{recipe.resolution}")
    assert {row.entries[labels.index("MobileNetV3: Ours (lite)")].text for row in tables["8"].rows} == {"–"}


def test_tables_are_chosen_by_name():
    assert [table.name for table in judged_tables(Evidence([]), ("text", "4", "text"))] == ["text", "4"]
    assert [table.name for table in judged_tables(Evidence([]))] == ALL
    with pytest.raises(UserError, match=r"'tetx'.*text"):
        judged_tables(Evidence([]), ("tetx",))
