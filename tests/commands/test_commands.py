import json
import sys
import types
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from pomonag import cli
from pomonag.errors import UserError
from pomonag.pareto.budget import parse_budget

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "result.schema.json").read_text())


@pytest.fixture
def search(monkeypatch, example_result):
    """Stands in for `pomonag.search`: remembers how it was called."""
    module = types.ModuleType("pomonag.search")

    def generate(space, images, **options):
        module.called = {"space": space, "data": images, **options}
        return types.SimpleNamespace(to_json=lambda: dict(example_result))

    module.generate = generate
    monkeypatch.setitem(sys.modules, "pomonag.search", module)
    monkeypatch.setattr("pomonag.search", module, raising=False)
    return module


def run(*arguments, error=None):
    result = CliRunner().invoke(cli.pomonag, [str(argument) for argument in arguments])
    if error is None:
        assert result.exit_code == 0, (result.output, result.exception)
    elif isinstance(result.exception, UserError):
        assert error in str(result.exception)
    else:
        assert result.exit_code == 2
        assert error in result.output
    return result


def test_the_example_follows_the_schema(example_result):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(example_result, SCHEMA)
    example_result["metrics"]["validity"] = 100
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example_result, SCHEMA)


def test_options_reach_the_search(search, monkeypatch):
    # The device is looked up before anything is computed, in a table that is not everywhere.
    monkeypatch.setattr("pomonag.evaluation.device_latency.device_latency", lambda name, space: None)
    run("generate", "--images", "digits", "--count", 64, "--seed", 3, "--mode", "reference", "--accuracy", "lite",
        "--objectives", "accuracy, macs", "--budget", "params<0.5M", "--device-latency", "pixel3",
        "--encoder", "resnet18")  # fmt: skip
    called = search.called
    assert called["space"].name == "nb201"
    assert called["data"].images.shape == (200, 8, 8, 3)
    assert len(called["data"].labels) == 200
    assert (called["count"], called["seed"], called["mode"], called["accuracy"]) == (64, 3, "reference", "lite")
    assert called["objectives"] == ("accuracy", "macs")
    assert called["budget"] == parse_budget("params<0.5M")
    assert (called["device_latency"], called["encoder"]) == ("pixel3", "resnet18")


def test_output_and_plot(search, tmp_path):
    output, plot = tmp_path / "result.json", tmp_path / "front.png"
    printed = run("generate", "--images", "digits", "--output", output, "--plot", plot)
    result = json.loads(output.read_text())
    jsonschema.validate(result, SCHEMA)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["front.png", "result.json"]
    assert "Acc" in printed.stdout
    assert "note: grey images" in printed.stderr


def test_a_note_is_one_line(search, tmp_path):
    rows = np.random.default_rng(0).integers(0, 2**16, (14, 4, 8), dtype=np.uint16)
    names = np.repeat([f"a class with a long name, number {number}" for number in (1, 2)], 7)
    np.savez(tmp_path / "data.npz", images=rows, labels=names)
    notes = run("generate", "--images", tmp_path / "data.npz").stderr.splitlines()
    assert len(notes) == 4
    assert all(note.startswith("note: ") for note in notes)
    assert max(map(len, notes)) > 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "digits", "--count", "0"], "1<=x<=100000"),
        (["--images", "digits", "--count", "1000000"], "1<=x<=100000"),
        (["--images", "digits", "--count", "many"], "not a valid integer"),
        (["--images", "digits", "--seed", "-1"], "--seed"),
        (["--images", "digits", "--space", "nb2O1"], "Did you mean 'nb201'?"),
        (["--images", "digit"], "Did you mean 'digits'?"),
        (["--images", "digits", "--mode", "slow"], "fast"),
        (["--images", "digits", "--objectives", "accuracy,flops"], "unknown objective 'flops'"),
        (["--images", "digits", "--objectives", "params"], "lack accuracy"),
        (["--images", "digits", "--objectives", "accuracy,accuracy"], "name one twice"),
        (["--images", "digits", "--budget", "params>1"], "from above"),
        (["--images", "digits", "--plot", "front.doc"], ".png"),
        (["--images", "digits", "--output", "no/such/place/result.json"], "does not exist"),
        (["--images", "digits", "--output", "/dev/null"], "not a plain file"),
        ([], "Missing option '--images'"),
        (["--images", "digits", "--nonsense"], "No such option"),
    ],
)
def test_what_is_refused_before_anything_is_computed(search, arguments, message):
    run("generate", *arguments, error=message)
    assert not hasattr(search, "called")


def test_a_path_that_cannot_be_written(search, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    run("generate", "--images", "digits", "--output", tmp_path / "result.json", error="cannot be written")


def test_a_full_disk_does_not_cost_the_result(search, tmp_path, monkeypatch):
    def full(path, mode="wb"):
        raise UserError("cannot write: no space left")

    monkeypatch.setattr("pomonag.records.files.atomic_write", full)
    result = run("generate", "--images", "digits", "--output", tmp_path / "result.json", error="no space left")
    text = result.stdout
    assert json.loads(text[text.index("{\n") :])["space"] == "nb201"
    assert list(tmp_path.iterdir()) == []


def test_embeddings_are_written_and_read_as_precomputed(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=images, labels=np.arange(10) % 2)
    file = tmp_path / "few.safetensors"
    printed = run("data", "embed", "--images", tmp_path / "few.npz", "--output", file)
    assert "2 classes, 20 images each, 1280 features" in printed.stdout
    run("data", "embed", "--images", tmp_path / "few.npz", "--output", tmp_path / "again.safetensors",
        "--encoder", f"precomputed:{file}")  # fmt: skip
    assert (tmp_path / "again.safetensors").read_bytes()[-51200:] == file.read_bytes()[-51200:]
    run("data", "embed", "--images", "digits", "--output", tmp_path / "x.npz", error="does not end with .safetensors")


def test_data_list_says_what_is_missing_and_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    missing = run("data", "list").stdout
    assert "POMONAG_DATA_DIR: not set" in missing
    assert "missing  images/cifar10_subset.npz: arrays x_train" in missing
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "cifar10_subset.npz").write_bytes(b"x")
    monkeypatch.setenv("POMONAG_DATA_DIR", "")  # restored afterwards
    assert "there    images/cifar10_subset.npz" in run("data", "list", "--data-dir", tmp_path).stdout


def test_every_command_explains_itself():
    def commands(command, path):
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from commands(inner, [*path, name])

    for path in commands(cli.pomonag, []):
        assert "Usage:" in run(*path, "--help").stdout


def test_meta_dataset_check_of_a_folder_without_rows(tmp_path):
    run("meta-dataset", "check", tmp_path, error="no rows")


def test_meta_dataset_check_of_rows_that_ship():
    printed = run("meta-dataset", "check", "nb201").stdout
    assert "0 of them failed" in printed
