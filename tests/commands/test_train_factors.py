"""`pomonag train factors`, and `generate --factors` with what it wrote."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import jsonschema
import pytest

import pomonag
from pomonag import search, tuning
from pomonag.generation import FastBatches
from pomonag.guidance.factor_files import load_factors
from pomonag.guidance.stretching import FAST_INTERVALS, PHASES
from pomonag.predictors.embedding_cache import CachedEncoder
from pomonag.tuning import FactorTuning

EMBEDDED = f"precomputed:{Path(pomonag.__file__).parent}/assets/embeddings/digits_efficientnet_lite0.safetensors"
GENERATE = ("generate", "--images", "digits", "--encoder", EMBEDDED, "--count", 12)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "result.schema.json").read_text())


@pytest.fixture
def refused(run):
    """The one error of a command that ends with code 2."""

    def message(*arguments):
        code, out, errors = run(*arguments)
        lines = [line for line in errors.splitlines() if not line.startswith("note: ")]
        assert (code, out) == (2, ""), errors
        assert lines[0].startswith("error: ")
        assert len(lines) == 1
        return lines[0]

    return message


@pytest.fixture
def factors(tmp_path):
    """A file of factors for fast mode, written by hand."""
    k = {"accuracy": 7, "params": 2, "macs": 2, "latency": 2, "spread": 2.0, "repulsion": 8.0}
    file = tmp_path / "factors.json"
    file.write_text(json.dumps({"space": "nb201", "mode": "fast", "phases": dict.fromkeys(PHASES, k)}))
    return file


def test_what_is_found_can_be_generated_with(run, tmp_path, monkeypatch):
    file, result = tmp_path / "factors.json", tmp_path / "result.json"
    arguments = ("train", "factors", "--trials", 2, "--dataset", "cifar10:without_cifar10", "--out", file,
                 "--journal", tmp_path / "factors.journal")  # fmt: skip
    code, out, errors = run(*arguments)
    assert code == 0, errors
    assert "efficient: 2 of 2 trials, best hypervolume" in errors
    assert "accurate: accuracy " in out
    phases = load_factors(file, "nb201", "fast")
    about = json.loads(file.read_text())
    assert about["tuning"]["datasets"] == ["cifar10"]
    assert about["tuning"]["predictors"] == ["without_cifar10"]
    for phase, k in phases.items():
        assert all(i.low <= getattr(k, name) <= i.high for name, i in FAST_INTERVALS[phase].items())
    # The journal holds it all: again is the same, without a trial.
    monkeypatch.setattr(tuning, "_quality_of_phase", lambda *_: pytest.fail("tried"))
    assert run(*arguments)[0] == 0
    assert load_factors(file, "nb201", "fast") == phases

    used = {}
    batch = FastBatches.batch
    monkeypatch.setattr(
        FastBatches, "batch", lambda self, phase, k, *rest: used.update({phase: k}) or batch(self, phase, k, *rest)
    )
    monkeypatch.setattr(search, "generate", partial(search.generate, measure=False))
    code, out, errors = run(*GENERATE, "--factors", file, "--output", result)
    assert code == 0, errors
    assert used == phases
    found = json.loads(result.read_text())
    jsonschema.validate(found, SCHEMA)
    assert found["scaling_factors"] == about["phases"]


def test_options_reach_the_search(run, tmp_path, monkeypatch):
    asked = []

    def tune(space, config, journal, progress):
        asked.append((space.name, config, journal))
        return {}, {"seconds": 0.0}

    monkeypatch.setattr(tuning, "tune", tune)
    assert run("train", "factors", "--out", tmp_path / "f.json")[0] == 0
    run("train", "factors", "--mode", "reference", "--trials", 7, "--quality", "accuracy", "--accuracy", "lite",
        "--dataset", "heldout-003:lite_rows", "--dataset", "digits:shipped", "--seed", 5, "--reference-steps", 11,
        "--journal", tmp_path / "j", "--out", tmp_path / "f.json")  # fmt: skip
    assert asked[0] == ("nb201", FactorTuning(), None)
    assert asked[1] == (
        "nb201",
        FactorTuning(
            mode="reference", trials=7, quality="accuracy", accuracy="lite", datasets=("heldout-003", "digits"),
            predictors=("lite_rows", "shipped"), seed=5, reference_steps=11,
        ),
        tmp_path / "j",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dataset", "cifar10"), "expected NAME:SET, such as cifar10:without_cifar10"),
        (("--dataset", "cifra10:shipped"), "Did you mean 'cifar10'?"),
        (("--dataset", "cifar10:shiped"), "Did you mean 'shipped'?"),
        (("--dataset", "cifar10:shipped", "--dataset", "cifar10:lite_rows"), "expected each once"),
        (("--dataset", "cifar10:training_free"), "unknown protocol"),
        (("--space", "nb2O1"), "Did you mean 'nb201'?"),
    ],
)
def test_what_no_search_can_begin_with(refused, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setattr(tuning, "_quality_of_phase", lambda *_: pytest.fail("tried"))
    assert message in refused("train", "factors", *arguments, "--out", tmp_path / "f.json")
    assert list(tmp_path.iterdir()) == []


def test_paths_are_checked_before_the_search(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "_quality_of_phase", lambda *_: pytest.fail("tried"))
    assert "does not exist" in refused("train", "factors", "--out", tmp_path / "no" / "f.json")
    (tmp_path / "journal").write_text("a\nb\n")
    arguments = ("train", "factors", "--dataset", "cifar10:shipped", "--journal", tmp_path / "journal")
    assert "is no journal of a search for factors" in refused(*arguments, "--out", tmp_path / "f.json")
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no file of scaling factors"),
        ("[]", "is no file of scaling factors"),
        ('{"space": "nb201", "mode": "fast", "phases": {}}', "is no file of scaling factors"),
        ('{"space": "nb201", "mode": "fast", "phases": {"efficient": 3, "accurate": 3}}', "is no file of scaling"),
    ],
)
def test_a_file_that_holds_no_factors(refused, factors, monkeypatch, content, message):
    monkeypatch.setattr(CachedEncoder, "embed", lambda *_, **__: pytest.fail("embedded"))
    factors.write_text(content)
    assert message in refused(*GENERATE, "--factors", factors)


def test_factors_of_another_kind(refused, factors, tmp_path):
    assert "No such file" in refused(*GENERATE, "--factors", tmp_path / "none.json")
    message = refused(*GENERATE, "--mode", "reference", "--factors", factors)
    assert "has factors for nb201 in fast mode; expected nb201 in reference mode" in message
    factors.write_text(factors.read_text().replace('"accuracy": 7', '"accuracy": "seven"'))
    assert "accuracy is 'seven', not a number" in refused(*GENERATE, "--factors", factors)
