"""`pomonag train predictors --rows`: JSON alone on standard output, and exit code 2 for what cannot be used."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.made_up_real_rows import save, write_rows

TRAIN = ("train", "predictors", "--rows")


@pytest.fixture
def path(tmp_path):
    return write_rows(tmp_path / "rows", n=120)


def test_it_prints_json_and_writes_it_where_asked(run, path, tmp_path):
    evaluate = write_rows(tmp_path / "others", n=60, seed=5)
    code, printed, told = run(*TRAIN, path, "--evaluate", evaluate, "--out", tmp_path / "out")
    assert code == 0
    found = json.loads(printed)
    assert set(found["denoised"]) == set(found["noisy"]) == {"pooled", "residual_block0", "within_task"}
    assert found["denoised"]["pooled"] > 0.8
    assert found == json.loads((tmp_path / "out" / "real_rows.json").read_text())
    assert "learning from 120 rows, predicting 60" in told


def test_it_says_how_blocks_were_told_and_that_rows_are_not_held_out(run, path):
    table = pd.read_csv(path)
    evaluate = save(table[["task", "arch_str", "acc"]][:30], path.with_name("few.csv.gz"))
    code, printed, told = run(*TRAIN, path, "--evaluate", evaluate)
    assert code == 0
    assert json.loads(printed)["blocks_from"] == {"train": "column", "evaluate": "accuracy"}
    assert "no column block; protocols told by its accuracy" in told
    assert f"note: 30 rows of {evaluate} are in {path} too" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "predictors"), "Missing option '--out'"),
        (("train", "predictors", "--evaluate", "x.csv"), "got --evaluate without --rows"),
        ((*TRAIN, "absent/train.csv.gz"), "tasks.csv.gz is not there"),
        ((*TRAIN, "absent/train.csv.gz", "--set", "lite_rows"), "got --set lite_rows with --rows"),
    ],
)
def test_options_that_do_not_fit(run, arguments, message):
    code, printed, told = run(*arguments)
    assert (code, printed) == (2, "")
    assert message in told
    assert "Traceback" not in told


def test_rows_that_cannot_be_used(run, path):
    code, printed, told = run(*TRAIN, path)
    assert (code, printed) == (2, "")
    assert "of the stored split" in told
    path.write_bytes(path.read_bytes()[:200])
    code, printed, told = run(*TRAIN, path)
    assert (code, printed) == (2, "")
    assert "cut off or damaged" in told
