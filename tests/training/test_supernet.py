"""A super-network learns by the sandwich rule, and an interruption changes nothing."""

from dataclasses import fields, replace

import pytest
import torch

from pomonag.errors import UserError
from pomonag.training import supernet
from pomonag.training.supernet import SuperNetworkRun
from pomonag.training.trainer import prepare

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def images(coloured, small_training):
    return prepare(coloured, small_training.recipe)


def finished(training, images, file):
    run = SuperNetworkRun(training, images, file)
    run.run()
    return run


def same_bits(one, two):
    a, b = one.network.state_dict(), two.network.state_dict()
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def without_seconds(curve):
    return [{name: value for name, value in point.items() if name != "cpu_seconds"} for point in curve]


@pytest.fixture(scope="module")
def whole(small_training, images, tmp_path_factory):
    return finished(small_training, images, tmp_path_factory.mktemp("whole") / "run.pt")


# In the second epoch, and between the last step and the weights' file.
@pytest.mark.parametrize("stop", [4, 9])
def test_a_stopped_training_goes_on_to_the_same_bits(small_training, images, whole, tmp_path, monkeypatch, stop):
    monkeypatch.setattr(supernet, "CHECKPOINT_SECONDS", -1.0)

    def stopping(progress):
        if progress.step == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SuperNetworkRun(small_training, images, tmp_path / "stopped.pt").run(stopping)
    resumed = SuperNetworkRun(small_training, images, tmp_path / "stopped.pt")
    assert resumed.step == stop
    resumed.run()
    assert same_bits(whole, resumed)
    assert without_seconds(whole.curve) == without_seconds(resumed.curve)
    assert [point["step"] for point in whole.curve] == [3, 6, 9]


def test_what_follows_the_last_checkpoint_is_done_again(small_training, images, tmp_path, monkeypatch):
    monkeypatch.setattr(supernet, "CHECKPOINT_SECONDS", 1e9)
    run = SuperNetworkRun(small_training, images, tmp_path / "run.pt")
    run.advance()
    run.save()
    run.advance()
    again = SuperNetworkRun(small_training, images, tmp_path / "run.pt")
    assert again.step == 1
    again.advance()
    assert same_bits(run, again)


def test_seeds_settle_the_weights(small_training, images, tmp_path):
    state = torch.random.get_rng_state()
    runs = [SuperNetworkRun(replace(small_training, seed=s), images, tmp_path / f"{s}.pt") for s in (0, 1)]
    again = SuperNetworkRun(small_training, images, tmp_path / "again.pt")
    for run in (*runs, again):
        run.advance()
    assert same_bits(runs[0], again)
    assert not same_bits(runs[0], runs[1])
    assert torch.equal(state, torch.random.get_rng_state())


def test_learns_what_is_easy_in_all_sizes(small_training, images, tmp_path):
    run = finished(replace(small_training, recipe=replace(small_training.recipe, epochs=12)), images, tmp_path / "a.pt")
    last = run.curve[-1]
    assert last["largest_loss"] < run.curve[0]["largest_loss"]
    assert min(last[f"{size}_accuracy"] for size in ("largest", "smallest", "random")) > 60


def test_a_step_runs_the_largest_the_smallest_and_drawn_ones(small_training, images, tmp_path):
    run = SuperNetworkRun(replace(small_training, random=2), images, tmp_path / "run.pt")
    asked = []
    run.network.register_forward_pre_hook(lambda module, inputs: asked.append(inputs[1:]))
    run.advance()
    run.advance()
    assert [len(one) for one in asked] == [0, 1, 1, 1] * 2
    assert asked[1] == asked[5] == (run.smallest,)
    drawn = {one[0] for one in asked if one and one[0] != run.smallest}
    assert len(drawn) == 4
    assert {run.space.super_network_of(one) for one in drawn} == {"w1.0"}


def test_the_others_learn_from_the_largest_not_from_the_labels(small_training, images, tmp_path):
    """With labels that say nothing the gradient of what the others alone hold is the same."""
    shuffled = replace(images, train_labels=images.train_labels.roll(1))
    runs = [SuperNetworkRun(small_training, one, tmp_path / f"{i}.pt") for i, one in enumerate((images, shuffled))]
    for run in runs:
        run.advance()
    of_the_others = [dict(run.network.named_parameters())["transforms.0.to_3"].grad for run in runs]
    of_the_largest = [dict(run.network.named_parameters())["network.classifier.bias"].grad for run in runs]
    assert of_the_others[0].abs().sum() > 0
    assert torch.equal(*of_the_others)
    assert not torch.equal(*of_the_largest)


def test_another_training_s_checkpoint_is_refused(small_training, images, tmp_path):
    SuperNetworkRun(small_training, images, tmp_path / "run.pt").save()
    with pytest.raises(UserError, match="another settings"):
        SuperNetworkRun(replace(small_training, seed=5), images, tmp_path / "run.pt")
    with pytest.raises(UserError, match="another images"):
        SuperNetworkRun(small_training, replace(images, train=images.train + 1), tmp_path / "run.pt")


def test_a_training_that_diverges_is_an_error(small_training, images, tmp_path):
    recipe = replace(small_training.recipe, learning_rate=1e30, optimizer="sgd")
    with pytest.raises(FloatingPointError, match="learning rate"):
        finished(replace(small_training, recipe=recipe), images, tmp_path / "run.pt")


def test_the_hash_names_every_setting(small_training):
    other = {
        "space": "nb201", "part": "w1.2", "reduced": (), "recipe": replace(small_training.recipe, epochs=9),
        "pool": "folder", "classes": (1, 2), "random": 3, "seed": 1,
    }  # fmt: skip
    assert set(other) == {f.name for f in fields(small_training)}
    hashes = {small_training.hash, *(replace(small_training, **{k: v}).hash for k, v in other.items())}
    assert len(hashes) == len(other) + 1


@pytest.mark.parametrize("wrong", [{"random": -1}, {"classes": ()}])
def test_settings_without_sense_are_refused(small_training, wrong):
    with pytest.raises(UserError, match="at least"):
        replace(small_training, **wrong)
