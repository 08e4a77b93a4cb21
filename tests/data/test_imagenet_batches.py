import hashlib
import os
import pickle
import pickletools
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.data.imagenet_batches import open_batch
from pomonag.errors import UserError
from tests.data.made_up_pools import batch, write_batch


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("form", ["list", "array", "numpy scalars", "big-endian", "short", "columns"])
def test_every_form_of_pickle_gives_the_same_batch(tmp_path, protocol, form):
    pixels, labels = batch(3, images=20 if form == "short" else 300)
    written = {
        "list": labels.tolist(), "numpy scalars": list(labels), "big-endian": labels.astype(">i4"),
    }.get(form, labels)  # fmt: skip
    write_batch(tmp_path / "b", np.asfortranarray(pixels) if form == "columns" else pixels, written, protocol)
    found = open_batch(tmp_path / "b")
    assert np.array_equal(found.read(slice(None)), pixels)
    assert found.read(np.array([3, 1])).dtype == np.uint8
    assert np.array_equal(found.read(np.array([3, 1])), pixels[[3, 1]])
    assert found.labels.tolist() == labels.tolist()


def test_a_pickle_of_python_2_is_read(tmp_path):
    """Strings instead of bytes, as Python 2 wrote numpy's arrays."""
    pixels, labels = batch(1, images=30)
    state = pixels.tobytes()
    text = (
        b"\x80\x02}(U\x04data" + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01M\x1e\x00M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + len(state).to_bytes(4, "little") + state + b"tbU\x06labels](" +
        b"".join(b"K" + bytes([label]) for label in labels) + b"eu."
    )  # fmt: skip
    (tmp_path / "b").write_bytes(text)
    found = open_batch(tmp_path / "b")
    assert np.array_equal(found.read(slice(None)), pixels)
    assert found.labels.tolist() == labels.tolist()


def test_opening_leaves_the_pixels_in_the_file(tmp_path):
    pixels, labels = batch(1, images=20_000)
    write_batch(tmp_path / "b", pixels, labels.tolist())
    tracemalloc.start()
    try:
        found = open_batch(tmp_path / "b")
        peak = tracemalloc.get_traced_memory()[1]
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert found.file == tmp_path / "b"
    # Room for the pixels is asked for once, never filled, and given back.
    assert peak < 1.2 * pixels.nbytes
    assert held < 0.05 * pixels.nbytes


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_batches_are_unpacked_once(tmp_path, save, monkeypatch):
    pixels, labels = batch(2)
    save(tmp_path / "b.npz", data=pixels, labels=labels)
    first = open_batch(tmp_path / "b.npz")
    assert np.array_equal(first.read(slice(None)), pixels)
    assert first.labels.tolist() == labels.tolist()
    monkeypatch.setattr("pomonag.data.imagenet_batches.shutil.copyfileobj", lambda *_: pytest.fail("unpacked again"))
    assert np.array_equal(open_batch(tmp_path / "b.npz").read(slice(None)), pixels)


class Malice:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("place", ["data", "labels", "mean", "alone"])
@pytest.mark.parametrize("call", ["system", "eval", "getattr", "memmap"])
def test_a_malicious_pickle_runs_nothing(tmp_path, place, call, protocol):
    marker = tmp_path / "ran"
    evil = {
        "system": Malice(os.system, f"touch {marker}"),
        "eval": Malice(eval, f"open({str(marker)!r}, 'w')"),
        "getattr": Malice(getattr, "text", "upper"),
        "memmap": Malice(np.memmap, str(marker), "u1", "w+", 0, (4,)),
    }[call]
    pixels, labels = batch(1)
    content = {"data": pixels, "labels": labels.tolist(), "mean": 0}
    content = evil if place == "alone" else {**content, place: evil}
    (tmp_path / "train_data_batch_1").write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(UserError, match="which no batch of images needs"):
        open_batch(tmp_path / "train_data_batch_1")
    assert not marker.exists()


def test_arrays_of_objects_are_refused(tmp_path):
    pixels, labels = batch(1)
    write_batch(tmp_path / "b", pixels, labels.astype(object))
    with pytest.raises(UserError, match="expected plain numbers"):
        open_batch(tmp_path / "b")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("ending", ["", ".npz"])
def test_a_cut_off_file_is_named_with_its_hash(tmp_path, share, ending):
    path = tmp_path / f"train_data_batch_4{ending}"
    pixels, labels = batch(4)
    if ending:
        np.savez(path, data=pixels, labels=labels)
    else:
        write_batch(path, pixels, labels.tolist())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(UserError, match=re.escape(path.name) + f".*no whole ImageNet32 batch.*{sha256}"):
        open_batch(path)


def test_a_flipped_bit_in_an_npz_is_found(tmp_path):
    path = tmp_path / "train_data_batch_4.npz"
    pixels, labels = batch(4)
    np.savez(path, data=pixels, labels=labels)
    content = bytearray(path.read_bytes())
    content[200_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"train_data_batch_4\.npz.*no whole ImageNet32 batch"):
        open_batch(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "labels"),
        ({"labels": [1, 2]}, "expected 300 whole numbers"),
        ({"labels": [0] * 300}, "labels run from 0 to 0, expected 1 to 1000"),
        ({"labels": [1001] * 300}, "labels run from 1001"),
        ({"labels": [1.5] * 300}, "whole numbers"),
        ({"data": np.zeros((300, 12288), np.uint8)}, "32 x 32 pixels"),
        ({"data": np.zeros((300, 3072), np.float32)}, "expected uint8"),
        ({"data": [1, 2, 3]}, "expected uint8"),
    ],
)
def test_other_content_is_refused(tmp_path, change, message):
    pixels, labels = batch(1)
    (tmp_path / "b").write_bytes(pickle.dumps({"data": pixels, "labels": labels, **change}))
    with pytest.raises(UserError, match=message):
        open_batch(tmp_path / "b")
    (tmp_path / "b").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(UserError, match="it holds list"):
        open_batch(tmp_path / "b")


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 10**9), value=st.integers(0, 255))
def test_a_changed_byte_gives_a_batch_or_a_user_error(tmp_path_factory, position, value):
    pixels, labels = batch(1, images=25)
    content = bytearray(pickle.dumps({"data": pixels, "labels": labels.tolist()}, 3))
    structure = [at for op, _, at in pickletools.genops(bytes(content)) if op.name != "BINBYTES"]
    content[structure[position % len(structure)]] = value
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_bytes(content)
    try:
        found = open_batch(path)
    except UserError:
        return
    assert found.read(slice(None)).shape == (len(found.labels), 3072)
