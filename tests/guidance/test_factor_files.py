"""Files of factors: written and read back, refused when they are another's or no such file."""

from __future__ import annotations

import json

import pytest

from pomonag.errors import UserError
from pomonag.guidance.factor_files import fast_factors, load_factors, save_factors, shipped_tuning
from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.stretching import FAST_INTERVALS, PHASES
from pomonag.predictors.predictor_set import CHECKPOINTS

PHASES_OF_MINE = {
    "efficient": ScalingFactors(1.5, 2.25, 3.125, 0.1, spread=2.0, repulsion=32.0),
    "accurate": ScalingFactors(10, 0, 3, 1 / 3),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new" / "factors.json"
    save_factors(path, "nb201", "fast", PHASES_OF_MINE, {"seconds": 3.5, "qualities": {"efficient": 0.8}})
    return path


def test_what_is_read_back_is_what_was_written(file):
    assert load_factors(file, "nb201", "fast") == PHASES_OF_MINE
    document = json.loads(file.read_text())
    assert (document["seconds"], document["qualities"]) == (3.5, {"efficient": 0.8})


def test_another_space_or_mode_is_refused(file):
    with pytest.raises(UserError, match=r"has factors for nb201 in fast mode; expected mbv3 in fast mode"):
        load_factors(file, "mbv3", "fast")
    with pytest.raises(UserError, match=r"expected nb201 in reference mode"):
        load_factors(file, "nb201", "reference")


def changed(document, change):
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["phases"].pop("accurate"),
        lambda d: d["phases"]["efficient"].pop("macs"),
        lambda d: d["phases"]["efficient"].update(power=3),
        lambda d: d["phases"]["efficient"].update(macs="ten"),
        lambda d: d["phases"]["efficient"].update(macs=None),
        lambda d: d["phases"]["efficient"].update(macs=float("nan")),
        lambda d: d["phases"]["efficient"].update(macs=float("inf")),
        lambda d: d["phases"]["efficient"].update(macs=-1),
        lambda d: d.update(phases=[1, 2]),
        lambda d: d["phases"].update(efficient=[1, 2, 3, 4]),
        lambda d: d.pop("space"),
        lambda d: d.pop("mode"),
    ],
)
def test_what_is_no_set_of_factors_is_refused(file, change):
    file.write_text(changed(json.loads(file.read_text()), change))
    with pytest.raises(UserError, match=r"factors\.json is no file of scaling factors .* `pomonag train factors`"):
        load_factors(file, "nb201", "fast")


@pytest.mark.parametrize("content", [b"", b'{"space": "nb201", ', b"[]", b"null", b"\xff\xfe\x00"])
def test_what_is_no_json_document_is_refused(file, content):
    file.write_bytes(content)
    with pytest.raises(UserError, match="is no file of scaling factors"):
        load_factors(file, "nb201", "fast")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.json is no file of scaling factors .*No such file"):
        load_factors(tmp_path / "none.json", "nb201", "fast")


def test_what_ships():
    phases = fast_factors("nb201")
    assert tuple(phases) == PHASES
    for k in phases.values():
        assert all(k.of(name) > 0 for name in OBJECTIVES)
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        fast_factors("nb2O1")
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        shipped_tuning("nb2O1")


def test_how_the_shipped_factors_were_found():
    about = shipped_tuning("nb201")
    if "tuning" not in about:
        pytest.skip("the shipped factors do not come from a search")
    assert about["mode"] == "fast"
    tuning = about["tuning"]
    for dataset, predictors in zip(tuning["datasets"], tuning["predictors"], strict=True):
        assert (CHECKPOINTS / "nb201" / predictors / "predictors.safetensors").is_file()
        # What a published table later judges was not tuned on it.
        assert not dataset.startswith("cifar") or predictors == f"without_{dataset}"
    for phase, k in fast_factors("nb201").items():
        assert all(i.low <= getattr(k, name) <= i.high for name, i in FAST_INTERVALS[phase].items())
    assert set(about["qualities"]) == set(PHASES)
    assert about["provenance"]
