from dataclasses import fields, replace

import pytest

from pomonag.data.splits import SPLITS
from pomonag.errors import UserError
from pomonag.evaluation import trained
from pomonag.evaluation.trained import TrainedEvaluator, TrainingProtocol
from pomonag.spaces import search_space
from pomonag.training import pipeline_training
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.recipe import Recipe
from tests.made_up_trainings import write_pool

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = TrainingProtocol(
    recipe=Recipe(epochs=1, batch_size=32, resolution=8, crop_padding=1),
    reduced=(("channels", 4), ("cells", 1)),
    latency_warmup=1,
    latency_runs=3,
)
CELL = search_space("nb201").parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|none~1|avg_pool_3x3~2|")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("data"), 10)


def test_labels_of_the_reduced_network_and_costs_of_the_full_one(data_dir):
    evaluator = TrainedEvaluator(QUICK, data_dir)
    evaluation = evaluator.evaluate(CELL, "train-000", 0)
    full = search_space("nb201").cost([CELL], classes=20, resolution=32)
    assert (evaluation.params, evaluation.macs) == (int(full.params[0]), int(full.macs[0]))
    assert 0 <= evaluation.accuracy <= 100
    assert evaluation.loss > 0
    assert evaluation.latency_ms > 0
    assert evaluation.seconds > 0
    assert evaluation.provenance["protocol"] == QUICK.hash


def test_a_seed_fixes_the_labels(data_dir):
    evaluator = TrainedEvaluator(replace(QUICK, latency_runs=0), data_dir)
    first = evaluator.measure(CELL, "train-000", 0)
    again = TrainedEvaluator(replace(QUICK, latency_runs=0), data_dir).measure(CELL, "train-000", 0)
    other = evaluator.measure(CELL, "train-000", 1)
    assert first.training.loss == again.training.loss != other.training.loss
    assert first.latency is None
    assert (first.train_images, first.test_images) == (140, 60)


def test_the_hash_names_every_setting():
    other = {
        "space": "mbv3", "recipe": Recipe(epochs=9), "reduced": (("channels", 8),), "split": SPLITS["paper"],
        "classes": 10, "resolution": 64, "latency_warmup": 0, "latency_runs": 0, "pool": "folder-0123456789ab",
        "pipeline": TrainingPipeline(epochs=1),
    }  # fmt: skip
    assert set(other) == {f.name for f in fields(TrainingProtocol)}
    assert len({QUICK.hash, *(replace(QUICK, **{k: v}).hash for k, v in other.items())}) == len(other) + 1


def test_rows_that_ship_keep_their_protocol():
    assert TrainingProtocol().hash == "c85bdc91fe1d"
    assert "pool" not in TrainingProtocol().settings
    assert TrainingProtocol().settings["test_share"] == 1 / 3
    other = TrainingProtocol(pool="folder-0123456789ab", split=SPLITS["paper-a3"]).settings
    assert other["pool"] == "folder-0123456789ab"
    assert other["split"] == {"train": 1000, "test": 10}


def test_images_that_are_not_the_protocols_are_refused(data_dir):
    evaluator = TrainedEvaluator(replace(QUICK, pool="folder-0123456789ab"), data_dir)
    with pytest.raises(UserError, match=r"is the pool miniimagenet32, but the protocol's .* folder-0123456789ab"):
        evaluator.measure(CELL, "train-000", 0)


def test_prepared_tasks_are_kept_as_far_as_memory_goes(data_dir, monkeypatch):
    evaluator = TrainedEvaluator(replace(QUICK, latency_runs=0), data_dir)
    loaded = []
    real = trained.load_task
    monkeypatch.setattr(trained, "load_task", lambda task, **rest: loaded.append(task.name) or real(task, **rest))
    for name in ("train-000", "train-001", "train-000"):
        evaluator.measure(CELL, name, 0)
    assert loaded == ["train-000", "train-001"]
    monkeypatch.setattr(trained, "_KEPT_BYTES", 0)
    for name in ("train-002", "train-000"):
        evaluator.measure(CELL, name, 0)
    assert loaded == ["train-000", "train-001", "train-002", "train-000"]


IN_FULL = TrainingProtocol(
    pipeline=TrainingPipeline(epochs=2, batch_size=64, resolution=8, validation_share=0.2, selection="last"),
    reduced=(("channels", 4), ("cells", 1)),
    latency_runs=0,
)


def test_training_in_full_by_a_pipeline(data_dir, tmp_path):
    first = TrainedEvaluator(IN_FULL, data_dir, checkpoints=tmp_path).measure(CELL, "train-000", 0)
    again = TrainedEvaluator(IN_FULL, data_dir).measure(CELL, "train-000", 0)
    assert first.training.loss == again.training.loss
    assert 0 < first.training.train_loss < 10
    assert (first.train_images, first.test_images) == (140, 60)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_in_full_goes_on_after_its_last_epoch(data_dir, tmp_path, monkeypatch):
    whole = TrainedEvaluator(IN_FULL, data_dir).measure(CELL, "train-000", 0)
    epochs = []
    train_epoch = pipeline_training._Run.train_epoch

    def killed_in_the_second(run):
        epochs.append(len(run.history))
        if epochs == [0, 1]:
            raise KeyboardInterrupt
        return train_epoch(run)

    monkeypatch.setattr(pipeline_training._Run, "train_epoch", killed_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        TrainedEvaluator(IN_FULL, data_dir, checkpoints=tmp_path).measure(CELL, "train-000", 0)
    resumed = TrainedEvaluator(IN_FULL, data_dir, checkpoints=tmp_path).measure(CELL, "train-000", 0)
    assert epochs == [0, 1, 1]
    assert resumed.training.loss == whole.training.loss
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "protocol",
    [
        replace(QUICK, recipe=replace(QUICK.recipe, optimizer="sgd", learning_rate=1e30)),
        replace(IN_FULL, pipeline=replace(IN_FULL.pipeline, learning_rate=1e30)),
    ],
)
def test_a_training_that_diverges_is_no_accuracy(data_dir, protocol):
    with pytest.raises(FloatingPointError, match="not finite"):
        TrainedEvaluator(protocol, data_dir).measure(CELL, "train-000", 0)
