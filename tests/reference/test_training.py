import dataclasses

import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.checkpoints import load_score_network, save_weights
from pomonag.reference.spaces import reference_space
from pomonag.reference.training import shuffled_batch, train_score_network
from pomonag.reference.training_loop import Schedule
from pomonag.spaces import search_space

SPACE = reference_space("nb201")
SCHEDULE = Schedule(steps=4, batch=8, learning_rate=1e-3, warmup=2, ema_decay=0.9, bfloat16=True)


@pytest.fixture(scope="module")
def matrices():
    space = search_space("nb201")
    return space.encoding.encode(space.enumerate()[:64])


def test_our_matrices_are_the_releases(arrays):
    golden = arrays("nb201_score")
    space = search_space("nb201")
    cells = space.encoding.decode(golden["x_clean01"])
    assert torch.equal(space.encodings["reference"].attention_mask, golden["adj"])
    assert torch.equal(space.encoding.encode(cells), golden["x_clean01"])


def test_a_stopped_training_ends_with_the_same_weights(matrices, tmp_path):
    whole, record = train_score_network(matrices, SPACE.adjacency, SPACE, SCHEDULE)

    def stop(step, loss):
        if step == 3:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "run.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pomonag.reference.training_loop.CHECKPOINT_EVERY", 2)
        with pytest.raises(KeyboardInterrupt):
            train_score_network(matrices, SPACE.adjacency, SPACE, SCHEDULE, checkpoint=checkpoint, report=stop)
        steps = []
        resumed, again = train_score_network(
            matrices,
            SPACE.adjacency,
            SPACE,
            SCHEDULE,
            checkpoint=checkpoint,
            report=lambda step, loss: steps.append(step),
        )
    assert steps == [3, 4]
    assert again.unfinished == record.unfinished
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])


def test_checkpoints_of_other_schedules_and_damaged_ones_are_refused(matrices, tmp_path):
    checkpoint = tmp_path / "run.safetensors"
    short = dataclasses.replace(SCHEDULE, steps=1)
    train_score_network(matrices, SPACE.adjacency, SPACE, short, checkpoint=checkpoint)
    with pytest.raises(UserError, match="delete it to start afresh"):
        train_score_network(matrices, SPACE.adjacency, SPACE, SCHEDULE, checkpoint=checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(UserError, match="cannot read the checkpoint"):
        train_score_network(matrices, SPACE.adjacency, SPACE, short, checkpoint=checkpoint)


def test_a_diverging_training_says_so(matrices):
    absurd = dataclasses.replace(SCHEDULE, learning_rate=1e30, warmup=0, bfloat16=False)
    with pytest.raises(UserError, match="lower the learning rate"):
        train_score_network(matrices, SPACE.adjacency, SPACE, absurd)


def test_an_epoch_shows_every_row_once():
    seen = torch.cat([shuffled_batch(10, 3, "x", 0, step) for step in range(3)])
    assert len(seen.unique()) == 9
    again = torch.cat([shuffled_batch(10, 3, "x", 0, step) for step in range(3, 6)])
    assert not torch.equal(seen, again)


def test_rates_warm_up_and_fall(matrices):
    paper = Schedule(steps=100, batch=1, learning_rate=2e-5)
    assert [paper.rate(step) for step in (0, 500, 2000)] == pytest.approx([0, 1e-5, 2e-5])
    lite = dataclasses.replace(paper, warmup=10, anneal=True)
    assert lite.rate(99) < 1e-3 * lite.rate(20)


def test_saved_weights_load_again_to_half_precision(matrices, tmp_path):
    network, _ = train_score_network(matrices, SPACE.adjacency, SPACE, dataclasses.replace(SCHEDULE, steps=1))
    save_weights(tmp_path / "nb201" / "reference_score.safetensors", network, {"encoding": "reference"})
    again = load_score_network(SPACE, tmp_path)
    assert not again.training
    for name, value in network.state_dict().items():
        assert torch.allclose(value, again.state_dict()[name], rtol=1e-3, atol=1e-6)
    with pytest.raises(UserError, match="no checkpoint at"):
        load_score_network(reference_space("mbv3"), tmp_path)
    (tmp_path / "nb201" / "reference_score.json").write_text('{"encoding": "another"}')
    with pytest.raises(UserError, match="is of the encoding another; expected reference"):
        load_score_network(SPACE, tmp_path)
