from __future__ import annotations

import pytest

from pomonag.data.sources import DataMissing, data_path
from pomonag.errors import UserError


def test_a_file_that_is_there(monkeypatch, tmp_path):
    (tmp_path / "nasbench201").mkdir()
    (tmp_path / "nasbench201" / "accuracies.csv.gz").write_bytes(b"x")
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    assert data_path("nasbench201/accuracies.csv.gz") == tmp_path / "nasbench201" / "accuracies.csv.gz"


def test_no_folder_is_assumed(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    with pytest.raises(DataMissing, match="POMONAG_DATA_DIR is not set") as error:
        data_path("nasbench201/accuracies.csv.gz")
    assert "NATS-Bench" in str(error.value)
    assert isinstance(error.value, UserError)


def test_a_missing_file_says_where_it_belongs(monkeypatch, tmp_path):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    with pytest.raises(DataMissing, match=r"images/cifar10_subset\.npz is not there"):
        data_path("images/cifar10_subset.npz")


def test_a_folder_that_is_named_comes_before_the_variable(monkeypatch, tmp_path):
    for folder in ("named", "variable"):
        (tmp_path / folder / "images").mkdir(parents=True)
        (tmp_path / folder / "images" / "miniimagenet32.npz").write_bytes(b"x")
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path / "variable"))
    named = data_path("images/miniimagenet32.npz", tmp_path / "named")
    assert named == tmp_path / "named" / "images" / "miniimagenet32.npz"
    monkeypatch.delenv("POMONAG_DATA_DIR")
    with pytest.raises(DataMissing, match=r"Put the file there.*mini-ImageNet"):
        data_path("images/miniimagenet32.npz", tmp_path)
