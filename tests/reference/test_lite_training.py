import json

import pandas as pd
import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference import lite_training
from pomonag.reference.checkpoints import load_predictor, load_score_network
from pomonag.reference.lite_training import train_lite_predictors, train_lite_score
from pomonag.reference.spaces import reference_space
from pomonag.reference.training_loop import Schedule
from pomonag.spaces import search_space

NB201 = reference_space("nb201")
MBV3, MBV3_RELEASE = reference_space("mbv3", "pomonag"), reference_space("mbv3")
TINY = Schedule(steps=2, batch=16, learning_rate=1e-3, warmup=1, ema_decay=0.9)


def made_up_rows(space):
    """36 rows of two training tasks and a held-out one; the labels mean nothing."""
    architectures = search_space(space).sample(36, torch.Generator().manual_seed(0))
    tasks = ["train-000", "train-001", "heldout-000"]
    return pd.DataFrame(
        {
            "task": [tasks[i % 3] for i in range(36)],
            "held_out": [i % 3 == 2 for i in range(36)],
            "architecture": [str(architecture) for architecture in architectures],
            "accuracy": [20.0 + i % 7 for i in range(36)],
            "macs": [1e6 * (1 + i) for i in range(36)],
        }
    )


@pytest.fixture(scope="module")
def rows():
    return made_up_rows("nb201")


def test_a_predictor_ships_with_what_it_was_trained_and_judged_on(rows, tmp_path):
    files = train_lite_predictors(NB201, tmp_path, objectives=("accuracy", "macs"), rows=rows, schedule=TINY)
    accuracy, macs = (json.loads(file.with_suffix(".json").read_text()) for file in files)
    assert accuracy["data"] == "24 rows"
    assert accuracy["held_out_tasks"]["rows"] == 12
    assert accuracy["held_out_tasks"]["tasks_of_ten_rows_or_more"] == 1
    assert macs["data"] == "15625 rows"
    # Costs are learnt from the whole space, so no held-out architecture is new to them, and the file says so.
    assert macs["held_out_tasks"]["rows_with_an_architecture_of_the_training_set"] == 12
    assert accuracy["trained"]["threads"] == torch.get_num_threads()
    assert load_predictor(NB201, "accuracy", tmp_path).maximise
    assert not load_predictor(NB201, "macs", tmp_path).maximise


def test_a_score_network_ships_with_its_measured_validity(tmp_path):
    file = train_lite_score(NB201, tmp_path, schedule=TINY, validity_steps=2)
    measured = json.loads(file.with_suffix(".json").read_text())["unguided"]
    assert (measured["steps"], measured["count"]) == (2, 256)
    assert 0 <= measured["validity"] <= 1
    assert not load_score_network(NB201, tmp_path).training


def test_a_space_that_cannot_be_listed_is_drawn_from(tmp_path, monkeypatch):
    monkeypatch.setattr(lite_training, "SCORE_DRAWS", 64)
    monkeypatch.setattr(lite_training, "COST_DRAWS", 50)
    score = train_lite_score(MBV3, tmp_path, schedule=TINY, validity_steps=2)
    files = train_lite_predictors(
        MBV3, tmp_path, objectives=("accuracy", "macs"), rows=made_up_rows("mbv3"), schedule=TINY
    )
    assert [file.name for file in (score, *files)] == [
        f"reference_{part}.safetensors" for part in ("score", "accuracy", "macs")
    ]
    about = [json.loads(file.with_suffix(".json").read_text()) for file in (score, *files)]
    assert [a["data"] for a in about] == ["64 draws by the space's own rule", "24 rows", "50 rows"]
    assert {a["encoding"] for a in about} == {"pomonag"}


def test_the_releases_matrices_of_mbv3_have_networks_of_their_own(tmp_path):
    rows = made_up_rows("mbv3")
    (file,) = train_lite_predictors(MBV3_RELEASE, tmp_path, objectives=("accuracy",), rows=rows, schedule=TINY)
    assert file == tmp_path / "mbv3" / "reference_diffusionnag_accuracy.safetensors"
    # Its matrices hold no width: a label of a wider network would be one of another architecture.
    narrow = rows["architecture"].str.startswith("w1.0")
    assert 0 < narrow.sum() < 36
    origin = json.loads(file.with_suffix(".json").read_text())
    assert origin["data"] == f"{(narrow & ~rows['held_out']).sum()} rows"
    assert origin["held_out_tasks"]["rows"] == (narrow & rows["held_out"]).sum()
    with pytest.raises(UserError, match="no checkpoint at"):
        load_predictor(MBV3, "accuracy", tmp_path)


def test_missing_data_and_unknown_objectives_are_told(rows, tmp_path):
    with pytest.raises(UserError, match="0 training and 12 held-out rows"):
        train_lite_predictors(NB201, tmp_path, objectives=("accuracy",), rows=rows[rows["held_out"]], schedule=TINY)
    with pytest.raises(UserError, match="Did you mean 'accuracy'"):
        train_lite_predictors(NB201, tmp_path, objectives=("acuracy",), rows=rows, schedule=TINY)
