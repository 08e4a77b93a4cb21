"""Whole tunings by a made-up objective, with one worker and several, killed and resumed; one real and tiny."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from made_up_objective import GOOD, MadeUp

from pomonag.data.miniimagenet import FILE
from pomonag.data.sources import data_path
from pomonag.errors import UserError
from pomonag.meta_dataset.tuning.profile import tuning_profile
from pomonag.meta_dataset.tuning.run import PipelineTuning, tune_pipelines
from pomonag.meta_dataset.tuning.trials import finished, studies
from pomonag.spaces import search_space

PROFILE = tuning_profile(search_space("nb201"), "lite")


def have_images() -> bool:
    try:
        data_path(FILE)
    except UserError:
        return False
    return True


def all_trials(folder: Path, pairs: int = 2):
    return [study.get_trials(deepcopy=False) for study in studies(folder.resolve(), PROFILE, pairs)]


def test_a_tuning_finds_what_is_good_and_goes_no_further(tmp_path):
    told = []
    config = PipelineTuning(steps=15, pairs=2)
    outcome = tune_pipelines(
        config, tmp_path / "out", workers=1, objective=MadeUp(tmp_path / "calls"), progress=lambda *n: told.append(n)
    )
    assert {name: outcome["combined"][name] for name in GOOD} == GOOD
    assert (told[0], told[-1]) == ((0, 30), (30, 30))
    assert [len(pair["trials"]) for pair in outcome["pairs"]] == [15, 15]
    assert any(trial["state"] == "pruned" for pair in outcome["pairs"] for trial in pair["trials"])
    assert set(list(outcome["importances"])[:2]) & set(GOOD)
    assert outcome["recipes"]["combined"] == [80.0, 80.0]
    assert outcome["recipes"]["table_8"] == [20.0, 20.0]  # SGD, 0.1
    assert json.loads((tmp_path / "out" / "outcome.json").read_text()) == json.loads(json.dumps(outcome))
    for name in ("importance.svg", "history.svg"):
        assert (tmp_path / "out" / name).read_text().startswith("<?xml")
    calls = (tmp_path / "calls").read_text()
    again = tune_pipelines(config, tmp_path / "out", workers=1, objective=MadeUp(tmp_path / "calls"))
    assert (tmp_path / "calls").read_text() == calls
    assert again["pairs"] == outcome["pairs"]
    # More steps go on from what is there.
    more = tune_pipelines(
        PipelineTuning(steps=16, pairs=2), tmp_path / "out", workers=1, objective=MadeUp(tmp_path / "calls")
    )
    assert [pair["trials"][:15] for pair in more["pairs"]] == [pair["trials"] for pair in outcome["pairs"]]


def test_divergence_is_no_accuracy(tmp_path):
    objective = MadeUp(tmp_path / "calls", diverges=True)
    outcome = tune_pipelines(PipelineTuning(steps=8, pairs=1), tmp_path / "out", workers=1, objective=objective)
    (pair,) = outcome["pairs"]
    lost = [trial for trial in pair["trials"] if trial["choices"][2] == "adamw"]
    assert lost
    assert {(trial["state"], trial["accuracy"]) for trial in lost} == {("diverged", None)}
    assert len(pair["trials"]) == 8
    assert outcome["combined"]["optimiser"] != "adamw"


def test_two_workers_share_one_study(tmp_path):
    objective = MadeUp(tmp_path / "calls", pause=0.01)
    tune_pipelines(PipelineTuning(steps=12, pairs=1), tmp_path / "out", workers=2, objective=objective)
    (trials,) = all_trials(tmp_path / "out", 1)
    assert len(trials) == 12
    assert len({line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()}) >= 2
    assert [trial.state.is_finished() for trial in trials] == [True] * 12


def test_killed_drivers_and_workers_lose_and_repeat_nothing(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, str(Path(__file__).with_name("made_up_objective.py")), str(out), "6", "2"]
    kept: list[list] = [[], []]
    for victim in ("worker", "driver"):
        process = subprocess.Popen(command)
        begun = sum(map(len, kept))
        deadline = time.monotonic() + 400
        while process.poll() is None and not _running(out, begun):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children = [c for c in psutil.Process(process.pid).children() if "spawn_main" in " ".join(c.cmdline())]
        if victim == "worker":
            children[0].kill()
            time.sleep(0.3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        psutil.wait_procs(children, timeout=60)  # one that is at a trial finishes it first
        kept = [[t for t in trials if t.state.is_finished()] for trials in all_trials(out)]
    # What a killed writer leaves open of a line.
    with (out / "journal.log").open("ab") as journal:
        journal.write(b'{"op_code":6,"wor')
    subprocess.run(command, check=True, timeout=400)
    for before, trials in zip(kept, all_trials(out)):
        assert [t.params for t in before] == [trials[t.number].params for t in before]
        counts = Counter(t.state.name for t in trials)
        assert counts["COMPLETE"] + counts["PRUNED"] == 6
        assert counts["RUNNING"] == 0
    lost = sum(t.state.name == "FAIL" for trials in all_trials(out) for t in trials)
    assert lost <= 4  # at most what two workers were at, each time
    assert all(len(finished(study)) == 6 for study in studies(out.resolve(), PROFILE, 2))


def _running(out: Path, begun: int) -> bool:
    """Whether the tuning has got further than `begun` finished trials, by the lines of its journal."""
    path = out / "journal.log"
    if not path.exists():
        return False
    finished = path.read_bytes().count(b'"state":')
    return finished > begun + 1


def test_an_error_ends_the_tuning_with_what_happened(tmp_path):
    objective = MadeUp(tmp_path / "calls", fails=True)
    with pytest.raises(UserError, match=r"the disk is on fire.*give the same command"):
        tune_pipelines(PipelineTuning(steps=3, pairs=1), tmp_path / "out", workers=1, objective=objective)
    outcome = tune_pipelines(
        PipelineTuning(steps=3, pairs=1), tmp_path / "out", workers=1, objective=MadeUp(tmp_path / "calls")
    )
    assert len(outcome["pairs"][0]["trials"]) == 3


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"space": "nb2O1"}, "Did you mean 'nb201'"),
        ({"profile": "light"}, "unknown profile 'light'"),
        ({"steps": 0}, "at least 1"),
        ({"pairs": 41}, "1 to 40"),
    ],
)
def test_bad_settings(settings, reason):
    with pytest.raises(UserError, match=reason):
        PipelineTuning(**settings)


def test_bad_folders(tmp_path):
    objective = MadeUp(tmp_path / "calls")
    tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "out", workers=1, objective=objective)
    with pytest.raises(UserError, match=r"another pairs \(1\), not what was asked for \(2\)"):
        tune_pipelines(PipelineTuning(steps=1, pairs=2), tmp_path / "out", workers=1, objective=objective)
    with pytest.raises(UserError, match="another seed"):
        tune_pipelines(PipelineTuning(steps=1, pairs=1, seed=1), tmp_path / "out", workers=1, objective=objective)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="writable folder"):
        tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "file" / "out", workers=1, objective=objective)
    (tmp_path / "out" / "settings.json").write_text("[]")
    with pytest.raises(UserError, match="damaged"):
        tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "out", workers=1, objective=objective)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "journal.log").write_text("hello\nworld\n")
    with pytest.raises(UserError, match="is no journal of a tuning"):
        tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "other", workers=1, objective=objective)


def test_images_are_missed_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="miniimagenet32"):
        tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "out", data_dir=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not have_images(), reason="needs the images")
def test_a_real_trial(tmp_path):
    outcome = tune_pipelines(PipelineTuning(steps=1, pairs=1), tmp_path / "out", workers=1)
    (trial,) = outcome["pairs"][0]["trials"]
    assert trial["epochs"] >= 1
    assert trial["state"] == "diverged" or 0 <= trial["accuracy"] <= 100
    assert outcome["importances"] is None
