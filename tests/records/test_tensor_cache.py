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


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 40])
def test_a_damaged_file_counts_as_none_and_is_mended(tmp_path, damage):
    cache = TensorCache(tmp_path)
    cache.write("a", TENSOR)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert cache.read("a", (2, 3)) is None
    cache.write("a", TENSOR)
    assert torch.equal(cache.read("a", (2, 3)), TENSOR)


def test_a_folder_that_cannot_be_made_costs_nothing_else(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = TensorCache(tmp_path / "file" / "folder")
    cache.write("a", TENSOR)
    assert cache.read("a", (2, 3)) is None
