"""Inherited weights on tasks: of known classes by their logits, of others by features; the seed settles all."""

from dataclasses import replace

import pytest
import torch

from pomonag.data.miniimagenet import EVALUATION_CLASSES, TRAINING_CLASSES
from pomonag.errors import UserError
from pomonag.evaluation.supernet import SupernetEvaluator, discriminant, of_classes
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.spaces import search_space
from pomonag.training.recipe import Recipe
from pomonag.training.supernet_files import weights_file
from pomonag.training.supernet_settings import SuperNetworkTraining
from tests.made_up_trainings import TINY_SKELETON, write_pool

pytestmark = pytest.mark.usefixtures("one_thread")

SPACE = search_space("mbv3")
SMALLEST, LARGEST = SPACE.extremes("w1.0")
TRAINING = SuperNetworkTraining(
    space="mbv3",
    part="w1.0",
    reduced=TINY_SKELETON,
    recipe=Recipe(resolution=8, crop_padding=1, precision="fp32"),
    pool="miniimagenet32",
    classes=TRAINING_CLASSES,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Thirty images a class whose colour says which class it is, with much noise."""

    def coloured(random, labels):
        colours = random.integers(0, 155, (100, 3))
        return random.integers(0, 100, (len(labels), 32, 32, 3)) + colours[labels][:, None, None]

    return write_pool(tmp_path_factory.mktemp("data"), 30, coloured)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights that nothing trained: all that matters here is whose they are."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    network = SPACE.super_network("w1.0", **TRAINING.skeleton)
    header = {"settings": TRAINING.settings, "settings_hash": TRAINING.hash, "mean": [0.5] * 3, "sd": [0.2] * 3}
    save_checkpoint(weights_file(folder, "w1.0"), network.state_dict(), header)
    return folder


@pytest.fixture(scope="module")
def evaluator(folder, data_dir):
    return SupernetEvaluator("mbv3", folder, data_dir)


@pytest.mark.parametrize("task", ["train-000", "heldout-000"])
def test_the_same_arguments_give_the_same_answer(evaluator, folder, data_dir, task):
    first = evaluator.evaluate(SMALLEST, task, 0)
    again = SupernetEvaluator("mbv3", folder, data_dir).evaluate(SMALLEST, task, 0)
    assert (first.accuracy, first.loss) == (again.accuracy, again.loss)
    assert 0 <= first.accuracy <= 100
    assert first.loss > 0
    assert first.seconds > 0
    assert first.latency_ms is None
    assert first.provenance["weights"] == TRAINING.hash
    assert first.provenance["evaluator"] == "super-network w1.0"


def test_the_seed_draws_the_images_of_the_recalibration(evaluator, monkeypatch):
    monkeypatch.setattr("pomonag.evaluation.supernet.RECALIBRATION_IMAGES", 30)
    assert evaluator.evaluate(SMALLEST, "train-001", 0).loss != evaluator.evaluate(SMALLEST, "train-001", 1).loss


def test_costs_are_those_of_the_full_network(evaluator):
    found = evaluator.evaluate(SMALLEST, "train-000")
    full = SPACE.cost([SMALLEST], classes=20, resolution=224)
    assert (found.params, found.macs) == (int(full.params[0]), int(full.macs[0]))


def test_features_of_unknown_classes_tell_them_apart(evaluator):
    """Colours tell the classes: even the features of random weights do much better than a guess (5 %)."""
    assert evaluator.evaluate(SMALLEST, "heldout-000").accuracy > 30


def test_one_pass_over_all_classes(evaluator):
    logits, labels, classes = evaluator.logits_of_all_classes(SMALLEST)
    assert classes == TRAINING_CLASSES
    assert not set(classes) & set(EVALUATION_CLASSES)
    assert logits.shape == (750, 75)
    assert labels.bincount().tolist() == [10] * 75


def test_masking_rules_all_other_classes_out():
    logits = torch.tensor([[9.0, 1.0, 2.0, 3.0], [9.0, 5.0, 4.0, 3.0]])
    masked = of_classes(logits, known=(7, 3, 5, 1), classes=(1, 3))
    assert masked.tolist() == [[3.0, 1.0], [3.0, 5.0]]
    assert masked.argmax(1).tolist() == [0, 1]


def test_the_discriminant_is_bayes_rule_for_gaussians_of_one_covariance():
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(2).repeat(4000)
    mixing = torch.tensor([[1.0, 0.5], [0.0, 0.7]])
    means = torch.tensor([[0.0, 0.0], [1.0, -1.0]])
    train = torch.randn(8000, 2, generator=random) @ mixing + means[labels]
    test = torch.randn(50, 2, generator=random) @ mixing
    inverse = torch.linalg.inv(mixing.T @ mixing)
    exact = torch.stack([-0.5 * ((test - m) @ inverse * (test - m)).sum(1) for m in means], 1).log_softmax(1)
    torch.testing.assert_close(discriminant(train, labels, test).log_softmax(1), exact, atol=0.25, rtol=0.1)


def test_weights_that_are_missing_or_of_other_images_are_refused(evaluator, folder, data_dir, tmp_path):
    with pytest.raises(UserError, match="no checkpoint at"):
        evaluator.evaluate(SPACE.extremes("w1.2")[0], "train-000")
    weights, header = load_checkpoint(weights_file(folder, "w1.0"))
    settings = replace(TRAINING, pool="folder-0123").settings
    save_checkpoint(weights_file(tmp_path, "w1.0"), weights, header | {"settings": settings})
    with pytest.raises(UserError, match="trained on the pool folder-0123, but its evaluation is on miniimagenet32"):
        SupernetEvaluator("mbv3", tmp_path, data_dir).evaluate(SMALLEST, "train-000")


def test_a_task_that_does_not_exist(evaluator):
    with pytest.raises(UserError, match="unknown task"):
        evaluator.evaluate(SMALLEST, "cifar10")
