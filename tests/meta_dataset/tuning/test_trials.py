"""Single trials, in this process: who may take one, and what becomes of those whose worker is gone."""

from __future__ import annotations

import pytest
from made_up_objective import MadeUp
from optuna.trial import TrialState

from pomonag.meta_dataset.tuning.profile import drawn_pairs, tuning_profile
from pomonag.meta_dataset.tuning.trials import OneTrial, studies
from pomonag.records.claims import Claims
from pomonag.spaces import search_space

SPACE = search_space("nb201")
PROFILE = tuning_profile(SPACE, "lite")


def worker(folder, steps, pairs=1, **objective):
    made_up = MadeUp(folder / "calls", **objective)
    return OneTrial(folder, PROFILE, tuple(drawn_pairs(SPACE, pairs, 0)), steps, 0, made_up)


def states(folder, pairs=1):
    return [[trial.state for trial in study.get_trials()] for study in studies(folder, PROFILE, pairs)]


def test_a_trial_that_nobody_holds_is_a_dead_workers_and_does_not_count(tmp_path):
    (study,) = studies(tmp_path, PROFILE, 1)
    study.ask()
    work = worker(tmp_path, 1)
    assert work(0)
    assert states(tmp_path)[0][0] == TrialState.FAIL
    assert states(tmp_path)[0][1].is_finished()
    assert not work(1)
    assert len(states(tmp_path)[0]) == 2


def test_a_trial_that_somebody_holds_is_left_to_them(tmp_path):
    (study,) = studies(tmp_path, PROFILE, 1)
    study.ask()
    with Claims(tmp_path).claim("pair-0 0"):
        assert not worker(tmp_path, 1)(0)
        assert states(tmp_path) == [[TrialState.RUNNING]]


def test_the_study_with_the_fewest_trials_is_next(tmp_path):
    work = worker(tmp_path, 2, pairs=3)
    for slot in range(4):
        assert work(slot)
    assert [len(trials) for trials in states(tmp_path, 3)] == [2, 1, 1]


def test_a_failure_keeps_its_reason(tmp_path):
    with pytest.raises(RuntimeError, match="on fire"):
        worker(tmp_path, 1, fails=True)(0)
    (study,) = studies(tmp_path, PROFILE, 1)
    (trial,) = study.get_trials()
    assert trial.state == TrialState.FAIL
    assert trial.user_attrs["error"] == "RuntimeError: the disk is on fire"
