"""Reliability of made-up super-networks whose worth is known: perfect ones, coin tosses, and those in between."""

import types

import numpy as np
import pandas as pd
import pytest
import torch

from pomonag.data.miniimagenet import TRAINING_CLASSES
from pomonag.data.tasks import task
from pomonag.errors import UserError
from pomonag.evaluation.protocols import lite_protocol
from pomonag.meta_dataset.supernet_reliability import planned_sub_networks, supernet_reliability
from pomonag.spaces import search_space

SPACE = search_space("mbv3")
PARTS = ("w1.0", "w1.2")
LABELS = torch.arange(75).repeat_interleave(40)


class MadeUpEvaluator:
    """Finds a share of the images' classes: `skill` of the architecture, or with `noise` by chance alone."""

    space = SPACE
    full_network = {"classes": 20, "resolution": 224}  # noqa: RUF012 - as the real one's

    def __init__(self, noise=False):
        self.noise = noise

    def super_network(self, part):
        return types.SimpleNamespace(hash=f"hash of {part}")

    def logits_of_all_classes(self, architecture, seed=0):
        random = np.random.default_rng(abs(hash(architecture)) % 2**32)
        found = torch.from_numpy(random.random(len(LABELS)) < (0.5 if self.noise else skill(architecture)))
        wrong = (LABELS + 1) % 75
        logits = torch.zeros(len(LABELS), 75)
        logits[torch.arange(len(LABELS)), torch.where(found, LABELS, wrong)] = 4.0
        return logits, LABELS, TRAINING_CLASSES


def skill(architecture):
    """From 0.1 to 0.9, with the number of blocks and then with their kernels."""
    return 0.1 + 0.8 * (sum(architecture.depths) - 10) / 10 + 0.01 * sum(architecture.kernels) / 140


LITE = lite_protocol("mbv3").hash


def rows(sign=1.0, protocol=LITE, part="w1.0"):
    """Trainings from scratch on two tasks of different difficulty, of accuracies that go with the skill or against."""
    lines = []
    for text in planned_sub_networks(SPACE, part, 16):
        for name, level in (("train-000", 60.0), ("train-001", 20.0), ("heldout-000", 90.0)):
            accuracy = level + sign * 5 * skill(SPACE.parse(text))
            line = {"task": name, "architecture": text, "accuracy": accuracy, "loss": 5 - accuracy / 20}
            lines.append({**line, "protocol": protocol, "held_out": name.startswith("heldout")})
    return pd.DataFrame(lines)


def test_sub_networks_are_those_that_the_meta_dataset_trains():
    chosen = planned_sub_networks(SPACE, "w1.2", 12)
    assert len(set(chosen)) == 12
    assert {SPACE.super_network_of(SPACE.parse(text)) for text in chosen} == {"w1.2"}
    assert planned_sub_networks(SPACE, "w1.2", 5) == chosen[:5]


def test_skill_is_found_in_both_halves_and_noise_is_not():
    skilled = supernet_reliability(MadeUpEvaluator(), PARTS, None, 24)
    assert set(skilled["groups"]) == {"w1.0", "w1.2", "pooled"}
    assert skilled["weights"] == {"w1.0": "hash of w1.0", "w1.2": "hash of w1.2"}
    assert skilled["test_images"] == 3000
    for name, group in skilled["groups"].items():
        assert group["sub_networks"] == (48 if name == "pooled" else 24)
        assert group["from_scratch"] is None
        for label in ("accuracy", "loss"):
            assert group[label]["split_half"] > 0.9
            half = group[label]["split_half"]
            assert group[label]["spearman_brown"] == pytest.approx(2 * half / (1 + half))
        assert group["accuracy"]["macs"] == pytest.approx(-group["loss"]["macs"])
    noisy = supernet_reliability(MadeUpEvaluator(noise=True), PARTS, None, 24)["groups"]["pooled"]
    assert abs(noisy["accuracy"]["split_half"]) < 0.35


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rank_correlation_with_trainings_from_scratch(sign):
    found = supernet_reliability(MadeUpEvaluator(), ("w1.0",), rows(sign), 16)["groups"]
    assert set(found) == {"w1.0"}
    scratch = found["w1.0"]["from_scratch"]
    assert scratch["sub_networks"] == 16
    assert sign * scratch["accuracy"] > 0.8
    assert sign * scratch["loss"] > 0.8
    assert sign * scratch["macs"] > 0.2


def test_a_task_s_accuracy_is_that_of_its_classes_alone():
    """Where the next class is not one of the task, it is ruled out and the guess is right after all."""
    from pomonag.meta_dataset.supernet_reliability import _outcome

    architecture = SPACE.extremes("w1.0")[0]
    outcome, labels = _outcome(MadeUpEvaluator(), architecture, "w1.0", ["train-000"], 0)
    known = [TRAINING_CLASSES.index(one) for one in task("train-000").classes]
    mine = np.isin(labels, known)
    ruled_out = ~np.isin((labels + 1) % 75, known)
    first = labels == known[0]  # equal logits: arg max takes the task's first class
    right = outcome.right | (ruled_out & first)
    assert outcome.on_tasks["train-000"][0] == pytest.approx(100 * right[mine].mean())


def test_rows_of_other_protocols_and_few_rows_say_nothing():
    evaluator = MadeUpEvaluator()
    for some in (rows(protocol="another"), rows().iloc[:9], rows(part="w1.2")):
        assert supernet_reliability(evaluator, ("w1.0",), some, 16)["groups"]["w1.0"]["from_scratch"] is None


def test_too_few_sub_networks():
    with pytest.raises(UserError, match="got 3 sub-networks"):
        supernet_reliability(MadeUpEvaluator(), PARTS, None, 3)
