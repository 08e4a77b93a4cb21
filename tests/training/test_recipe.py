import dataclasses

import pytest

from pomonag.errors import UserError
from pomonag.training.recipe import Recipe


def test_hash_changes_with_every_setting():
    other = {
        "epochs": 7, "batch_size": 32, "resolution": 8, "optimizer": "sgd", "learning_rate": 0.2,
        "muon_learning_rate": 0.1, "momentum": 0.8, "weight_decay": 1e-3, "warmup": 0.2, "label_smoothing": 0.1,
        "flip": 0.0, "crop_padding": 1, "precision": "fp32",
    }  # fmt: skip
    assert set(other) == {f.name for f in dataclasses.fields(Recipe)}
    hashes = {Recipe().hash, *(Recipe(**{name: value}).hash for name, value in other.items())}
    assert len(hashes) == len(other) + 1
    assert Recipe().hash == Recipe().hash


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": "bf61"}, "Did you mean 'bf16'"),
        ({"optimizer": "moun"}, "Did you mean 'muon'"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"warmup": 1.0}, "warmup"),
    ],
)
def test_refuses_what_makes_no_sense(wrong, message):
    with pytest.raises(UserError, match=message):
        Recipe(**wrong)
