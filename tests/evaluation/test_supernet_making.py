"""A folder of super-networks: its length is settled once, it goes on where it was, and nothing in it is overwritten."""

import json

import pytest

from pomonag.errors import UserError
from pomonag.evaluation import supernet_making
from pomonag.evaluation.supernet_making import Length, make_super_network, parts_of
from pomonag.records.claims import Claims
from pomonag.training import supernet
from tests.made_up_trainings import shrink_lite_protocol, write_pool

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink_lite_protocol(monkeypatch, batch_size=200)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("data"), 10)


def test_makes_goes_on_and_leaves_what_is_there(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(supernet, "CHECKPOINT_SECONDS", -1.0)

    def make(epochs=2, report=lambda progress: None, seed=0):
        return make_super_network("mbv3", "w1.0", tmp_path, Length(epochs=epochs), seed, data_dir, report)

    def stopping(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(report=stopping)
    assert not (tmp_path / "w1.0.safetensors").exists()
    steps = []
    header = make(report=lambda progress: steps.append(progress.step))
    assert steps == [2, 3, 4]
    assert header["settings"]["recipe"]["epochs"] == 2
    assert len(header["settings"]["classes"]) == 75
    assert header["images"]["trained_on"] == 525
    assert [point["step"] for point in header["curve"]] == [2, 4]
    assert header["cpu_seconds"] >= header["curve"][-1]["cpu_seconds"] > 0
    assert header["provenance"]["threads"] == 1
    assert (tmp_path / "w1.0.log").read_text().count("\n") == 2
    assert {file.name for file in tmp_path.iterdir()} == {
        ".claims", "w1.0.safetensors", "w1.0.settings.json", "w1.0.log",
    }  # fmt: skip
    assert make(report=stopping) == header
    with pytest.raises(UserError, match="other settings"):
        make(epochs=3)
    with pytest.raises(UserError, match="other settings"):
        make(seed=1)


def test_minutes_are_turned_into_epochs_once(data_dir, tmp_path, monkeypatch):
    timed = []
    monkeypatch.setattr(supernet_making, "_seconds_an_epoch", lambda draft, images: timed.append(1) or 7.0)
    for _ in range(2):
        header = make_super_network("mbv3", "w1.0", tmp_path, Length(minutes=0.25), 0, data_dir)
        assert header["settings"]["recipe"]["epochs"] == 2
    assert timed == [1]
    with pytest.raises(UserError, match="give the same ones to go on"):
        make_super_network("mbv3", "w1.0", tmp_path, Length(minutes=0.5), 0, data_dir)
    (tmp_path / "w1.0.settings.json").write_text(json.dumps({"epochs": "many"}))
    with pytest.raises(UserError, match=r"cannot read .*settings\.json"):
        make_super_network("mbv3", "w1.0", tmp_path, Length(minutes=0.25), 0, data_dir)


def test_two_at_once_are_refused(data_dir, tmp_path):
    with Claims(tmp_path).claim("w1.0"), pytest.raises(UserError, match=r"another process trains w1\.0"):
        make_super_network("mbv3", "w1.0", tmp_path, Length(epochs=1), 0, data_dir)


@pytest.mark.parametrize("wrong", [{}, {"minutes": 1.0, "epochs": 1}, {"minutes": 0.0}, {"epochs": -1}])
def test_a_length_is_minutes_or_epochs(wrong):
    with pytest.raises(UserError, match="expected one of them, above 0"):
        Length(**wrong)


def test_names_of_super_networks():
    assert parts_of("mbv3") == ("w1.0", "w1.2")
    assert parts_of("mbv3", "w1.2") == ("w1.2",)
    with pytest.raises(UserError, match=r"Did you mean 'w1\.2'"):
        parts_of("mbv3", "w12")
    with pytest.raises(UserError, match="nb201 has no super-networks"):
        parts_of("nb201")
