"""`meta-dataset build --profile paper` with a pipeline and images small enough for a test."""

from dataclasses import replace

import pytest

from pomonag.evaluation import protocols
from pomonag.meta_dataset.schema import read_rows, read_shard, shard_paths
from pomonag.training.pipeline import PAPER_PIPELINES
from tests.made_up_trainings import write_pool


@pytest.fixture
def data_dir(tmp_path):
    return write_pool(tmp_path, 10)


def test_rows_of_the_papers_profile(run, data_dir, monkeypatch):
    tiny = replace(PAPER_PIPELINES["nb201"], epochs=2, warmup_epochs=1, resolution=8, padding=1)
    monkeypatch.setitem(PAPER_PIPELINES, "nb201", tiny)
    made = protocols.paper_protocol
    monkeypatch.setattr(protocols, "paper_protocol", lambda *a, **k: replace(made(*a, **k), latency_runs=0))
    out = data_dir / "rows"
    build = ("meta-dataset", "build", "--space", "nb201", "--rows", 1, "--data-dir", data_dir, "--out", out)
    code, printed, errors = run(*build, "--profile", "paper")
    assert code == 0, errors
    assert "1 rows measured" in printed
    (row,) = read_rows(out)
    assert (row.status, row.epochs, row.resolution, row.batch_size) == ("ok", 2, 8, 256)
    assert row.reduced == "{}"
    metadata = read_shard(shard_paths(out)[0])[1]
    assert metadata["protocols"][row.protocol]["pipeline"]["random_erasing"] == 0.2
    code, _, errors = run(*build, "--profile", "lite")
    assert code == 2
    assert "built with other settings: " in errors
    assert "pipeline is set there, not set here; " in errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--profile", "papr"), "Did you mean 'paper'"),
        (("--space", "nb202"), "unknown search space"),
        (("--from-scratch",), "--from-scratch with --profile lite"),
    ],
)
def test_options_that_mean_nothing(run, data_dir, options, message):
    code, _, errors = run("meta-dataset", "build", "--data-dir", data_dir, "--out", data_dir / "rows", *options)
    assert code == 2
    assert message in errors
    assert not (data_dir / "rows").exists()
