"""Figures on real rows as a table, from made-up figures and from those that ship."""

from pomonag.predictors.real_row_figures import shipped_figures
from reports.paper_numbers import by_place
from reports.real_rows_table import real_rows_table
from reports.tables import Plain, Quoted


def line(split, predictor, figure, mean, half_width=0.0123):
    return {
        "split": split, "predictor": predictor, "figure": figure, "mean": mean, "half_width": half_width, "n": 3,
    }  # fmt: skip


def test_each_split_and_predictor_that_was_measured_has_a_row():
    figures = [
        line("both", "noisy", "pooled", 0.8),
        line("rows", "ceiling", "residual_block0", 0.7),
        line("rows", "denoised", "residual_block0", 0.5),
        line("rows", "denoised", "pooled", 0.9, None),
    ]
    table = real_rows_table({"summary": figures})
    rows = [(row.label, row.remark, *(entry.text for entry in row.entries)) for row in table.rows[2:]]
    assert rows == [
        ("Ours, denoised architectures", "rows unseen", "0.900", "0.500 ± 0.012", "–"),
        ("Ceiling", "rows unseen", "–", "0.700 ± 0.012", "–"),
        ("Ours, noisy architectures", "tasks and architectures unseen", "0.800 ± 0.012", "–", "–"),
    ]


def test_the_papers_figures_stand_first_and_come_from_its_numbers():
    first = real_rows_table({"summary": []}).rows[:2]
    assert [row.entries[0].number.value for row in first] == [0.687, 0.767]
    place = ("3", "diffusionnag", "nb201", "meta-test")
    assert first[0].entries[0] == Quoted(by_place()[*place, "spearman_accuracy_noisy"])
    assert all(isinstance(entry, Plain) for row in first for entry in row.entries[1:])


def test_every_shipped_figure_is_shown():
    summary = shipped_figures()["summary"]
    table = real_rows_table()
    shown = sum(entry.text != "–" for row in table.rows[2:] for entry in row.entries)
    assert shown == len(summary)
    assert len(table.rows) == 2 + len({(s["split"], s["predictor"]) for s in summary})
