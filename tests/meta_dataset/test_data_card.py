import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from pomonag.errors import UserError
from pomonag.execution.executor import SerialExecutor
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.data_card import MARKS, centred, fidelity, figures, main, reliability, replaced
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import SHIPPED, meta_dataset
from pomonag.records.seeds import seed_of


def truth(architecture):
    return 50 + seed_of("truth", architecture) % 1000 / 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from pomonag.evaluation.latency import Latency
    from pomonag.evaluation.trained import Measurement
    from pomonag.training.trainer import TrainingResult

    def measure(planned):
        """Follows the truth of the architecture, shifted by task, with noise that depends on the seed."""
        noise = np.random.default_rng(seed_of(planned.task, planned.architecture, planned.seed)).normal()
        level = seed_of(planned.task) % 20
        accuracy = (truth(planned.architecture) + level + 3 * noise) / 4
        latency = Latency(5.0, 5.0, 0.1, 5.0, 90, 100, 1, "cpu", 32, "percentile")
        return Measurement(
            TrainingResult(accuracy, 5 - accuracy / 25, accuracy / 100, 2.0, 1.0, 1.0), latency, 1, 1, 1, 1
        )

    out = tmp_path_factory.mktemp("rows")
    config = BuildConfig(rows=300, repeats=150, plan=Plan(training_tasks=8, held_out_tasks=2))
    build_meta_dataset(config, SerialExecutor(), out, measure=measure, console=Console(quiet=True))
    return out


def test_reliability_is_that_of_the_simulation(folder):
    rows = meta_dataset(folder)
    value, n = reliability(rows, "accuracy")
    spread = np.std([truth(a) for a in rows["architecture"].unique()])
    assert n == 150
    assert value == pytest.approx(spread**2 / (spread**2 + 9), abs=0.06)
    assert reliability(rows[rows["seed"] == 0], "accuracy")[1] == 0


def test_fidelity_takes_task_levels_out_and_leaves_anchors_and_disconnected_cells_out(folder):
    rows = meta_dataset(folder)
    table = pd.Series({a: truth(a) for a in rows["architecture"].unique()})
    value, n = fidelity(rows, "loss", table)
    assert value > 0.9
    assert n == int((~rows["anchor"] & (rows["seed"] == 0)).sum())
    table.iloc[::2] = np.nan
    assert fidelity(rows, "loss", table)[1] < n


def test_centring_uses_the_first_seed_of_the_task(folder):
    rows = centred(meta_dataset(folder))
    means = rows[rows["seed"] == 0].groupby("task")["accuracy"].mean()
    assert np.allclose(means, 0)


def test_the_card_holds_the_figures(folder):
    text = figures(folder, with_outside=False)
    assert "450 measured rows, 0 failed; 150 of them repeat" in text
    assert "10 tasks (2 held out), 30 architectures a task" in text
    assert "0 problems" in text


def test_figures_replace_what_stands_between_the_marks():
    text = f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter"
    once = replaced(text, "new")
    assert once == f"before\n{MARKS[0]}\nnew\n{MARKS[1]}\nafter"
    assert replaced(once, "new") == once
    with pytest.raises(UserError, match="no place for the figures"):
        replaced("nothing here", "new")


def test_write_puts_the_figures_into_the_folders_card(folder, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    card = folder / "README.md"
    card.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    done = CliRunner().invoke(main, [str(folder), "--write"], catch_exceptions=False)
    assert done.exit_code == 0
    assert card.read_text() == f"before\n{MARKS[0]}\n{done.output}{MARKS[1]}\nafter\n"


@pytest.mark.parametrize("text", [None, b"no marks", b"\xff"])
def test_a_folder_without_a_place_for_the_figures_is_refused_before_rows_are_read(tmp_path, monkeypatch, text):
    monkeypatch.setattr("pomonag.meta_dataset.data_card.figures", lambda *_: pytest.fail("read the rows"))
    if text is not None:
        (tmp_path / "README.md").write_bytes(text)
    error = CliRunner().invoke(main, [str(tmp_path), "--write"]).exception
    assert isinstance(error, UserError)
    assert "README.md" in str(error)
    assert MARKS[0] in str(error)


def test_a_cut_off_table_is_no_missing_one(tmp_path, monkeypatch):
    (tmp_path / "nasbench201").mkdir()
    (tmp_path / "nasbench201" / "accuracies.csv.gz").write_bytes(b"cut")
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    assert "cannot read" in str(CliRunner().invoke(main, ["nb201"]).exception)


def test_the_shipped_card_has_its_place():
    card = (SHIPPED / "nb201" / "README.md").read_text(encoding="utf-8")
    assert replaced(card, "x") != card


def test_fidelity_compares_within_groups_that_the_truth_cannot_tell_apart(folder):
    rows = meta_dataset(folder)
    table = pd.Series({a: truth(a) for a in rows["architecture"].unique()})
    plain, n = fidelity(rows, "loss", table)
    # A level that only the labels know: within the groups it is not there.
    high = rows["architecture"].str.contains("skip_connect")
    rows.loc[high, "loss"] -= 100.0
    blind, _ = fidelity(rows, "loss", table)
    value, m = fidelity(rows, "loss", table, lambda architecture: str("skip_connect" in architecture))
    assert m == n
    assert value > blind + 0.1
    assert value > plain - 0.1
