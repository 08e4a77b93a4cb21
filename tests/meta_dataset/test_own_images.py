"""Rows on other images than mini-ImageNet32's: measured, checked, described."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

from pomonag.commands import meta_dataset as command
from pomonag.data.pools import open_pool
from pomonag.data.splits import SPLITS
from pomonag.errors import UserError
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.execution.executor import SerialExecutor
from pomonag.meta_dataset import builder
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.check import check_meta_dataset
from pomonag.meta_dataset.data_card import figures
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import meta_dataset, read_shard, shard_paths
from pomonag.training.recipe import Recipe
from tests.data.made_up_pools import image_folder, imagenet32

QUICK = TrainingProtocol(
    recipe=Recipe(epochs=1, batch_size=50, resolution=8, crop_padding=1),
    reduced=(("channels", 4), ("cells", 1)),
    latency_runs=0,
    split=SPLITS["paper"],
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return {
        "folder": f"folder:{image_folder(folder / 'pictures')}",
        "imagenet32": f"imagenet32:{imagenet32(folder / 'batches')}",
    }


def build(out, source, protocol, rows=4, measure=None):
    config = BuildConfig(rows=rows, plan=Plan(training_tasks=1, held_out_tasks=1), protocol=protocol)
    return build_meta_dataset(config, SerialExecutor(), out, pool=source, measure=measure, console=Console(quiet=True))


@pytest.mark.parametrize("kind", ["folder", "imagenet32"])
def test_rows_on_other_images_are_measured_and_sound(sources, kind, tmp_path):
    pool = open_pool(sources[kind])
    protocol = replace(QUICK, pool=pool.name)
    assert build(tmp_path, sources[kind], protocol).measured == 4
    rows = meta_dataset(tmp_path)
    assert sorted(rows["held_out"]) == [False, False, True, True]
    images = {"folder": 10, "imagenet32": 30}[kind]
    assert set(rows["train_images_per_class"]) == {images * 8 // 10}
    assert set(rows["test_images_per_class"]) == {images // 10}
    assert check_meta_dataset(tmp_path).problems == ()
    settings = read_shard(shard_paths(tmp_path)[0])[1]["protocols"][protocol.hash]
    assert settings["pool"] == pool.name
    assert str(tmp_path.parent) not in str(settings)  # a name, not a place
    assert f"- Images of the pool {pool.name}, split 80/10/10 % train/validation/test." in figures(tmp_path, None)
    assert build(tmp_path, sources[kind], protocol).skipped == 4


def test_the_card_names_a_split_by_counts(sources, tmp_path, measure):
    build(tmp_path, sources["folder"], replace(QUICK, pool="folder-0", split=SPLITS["paper-a3"]), measure=measure)
    assert "- Images of the pool folder-0, split 1,000 train + 10 test images a class." in figures(tmp_path, None)


def test_the_driver_opens_a_pool_once_and_believes_the_opened_one(sources, tmp_path, monkeypatch):
    pool = open_pool(sources["imagenet32"])
    protocol = replace(QUICK, pool=pool.name)
    config = BuildConfig(rows=1, plan=Plan(training_tasks=1, held_out_tasks=0), protocol=protocol)
    monkeypatch.setattr(builder, "open_pool", None)
    out = tmp_path / "out"
    done = build_meta_dataset(
        config, SerialExecutor(), out, pool=sources["imagenet32"], opened=pool, console=Console(quiet=True)
    )
    assert done.measured == 1
    config = replace(config, protocol=replace(protocol, pool="imagenet32-0123456789ab"))
    with pytest.raises(UserError, match=rf"is the pool {pool.name}, the protocol is for"):
        build_meta_dataset(config, SerialExecutor(), out, opened=pool)


def test_images_of_another_protocol_are_refused_before_anything_is_made(sources, tmp_path):
    with pytest.raises(UserError, match=r"is the pool folder-.*, the protocol is for folder-0123456789ab"):
        build(tmp_path / "out", sources["folder"], replace(QUICK, pool="folder-0123456789ab"))
    assert not (tmp_path / "out").exists()


def run(*arguments):
    return CliRunner().invoke(command.meta_dataset, ["build", *arguments])


def test_the_command_builds_on_a_folder_of_pictures(sources, tmp_path, measure, monkeypatch):
    asked = {}

    def fake(config, executor, out, *, pool, opened):
        asked.update(config=config, pool=pool, opened=opened)
        return build_meta_dataset(config, executor, out, pool=pool, measure=measure)

    monkeypatch.setattr(builder, "build_meta_dataset", fake)
    folder = sources["folder"].removeprefix("folder:")
    monkeypatch.chdir(folder + "/..")
    result = run(
        "--pool", "folder:pictures", "--split", "paper", "--tasks", "3", "--held-out-tasks", "0",
        "--rows", "6", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert asked["pool"] == sources["folder"]  # absolute, for workers in other folders
    assert asked["opened"].name == asked["config"].protocol.pool
    assert asked["config"].protocol == TrainingProtocol(pool=open_pool(sources["folder"]).name, split=SPLITS["paper"])
    assert asked["config"].plan == Plan(training_tasks=3, held_out_tasks=0)
    assert len(meta_dataset(tmp_path / "out")) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pool", "folder:/no/such/place"], "/no/such/place is no folder"),
        (["--pool", "imagenet64:x"], "Did you mean 'imagenet32'"),
        (["--split", "papers"], "Did you mean 'paper'"),
        (["--tasks", "0", "--held-out-tasks", "0"], "at least one task"),
    ],
)
def test_the_command_refuses_what_it_cannot_use(arguments, message, tmp_path):
    result = run(*arguments, "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, UserError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()
