"""The external check's table, from made-up results."""

import pytest

from reports.evidence import Evidence, NotRun, Number
from reports.external_table import LINES, external_key, external_table
from reports.measurements import Value
from reports.tables import DATASETS, Plain


def test_every_place_is_filled_when_everything_was_run(made_up):
    table = external_table(Evidence(made_up.every_run()))
    assert len(table.columns) == 4
    for line, row in zip(LINES, table.rows, strict=True):
        kinds = [type(entry) for entry in row.entries]
        assert kinds == [Number, Plain if line.method == "params" else Number] * 2
    empty = external_table(Evidence([]))
    assert all(isinstance(entry, NotRun | Plain) for row in empty.rows for entry in row.entries)
    assert empty.notes[1].count("not run") == 8


@pytest.mark.parametrize(
    ("spearman", "gap", "ridge", "own", "said"),
    [
        (0.95, 0.2, 0.94, 0.875, [*["reached"] * 6, "missed", "reached"]),
        (0.92, 0.6, 0.94, 0.90, ["missed"] * 5 + ["reached"] * 3),
    ],
)  # fmt: skip
def test_targets_are_judged_by_the_values(made_up, spearman, gap, ridge, own, said):
    runs = []
    for line in LINES:
        value = {"leave-one-out-trained": spearman, "own-measurements": own}.get(line.configuration, 0.5)
        value = ridge if line.method == "pair_ridge" else value
        for dataset in DATASETS:
            values = [Value("spearman_full", value, "rho", "made up"), Value("top5_gap", gap, "%", "made up")]
            runs.append(made_up.a_record(external_key(line, dataset), values))
    note = external_table(Evidence(runs)).notes[1]
    words = [word for word in note.replace(",", " ").replace(".", " ").split() if word in ("reached", "missed")]
    assert words == said


def test_every_run_that_the_table_asks_for_exists_in_the_suite():
    from benchmarks import external_check

    known = {run.key: {q.metric for q in run.quantities} for run in external_check.runs()}
    asked = {external_key(line, dataset): line for line in LINES for dataset in DATASETS}
    assert set(asked) == set(known)
    for key, line in asked.items():
        assert known[key] == set(line.metrics or ("spearman_full", "top5_gap"))


def test_tolerances_are_declared():
    from reports.comparison import tolerance_of

    assert tolerance_of("spearman_full", "rho").absolute == 0.05
    assert tolerance_of("top5_gap", "%").absolute > 0


def test_the_notes_tell_what_ships():
    from pomonag.meta_dataset.schema import meta_dataset
    from pomonag.meta_dataset.training_free_table import shipped_scores

    notes = " ".join(external_table(Evidence([])).notes)
    scores, rows = shipped_scores("nb201"), meta_dataset("nb201")
    assert f"the {(scores['synflow'] > float('-inf')).sum():,} connected" in notes
    assert f"of all {len(scores):,}." in notes.replace(";", ".")
    assert f"Params take {scores['params'].nunique()} values" in notes
    settings = rows[["resolution", "epochs", "reduced"]].drop_duplicates()
    assert len(settings) == 1
    one = settings.iloc[0]
    assert '"cells": 1' in one["reduced"]
    assert "one cell a stage" in notes
    assert f"{one['resolution']}×{one['resolution']} pixels, {one['epochs']} epochs" in notes
