import types

import pytest
import torch

from pomonag import checkpoint_making
from pomonag.diffusion.denoiser import DenoiserConfig
from pomonag.diffusion.denoiser_training import DenoiserTraining
from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint
from pomonag.reference.spaces import reference_space
from pomonag.spaces import search_space


def test_a_denoiser_with_what_was_measured_of_it(tmp_path):
    told = []
    made = checkpoint_making.make_denoiser(
        search_space("nb201"), tmp_path, lambda *report: told.append(report[:3]),
        DenoiserConfig(width=32, blocks=1), DenoiserTraining(steps=100, batch=64),
    )  # fmt: skip
    assert made.path == tmp_path / "nb201" / "denoiser.safetensors"
    assert told == [("denoiser", 100, 50), ("denoiser", 100, 100)]
    tensors, header = load_checkpoint(made.path)
    assert header == made.header
    assert header["config"]["width"] == 32
    assert 0 <= header["validity"] <= 1
    assert header["provenance"]["version"]
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_predictors_are_written_where_the_library_looks(tmp_path, monkeypatch):
    written = []

    trained = types.SimpleNamespace(header={"labels": {"params": 3}, "seconds": 1.0})

    def train(space, name, progress):
        progress(5, 10, 0.5)
        return trained

    told = []
    monkeypatch.setattr(checkpoint_making, "train_predictor_set", train)
    monkeypatch.setattr(checkpoint_making, "save_predictor_set", lambda trained, folder: written.append(folder))
    made = checkpoint_making.make_predictors(
        search_space("nb201"), "params_only", tmp_path, lambda *report: told.append(report)
    )
    assert written == [tmp_path / "nb201" / "params_only"] == [made.path]
    assert told == [("predictors params_only", 10, 5, 0.5)]


def test_unknown_names(tmp_path):
    with pytest.raises(UserError, match="Did you mean 'score'"):
        checkpoint_making.make_reference(reference_space("nb201"), ["scor"], tmp_path)
    with pytest.raises(UserError, match="Did you mean 'shipped'"):
        checkpoint_making.make_predictors(search_space("nb201"), "shiped", tmp_path, print)


def test_parts_of_the_reference_mode(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(
        checkpoint_making, "train_lite_score", lambda space, out, **options: called.append("score") or tmp_path / "s"
    )
    monkeypatch.setattr(
        checkpoint_making,
        "train_lite_predictors",
        lambda space, out, *, objectives, **options: called.append(objectives[0]) or [tmp_path / objectives[0]],
    )
    made = checkpoint_making.make_reference(reference_space("nb201"), [], tmp_path)
    assert called == ["score", "accuracy", "params", "macs", "latency_ms"]
    assert [path.name for path in made] == ["s", *called[1:]]
    called.clear()
    checkpoint_making.make_reference(reference_space("nb201"), ["macs"], tmp_path)
    assert called == ["macs"]
