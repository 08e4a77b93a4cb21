"""Whole trainings of tiny networks: the options act, divergence is told, and an interruption changes no bit."""

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from pomonag.errors import UserError
from pomonag.spaces import search_space
from pomonag.training.pipeline import DIFFUSIONNAG_PIPELINES, PAPER_PIPELINES, TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages
from pomonag.training.pipeline_training import Epoch, Score, train

BASE = TrainingPipeline(epochs=3, batch_size=16, resolution=8, learning_rate=0.05)
# All that has a state, and all that draws.
BUSY = replace(
    BASE,
    optimiser="adamw",
    learning_rate=0.01,
    warmup_epochs=1,
    scheduler="cosine_restarts",
    cycles=2,
    label_smoothing=0.1,
    padding=1,
    horizontal_flip=0.5,
    augmentation="augmix",
    random_erasing=0.2,
    mixup=0.2,
    cutmix=0.2,
    mixed_precision=True,
    gradient_clip=1.0,
)


def images_of(seed, each=20):
    """Three classes that differ in colour."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat_interleave(each)
    pixels = torch.randint(0, 120, (3 * each, 3, 8, 8), generator=generator)
    pixels[torch.arange(3 * each), labels] += 60
    return LabelledImages(pixels.byte(), labels)


TRAINING, VALIDATION, TEST = images_of(0, 30), images_of(1), images_of(2)


def small_network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(8, 3),
    )  # fmt: skip


def trained(pipeline, seed=1, validation=VALIDATION, network=None, **settings):
    return train(network or small_network(), TRAINING, validation, TEST, pipeline, seed, **settings)


def tiny_cell():
    space = search_space("nb201")
    cell = space.parse("|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|")
    # Pipelines that fine-tune keep these weights.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return space.build(cell, classes=3, resolution=8, channels=4, cells=1)


@pytest.mark.parametrize("pipelines", [PAPER_PIPELINES, DIFFUSIONNAG_PIPELINES], ids=["paper", "diffusionnag"])
@pytest.mark.parametrize("space", ["nb201", "mbv3"])
def test_shipped_pipelines_train_a_tiny_network_of_nb201(pipelines, space):
    pipeline = pipelines[space]
    shorter = replace(
        pipeline, epochs=2, batch_size=45, resolution=8, warmup_epochs=min(1, pipeline.warmup_epochs),
        padding=min(2, pipeline.padding), cutout=min(2, pipeline.cutout),
    )  # fmt: skip
    outcome = trained(shorter, network=tiny_cell())
    assert [epoch.number for epoch in outcome.history] == [0, 1]
    assert not outcome.diverged
    assert 0 <= outcome.test.accuracy <= 100
    assert 0 < outcome.test.true_class_probability < 1
    assert outcome == trained(shorter, network=tiny_cell())


@pytest.mark.parametrize("pipeline", [replace(BASE, epochs=12), replace(BUSY, epochs=24)], ids=["plain", "busy"])
def test_learns_what_is_easy(pipeline):
    outcome = trained(pipeline)
    assert outcome.test.accuracy > 80
    # Chance is log 3 = 1.10.
    assert outcome.test.loss < 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"optimiser": "adam"}, {"optimiser": "adamw"}, {"nesterov": False}, {"momentum": 0.5}, {"weights": "pytorch"},
        {"weight_decay": 0.01}, {"gradient_clip": 0.1}, {"warmup_epochs": 1}, {"scheduler": "cosine"},
        {"scheduler": "cosine_restarts", "cycles": 2}, {"label_smoothing": 0.1}, {"padding": 1},
        {"horizontal_flip": 0.5},
        {"augmentation": "rand_augment"}, {"normalisation": "imagenet"}, {"random_erasing": 1.0}, {"cutout": 2},
        {"mixup": 0.2}, {"cutmix": 0.2}, {"mixed_precision": True}, {"batch_size": 32}, {"resolution": 10},
    ],
    ids=str,
)  # fmt: skip
def test_every_option_changes_the_training(change):
    plain, changed = trained(BASE), trained(replace(BASE, **change))
    assert plain == trained(BASE)
    assert [epoch.train_loss for epoch in plain.history] != [epoch.train_loss for epoch in changed.history]


class Constant(nn.Module):
    """Gives the same logits for every image, and trains nothing that matters."""

    def __init__(self, logits):
        super().__init__()
        self.logits, self.weight = torch.tensor(logits), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.logits.expand(len(x), 3) + 0 * self.weight


def test_losses_and_scores_are_those_of_the_logits():
    network = Constant([2.0, 0.0, 0.0])
    logs = torch.tensor([2.0, 0.0, 0.0]).log_softmax(0)
    plain, smooth = (trained(replace(BASE, label_smoothing=s), network=network) for s in (0.0, 0.3))
    # Of three classes in equal numbers the mean log-probability is that of a fully smoothed label.
    assert plain.history[0].train_loss == pytest.approx(-logs.mean().item(), rel=1e-6)
    assert smooth.history[0].train_loss == pytest.approx(plain.history[0].train_loss, rel=1e-6)
    one_class = LabelledImages(TRAINING.images, torch.zeros(90, dtype=torch.int64))
    smooth = train(network, one_class, VALIDATION, TEST, replace(BASE, label_smoothing=0.3), 0)
    assert smooth.history[0].train_loss == pytest.approx(-(0.7 * logs[0] + 0.3 * logs.mean()).item(), rel=1e-6)
    assert smooth.test == Score(pytest.approx(100 / 3), pytest.approx(-logs.mean().item()), pytest.approx(1 / 3))


class Scripted(Constant):
    """Is right about as many validation images as the script says for each epoch; 20 of each class."""

    def __init__(self, script):
        super().__init__([0.0, 0.0, 0.0])
        self.script, self.calls = script, nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x):
        if self.training:
            self.calls += 1
            return super().forward(x)
        right = self.script[int(self.calls.item()) - 1] if self.calls else 0
        truth = torch.arange(3).repeat_interleave(20)[: len(x)]
        told = torch.where(torch.arange(len(x)) < right, truth, (truth + 1) % 3)
        return nn.functional.one_hot(told, 3).float()


def test_early_stopping_stops_and_the_best_weights_are_tested():
    pipeline = replace(BASE, epochs=8, batch_size=90, early_stopping_patience=2)
    network = Scripted([30, 45, 45, 12, 60, 60, 60, 60])
    outcome = trained(pipeline, network=network)
    assert [epoch.validation.accuracy for epoch in outcome.history] == [50, 75, 75, 20]
    assert (outcome.tested_epoch, outcome.stopped_early) == (1, True)
    assert outcome.test.accuracy == 75
    assert network.calls.item() == 2
    last = trained(replace(pipeline, selection="last"), network=Scripted([30, 45, 45, 12]))
    assert (last.tested_epoch, last.stopped_early, last.test.accuracy) == (3, True, 20)
    patient = trained(replace(pipeline, early_stopping_patience=3), network=Scripted([30, 45, 45, 12, 60, 0, 0, 0]))
    assert (patient.tested_epoch, len(patient.history), patient.stopped_early) == (4, 8, False)


class Bad(Constant):
    """Logits that are not numbers, from a call on, in training or not."""

    def __init__(self, training_call=None, evaluation_call=None):
        super().__init__([0.0, 0.0, 0.0])
        self.left = {True: training_call, False: evaluation_call}

    def forward(self, x):
        if (left := self.left[self.training]) is not None:
            self.left[self.training] = left - 1
            if left <= 0:
                return super().forward(x) * float("nan")
        return super().forward(x)


@pytest.mark.parametrize(
    ("network", "epochs"),
    [
        (Bad(training_call=0), 0),
        (Bad(training_call=8), 1),
        # The first call is the one that counts the classes; four batches of 16 hold the validation images.
        (Bad(evaluation_call=1 + 4 * 2), 2),
        (Bad(evaluation_call=1 + 4 * 3), 3),
    ],
    ids=["first step", "second epoch", "validation", "test"],
)
def test_a_loss_that_is_no_number_is_a_divergence_not_a_score(network, epochs):
    outcome = trained(BASE, network=network)
    assert outcome.diverged
    assert outcome.test is None
    assert outcome.tested_epoch is None
    assert len(outcome.history) == epochs


def test_a_rate_too_high_diverges():
    assert trained(replace(BASE, learning_rate=1e30)).diverged


def test_validation_images_are_split_off_where_there_are_none_and_needed():
    seen = []

    class Counting(Constant):
        def forward(self, x):
            seen.append((self.training, len(x)))
            return super().forward(x)

    pipeline = replace(BASE, epochs=1, batch_size=1000, validation_share=0.2)
    outcome = trained(pipeline, validation=None, network=Counting([0.0, 0.0, 0.0]))
    assert seen == [(False, 1), (True, 72), (False, 18), (False, 60)]
    assert outcome.history[0].validation is not None
    seen.clear()
    outcome = trained(replace(pipeline, selection="last"), validation=None, network=Counting([0.0, 0.0, 0.0]))
    assert seen == [(False, 1), (True, 90), (False, 60)]
    assert outcome.history[0].validation is None


def test_without_test_images_there_is_no_test_score():
    outcome = train(small_network(), TRAINING, VALIDATION, None, replace(BASE, epochs=1), 0)
    assert outcome.test is None
    assert not outcome.diverged
    assert outcome.tested_epoch == 0


def test_the_seed_settles_all_and_workers_nothing():
    network, state = small_network(), torch.random.get_rng_state()
    one = trained(BUSY, network=network)
    assert torch.equal(state, torch.random.get_rng_state())
    assert one == trained(BUSY, workers=2)
    assert one != trained(BUSY, seed=2)


def test_labels_without_a_class_are_refused():
    with pytest.raises(UserError, match="got label 3; the network has the classes 0 to 2"):
        train(small_network(), TRAINING, LabelledImages(VALIDATION.images, VALIDATION.labels + 1), TEST, BASE, 0)


def test_progress_is_told_each_epoch():
    told: list[Epoch] = []
    assert trained(BASE, progress=told.append).history == tuple(told)


class Stop(Exception):
    pass


@pytest.mark.parametrize("pipeline", [BUSY, replace(BASE, epochs=4, scheduler="cosine", schedule_unit="epoch")])
@pytest.mark.parametrize("after", [0, 1])
def test_a_continued_training_is_the_undisturbed_one(tmp_path, pipeline, after):
    def stop(epoch):
        if epoch.number == after:
            raise Stop

    undisturbed = small_network()
    whole = trained(pipeline, network=undisturbed)
    path = tmp_path / "epoch.pt"
    with pytest.raises(Stop):
        trained(pipeline, checkpoint=path, progress=stop)
    told: list[Epoch] = []
    continued = small_network()
    assert trained(pipeline, checkpoint=path, progress=told.append, network=continued) == whole
    assert [epoch.number for epoch in told] == list(range(after + 1, pipeline.epochs))
    for one, two in zip(undisturbed.state_dict().values(), continued.state_dict().values()):
        assert torch.equal(one, two)
    # A finished one is read, not trained again.
    assert trained(pipeline, checkpoint=path, progress=stop) == whole


def test_a_killed_process_is_continued_to_the_same_bits(tmp_path):
    path = tmp_path / "epoch.pt"
    script = f"""
        import os, signal
        from test_pipeline_training import BUSY, small_network, trained
        network, calls = small_network(), 0
        def kill(module, inputs):
            global calls
            calls += module.training
            if calls == 9:  # of six updates an epoch
                os.kill(os.getpid(), signal.SIGKILL)
        network.register_forward_pre_hook(kill)
        trained(BUSY, network=network, checkpoint={str(path)!r})
    """
    here = Path(__file__).parent
    code = f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parents[1])!r}]\n" + textwrap.dedent(script)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    told: list[Epoch] = []
    assert trained(BUSY, checkpoint=path, progress=told.append) == trained(BUSY)
    assert [epoch.number for epoch in told] == [1, 2]


@pytest.mark.parametrize(
    ("change", "named"),
    [({"seed": 2}, "seed"), ({"validation": TEST}, "validation images"), ({}, "pipeline")],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, change, named):
    path = tmp_path / "epoch.pt"
    trained(BASE, checkpoint=path)
    pipeline = BASE if change else replace(BASE, mixup=0.1)
    with pytest.raises(UserError, match=named):
        trained(pipeline, checkpoint=path, **change)


def test_a_checkpoint_of_other_loaded_weights_is_refused(tmp_path):
    path, pipeline = tmp_path / "epoch.pt", replace(BASE, weights="imagenet", epochs=1)
    trained(pipeline, checkpoint=path)
    with pytest.raises(UserError, match="another network"):
        trained(pipeline, checkpoint=path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_cuda_that_is_not_there_is_said():
    with pytest.raises(UserError, match="no CUDA device"):
        trained(BASE, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_trains_on_cuda():
    outcome = trained(replace(BUSY, epochs=24), device="cuda")
    assert outcome.test.accuracy > 80
