"""A tuning that ships appears beside Table 8 and below it, one that does not leaves no trace."""

from __future__ import annotations

import pytest

from pomonag.meta_dataset.tuning import outcome as module
from pomonag.meta_dataset.tuning.outcome import write_outcome
from pomonag.meta_dataset.tuning.profile import tuning_profile
from pomonag.spaces import search_space
from reports.layouts.pipelines import table_8
from reports.pipeline_tunings import tuned_settings, tunings

PROFILE = tuning_profile(search_space("nb201"), "lite")


def made_up(importances):
    trial = {"number": 0, "state": "complete", "accuracy": 30.0, "epochs": 5, "seconds": 1.0, "cpu_seconds": 60.0}
    trials = [trial, {**trial, "number": 1, "state": "pruned", "accuracy": 9.0}, {**trial, "state": "diverged"}]
    pair = {"task": "train-003", "architecture": "|made up|", "best_accuracy": 30.0, "best": {}, "trials": trials}
    return {
        "space": "mbv3",
        "divisor": 10,
        "settings": {**PROFILE.settings, "space": "mbv3"},
        "combined": {**PROFILE.table_8, "epochs": 5, "optimiser": "adam", "cutmix": 0.2},
        "table_8": PROFILE.table_8,
        "importances": importances,
        "pairs": [pair, pair],
        "recipes": {"combined": [20.0, 30.0, None], "table_8": [10.0, 32.0, 50.0]},
        "trial_cpu_seconds": 120.0,
    }


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ASSETS", tmp_path)

    def ship(importances=None):
        write_outcome(made_up(importances), tmp_path / "mbv3.json")

    return ship


def test_without_a_file_there_is_nothing(shipped):
    assert tunings() == []
    assert tuned_settings("mbv3") is None
    assert not any("Tuned" in column.label for column in table_8().columns)


def test_a_file_is_enough(shipped):
    shipped({"optimiser": 0.9, "epochs": 0.1})
    table = table_8()
    place = [column.full for column in table.columns].index("MobileNetV3: Tuned (lite)")
    column = {row.label: row.entries[place].text for row in table.rows}
    assert (column["Epochs"], column["Optimiser"], column["Warm-up epochs"]) == ("5 (50)", "Adam", "2 (20)")
    (tuning,) = tunings()
    assert tuning.label == "MobileNetV3"
    assert "6 trials on 2 pairs of task and architecture, 2 of them to the end, in 2 CPU minutes" in tuning.setting
    assert "reaches 25.0 %" in tuning.recipes
    assert "21.0 % (means over 2 pairs; the tuned one is better on 1)" in tuning.recipes
    assert "agrees with Table 8 in 9 of 12 settings; not in epochs, optimiser, cutmix." in tuning.agreement
    assert tuning.pairs[1].endings == "1 complete, 1 pruned, 1 diverged"
    importance, history = tuning.pictures
    assert "optimiser: 0.900" in importance.svg
    assert "train-003, |made up|: 30.0 %" in history.svg


def test_few_trials_have_no_importance(shipped):
    shipped()
    importance, _ = tunings()[0].pictures
    assert importance.description == "too few trials to tell"
    assert "too few trials to tell" in importance.svg
