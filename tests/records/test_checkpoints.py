"""Checkpoints are whole or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import pomonag
from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.records.files import file_sha256

SHIPPED = Path(pomonag.__file__).parent / "assets" / "checkpoints"
TENSORS = {"weight": torch.linspace(-3, 3, 12).view(3, 4), "count": torch.tensor([1, 2**40])}


def test_half_precision_there_and_back(tmp_path):
    path = tmp_path / "new" / "one.safetensors"
    save_checkpoint(path, TENSORS, {"seed": 3, "names": ["a"]})
    tensors, header = load_checkpoint(path)
    assert header == {"seed": 3, "names": ["a"]}
    assert tensors["weight"].dtype == torch.float32
    assert torch.equal(tensors["weight"], TENSORS["weight"].half().float())
    assert torch.equal(tensors["count"], TENSORS["count"])
    assert [p.name for p in path.parent.iterdir()] == ["one.safetensors"]


def test_full_precision_is_exact(tmp_path):
    path = tmp_path / "one.safetensors"
    save_checkpoint(path, TENSORS, {}, half=False)
    assert torch.equal(load_checkpoint(path)[0]["weight"], TENSORS["weight"])


def test_a_header_beside_the_file_is_read_like_one_in_it(tmp_path):
    path = tmp_path / "one.safetensors"
    save_checkpoint(path, TENSORS, {"seed": 3}, beside=True)
    assert json.loads((tmp_path / "one.json").read_text()) == {"seed": 3}
    tensors, header = load_checkpoint(path)
    assert header == {"seed": 3}
    assert torch.equal(tensors["weight"], TENSORS["weight"].half().float())
    (tmp_path / "one.json").write_text('{"seed"')
    with pytest.raises(UserError, match="not a whole checkpoint"):
        load_checkpoint(path)
    # Where the file has its own header, a file beside it that happens to share the name counts for nothing.
    save_checkpoint(path, TENSORS, {"seed": 4})
    assert load_checkpoint(path)[1] == {"seed": 4}


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.safetensors")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_ships_is_loaded_bit_for_bit(path):
    from safetensors.numpy import load

    stored = load(path.read_bytes())
    tensors, header = load_checkpoint(path)
    assert header
    assert tensors.keys() == stored.keys()
    for name, value in stored.items():
        assert value.dtype == np.float16
        assert np.array_equal(tensors[name].numpy(), value.astype(np.float32))


def test_the_same_content_is_the_same_file(tmp_path):
    for name in "ab":
        save_checkpoint(tmp_path / name, TENSORS, {"k": 1})
    assert file_sha256(tmp_path / "a") == file_sha256(tmp_path / "b")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_cut_off_is_refused(tmp_path, share):
    path = tmp_path / "one.safetensors"
    save_checkpoint(path, TENSORS, {"k": 1})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="not a whole checkpoint"):
        load_checkpoint(path)


def test_a_foreign_or_missing_file_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file(TENSORS, tmp_path / "foreign.safetensors")
    with pytest.raises(UserError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "foreign.safetensors")
    with pytest.raises(UserError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "none.safetensors")
