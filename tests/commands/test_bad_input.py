"""What people get wrong, through the whole command line: one message, exit code 2, no traceback, nothing on stdout."""

from __future__ import annotations

import gzip
import io
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from rich.console import Console

import pomonag
from pomonag import generation
from pomonag.meta_dataset import builder
from pomonag.meta_dataset.measurement import MeasureAndRecord
from pomonag.predictors.embedding_cache import CachedEncoder
from pomonag.predictors.embeddings import PrecomputedEncoder
from pomonag.predictors.predictor_set import CHECKPOINTS, load_predictor_set
from pomonag.reference import checkpoints as reference
from pomonag.spaces import search_space

# The encoder's own features of the digits: no test needs to run the network.
EMBEDDED = f"precomputed:{Path(pomonag.__file__).parent}/assets/embeddings/digits_efficientnet_lite0.safetensors"
DIGITS = ("generate", "--images", "digits", "--encoder", EMBEDDED, "--count", 4)


@pytest.fixture
def refused(run):
    """The one error of a command that ends with code 2."""

    def message(*arguments: object) -> str:
        code, out, errors = run(*arguments)
        said = [line for line in errors.splitlines() if not line.startswith("note: ")]
        assert (code, out) == (2, ""), errors
        assert said[0].startswith("error: ")
        # After a wrong option click's usage follows.
        assert len(said) == 1 or said[1].startswith("Usage: ")
        return said[0]

    return message


@pytest.fixture
def folder(tmp_path):
    """Two classes of six pictures."""
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.random.default_rng([label, number]).integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def cut(file: Path, share: float = 0.5) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])


# Images


def test_a_text_that_is_called_png(refused, folder):
    (folder / "cat" / "2.png").write_text("not a picture")
    assert f"{folder}/cat/2.png is not an image that can be read" in refused("generate", "--images", folder)


def test_a_class_folder_without_images(refused, folder):
    (folder / "bird").mkdir()
    assert f"{folder}/bird has no images (it is empty)" in refused("generate", "--images", folder)


def test_one_class_only(refused, folder):
    shutil.rmtree(folder / "dog")
    assert "only one class ('cat'), expected at least two" in refused("generate", "--images", folder)


@pytest.mark.parametrize(("width", "height"), [(25_000, 20_000), (10_000, 10_001)])
def test_a_header_that_promises_hundreds_of_megapixels_is_not_believed(refused, folder, monkeypatch, width, height):
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (folder / "cat" / "2.png").write_bytes(content)
    decode = ImageFile.ImageFile.load

    def load(picture):
        assert picture.size[0] < 100, "its pixels were asked for"
        return decode(picture)

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    message = refused("generate", "--images", folder)
    assert f"{folder}/cat/2.png" in message
    assert "pixels" in message


def test_labels_that_are_not_numbers(refused, tmp_path):
    labels = np.arange(40) % 2 * 1.0
    labels[7] = np.nan
    np.savez(tmp_path / "data.npz", images=np.zeros((40, 8, 8, 3), np.uint8), labels=labels)
    message = refused("generate", "--images", tmp_path / "data.npz")
    assert "label 7 is nan" in message
    assert "1 of 40 labels" in message


# Names and numbers


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--images", "digits", "--space", "nb2O1"), "Did you mean 'nb201'?"),
        (("--images", "digit"), "Did you mean 'digits'?"),
        (("--images", "digits", "--device-latency", "pixel4"), "Did you mean 'pixel3'?"),
        (("--images", "digits", "--device-latency", "no/such.csv"), "no/such.csv is no file"),
        (("--images", "digits", "--encoder", "resnet81"), "Did you mean 'resnet18'?"),
        (("--images", "digits", "--encoder", "resnet18"), "got 512 features an image, expected 1280"),
        (("--images", "digits", "--encoder", "tiny"), "got 176 features an image, expected 1280"),
        (("--images", "digits", "--encoder", "vit_b_16"), "those of efficientnet_lite0, which the checkpoint set"),
        (("--images", "digits", "--objectives", "acc,params"), "Did you mean 'accuracy'?"),
        (("--images", ""), "got no path of images"),
        (("--images", "digits", "--output", "-"), "- is a stream"),
        (("--images", "digits", "--output", "/dev/stdout"), "/dev/stdout is a stream"),
        (("--images", "digits", "--plot", "/dev/fd/2"), "/dev/fd/2 is a stream"),
        (("--images", "digits", "--count", 0), "0 is not in the range 1<=x<=100000"),
        (("--images", "digits", "--count", 10**6), "1000000 is not in the range 1<=x<=100000"),
    ],
)
def test_names_and_numbers_are_refused_before_anything_is_embedded(refused, monkeypatch, arguments, message):
    monkeypatch.setattr(CachedEncoder, "embed", lambda *_, **__: pytest.fail("embedded"))
    assert message in refused("generate", *arguments)


def test_a_device_is_refused_before_the_images_are_read(refused, tmp_path):
    (tmp_path / "data.npz").write_bytes(b"no archive")
    assert "Did you mean 'pixel3'?" in refused(
        "generate", "--images", tmp_path / "data.npz", "--device-latency", "pixel4"
    )


def test_a_link_to_an_open_file_is_no_place_for_a_result(refused, tmp_path):
    link, other = tmp_path / "result.json", tmp_path / "other.json"
    other.symlink_to("/dev/stdout")
    link.symlink_to("other.json")
    assert "result.json is a stream" in refused(*DIGITS, "--output", link)
    assert link.is_symlink()
    assert other.is_symlink()


def test_a_plot_is_drawn_though_the_result_cannot_be_written(run, monkeypatch, tmp_path):
    def refuse(result, path, screen):
        raise pomonag.UserError("the disk is full")

    monkeypatch.setattr("pomonag.commands.generate._write_result", refuse)
    code, _, errors = run(*DIGITS, "--output", tmp_path / "result.json", "--plot", tmp_path / "front.svg")
    assert code == 2
    assert errors.splitlines()[-1] == "error: the disk is full"
    assert [path.name for path in tmp_path.iterdir()] == ["front.svg"]


def test_the_result_is_written_though_the_plot_cannot_be_drawn(run, monkeypatch, tmp_path):
    def refuse(result, path):
        raise pomonag.UserError("the disk is full")

    monkeypatch.setattr("pomonag.deploy.front_plot.draw_front", refuse)
    code, _, errors = run(*DIGITS, "--output", tmp_path / "result.json", "--plot", tmp_path / "front.svg")
    assert (code, errors.splitlines()[-1]) == (2, "error: the disk is full")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_features_of_another_encoder_in_a_file(refused, monkeypatch, tmp_path):
    np.savez(tmp_path / "features.npz", embedding=np.ones((10, 20, 512), np.float32))
    monkeypatch.setattr(PrecomputedEncoder, "embed", lambda *_, **__: pytest.fail("embedded"))
    message = refused("generate", "--images", "digits", "--encoder", f"precomputed:{tmp_path / 'features.npz'}")
    assert "got 512 features an image, expected 1280, those of efficientnet_lite0" in message
    assert "Use the encoder efficientnet_lite0, or precomputed:FILE with its features" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("meta-dataset", "check", "nb2O1"), "Did you mean 'nb201'?"),
        (("meta-dataset", "compact", "--space", "nb2O1"), "Did you mean 'nb201'?"),
        (("meta-dataset", "build", "--out", "rows", "--executor", "proceses"), "Did you mean 'processes'?"),
        (("meta-dataset", "tune", "--out", "tuning", "--space", "nb2O1"), "Did you mean 'nb201'?"),
        (("meta-dataset", "tune", "--out", "tuning", "--profile", "lit"), "Did you mean 'lite'?"),
        (("train", "predictors", "--set", "shiped", "--out", "made"), "Did you mean 'shipped'?"),
        (("train", "reference", "--part", "scor", "--out", "made"), "Did you mean 'score'?"),
        (("train", "denoiser", "--space", "nb2O1", "--out", "made"), "Did you mean 'nb201'?"),
    ],
)
def test_other_commands_suggest_the_nearest_name_too(refused, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_budget_out_of_reach_names_the_nearest_within(refused):
    message = refused(*DIGITS, "--budget", "params<1k, accuracy>99.99")
    assert "no architecture keeps the budget params<1000, accuracy>99.99. The nearest reachable has params=" in message
    assert "accuracy=" in message.partition("nearest")[2]


# Damaged files


@pytest.mark.parametrize(
    ("mode", "file"),
    [
        ("fast", "denoiser.safetensors"),
        ("fast", "shipped/predictors.safetensors"),
        ("reference", "reference_score.safetensors"),
        ("reference", "reference_macs.safetensors"),
        ("reference", "reference_macs.json"),
    ],
)
def test_a_checkpoint_that_is_cut_off(refused, monkeypatch, tmp_path, mode, file):
    shutil.copytree(CHECKPOINTS, tmp_path / "checkpoints")
    monkeypatch.setattr(generation, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(load_predictor_set, "__defaults__", ("shipped", tmp_path / "checkpoints"))
    for load in (reference.load_score_network, reference.load_predictor):
        monkeypatch.setattr(load, "__defaults__", (tmp_path / "checkpoints",))
    generation.load_denoiser.cache_clear()
    cut(tmp_path / "checkpoints" / "nb201" / file)
    message = refused(*DIGITS, "--mode", mode)
    # A header beside the weights is told by the weights' name and its own error.
    assert f"{tmp_path}/checkpoints/nb201/{file.removesuffix('.json')}" in message
    assert "not a whole checkpoint" in message


RELEASED = ("meta_dataset_nb201/train", "meta_dataset_nb201/tasks")


@pytest.fixture
def tables(tmp_path):
    """A data folder with small tables: what a cut-off one is told by does not depend on its rows."""
    cells = [str(cell) for cell in search_space("nb201").enumerate()]
    rows = "index,arch_str,cifar10_test_acc_200ep,cifar100_test_acc_200ep,pixel3,task,class_00\n" + "".join(
        f"{i},{cell},{50 + i % 40},{30 + i % 40},{1 + i % 7},{i},1\n" for i, cell in enumerate(cells)
    )
    for name in ("nasbench201/accuracies", "nasbench201/latency_help", *RELEASED):
        file = tmp_path / "data" / f"{name}.csv.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(rows.encode(), 1))
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("nasbench201/latency_help.csv.gz", (*DIGITS, "--device-latency", "pixel3")),
        ("nasbench201/accuracies.csv.gz", (*DIGITS, "--device-latency", "pixel3")),
        ("nasbench201/accuracies.csv.gz", ("train", "predictors", "--out", "made")),
        ("meta_dataset_nb201/train.csv.gz", ("train", "predictors", "--out", "made")),
        ("meta_dataset_nb201/tasks.csv.gz", ("train", "predictors", "--out", "made")),
    ],
)
def test_a_table_that_is_cut_off(refused, tables, file, arguments):
    cut(tables / file)
    message = refused(*arguments, "--data-dir", tables)
    assert f"cannot read {tables / file}" in message
    assert "cut off or damaged; copy or download it again" in message


def test_images_of_the_tasks_that_are_cut_off_fail_no_row(refused, tmp_path):
    pool = tmp_path / "data" / "images" / "miniimagenet32.npz"
    pool.parent.mkdir(parents=True)
    np.savez(pool, x=np.zeros((100, 32, 32, 3), np.uint8), y=np.arange(100), classes=np.arange(100))
    cut(pool)
    build = ("meta-dataset", "build", "--rows", 3, "--out", tmp_path / "rows", "--data-dir", tmp_path / "data")
    assert f"{pool} is not a whole mini-ImageNet32 file" in refused(*build)
    assert not (tmp_path / "rows").exists()
    np.savez(pool, x=np.zeros(3), y=np.zeros(3))
    assert "'classes'" in refused(*build)


def test_a_build_in_which_every_row_fails(refused, monkeypatch, tmp_path):
    def fail(self, planned):
        raise RuntimeError(f"no image of {planned.task}")

    (tmp_path / "images").mkdir()
    np.savez(tmp_path / "images" / "miniimagenet32.npz", x=np.zeros(1), y=np.zeros(1), classes=np.zeros(1))
    monkeypatch.setattr(MeasureAndRecord, "_measure", fail)
    monkeypatch.setattr(builder.RowProgress, "__init__", quiet(builder.RowProgress.__init__))
    build = ("meta-dataset", "build", "--rows", 3, "--out", tmp_path / "rows", "--data-dir", tmp_path)
    for _ in range(2):
        message = refused(*build)
        assert "all 3 rows that were tried failed, the last with 'RuntimeError: no image of train-002'" in message
        assert f"{tmp_path}/rows/journal/build.log has every error" in message


def quiet(start):
    """`RowProgress` without its bar, which is told on the same channel as the error."""
    return lambda self, total, skipped, log, console: start(self, total, skipped, log, Console(quiet=True))
