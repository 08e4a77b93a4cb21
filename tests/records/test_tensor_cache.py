"""Kept tensors: found again by what they were made from, never in another's place, and never in the way."""

from __future__ import annotations

import pytest
import torch

from pomonag.records.tensor_cache import TensorCache

TENSOR = torch.arange(6.0).view(2, 3)


def test_what_was_kept_is_found_by_what_it_was_made_from(tmp_path):
    cache = TensorCache(tmp_path / "new" / "folder")
    assert cache.read("a", (2, 3)) is None
    cache.write("a", TENSOR.T.contiguous().T)
    assert torch.equal(cache.read("a", (2, 3)), TENSOR)
    assert cache.read("b", (2, 3)) is None


def test_another_shape_is_not_taken_for_it(tmp_path):
    cache = TensorCache(tmp_path)
    cache.write("a", TENSOR)
    assert cache.read("a", (3, 2)) is None


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 40, "one bit"])
def test_a_damaged_file_counts_as_none_with_a_warning_and_is_mended(tmp_path, caplog, damage):
    cache = TensorCache(tmp_path)
    cache.write("a", TENSOR)
    assert cache.read("b", (2, 3)) is None
    assert caplog.messages == []  # what was never kept is no damage
    (file,) = tmp_path.iterdir()
    if damage == "one bit":
        content = file.read_bytes()
        position = content.index(TENSOR.numpy().tobytes()) + 9
        damage = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
    file.write_bytes(damage)
    assert cache.read("a", (2, 3)) is None
    (message,) = caplog.messages
    assert f"{file} is damaged" in message
    cache.write("a", TENSOR)
    assert torch.equal(cache.read("a", (2, 3)), TENSOR)


def test_a_folder_that_cannot_be_made_costs_nothing_else(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = TensorCache(tmp_path / "file" / "folder")
    cache.write("a", TENSOR)
    assert cache.read("a", (2, 3)) is None
