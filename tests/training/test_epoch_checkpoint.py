"""Epoch checkpoints come back as they were, or say why not."""

import pytest
import torch

from pomonag.errors import UserError
from pomonag.training.epoch_checkpoint import fingerprint, load_epoch, save_epoch

OF = {"pipeline": "a", "seed": "1"}


def test_a_state_comes_back(tmp_path):
    path = tmp_path / "new" / "epoch.pt"
    assert load_epoch(path, OF) is None
    state = {"tensors": {"a": torch.arange(3.0)}, "rates": [0.1, None, 3], "best": None}
    save_epoch(path, OF, state)
    found = load_epoch(path, OF)
    assert torch.equal(found["tensors"].pop("a"), state["tensors"].pop("a"))
    assert found == state
    assert [file.name for file in path.parent.iterdir()] == ["epoch.pt"]


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "epoch.pt"
    save_epoch(path, OF, {})
    with pytest.raises(UserError, match="with another seed: give another path"):
        load_epoch(path, OF | {"seed": "2"})


class Code:
    """Unpickling this would run code."""

    def __reduce__(self):
        return (print, ("code ran",))


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "other", "code"])
def test_a_damaged_checkpoint_is_refused(tmp_path, damage, capsys):
    path = tmp_path / "epoch.pt"
    save_epoch(path, OF, {"a": torch.zeros(100)})
    if damage in ("other", "code"):
        torch.save([1] if damage == "other" else Code(), path)
    else:
        path.write_bytes({"cut": path.read_bytes()[:300], "text": b"hello", "empty": b""}[damage])
    with pytest.raises(UserError, match="delete it to start the training afresh"):
        load_epoch(path, OF)
    assert not capsys.readouterr().out


def test_fingerprints_tell_names_shapes_types_and_values_apart():
    tensors = [
        {"a": torch.zeros(4)},
        {"b": torch.zeros(4)},
        {"a": torch.zeros(2, 2)},
        {"a": torch.zeros(4, dtype=torch.int32)},
        {"a": torch.tensor([0, 0, 0, 1.0])},
        {"a": torch.tensor(3, dtype=torch.bfloat16)},
    ]
    assert len({fingerprint(t) for t in tensors}) == len(tensors)
    assert fingerprint({"a": torch.ones(2, 3).T.contiguous()}) == fingerprint({"a": torch.ones(2, 3).T})
