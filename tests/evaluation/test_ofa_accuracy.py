import json
import os

import numpy as np
import pytest

from pomonag import search_space
from pomonag.data.sources import VARIABLE, DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.block_latency import BlockDeviceLatency
from pomonag.evaluation.ofa_accuracy import PREDICTOR, OfaPredictorEvaluator, predicted_imagenet_accuracy
from pomonag.evaluation.registry import evaluator
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.mobilenetv3 import MobileNetV3Net

SPACE = search_space("mbv3")
needs_data = pytest.mark.skipif(
    VARIABLE not in os.environ, reason="needs the released predictor's weights in POMONAG_DATA_DIR"
)


def extreme(depth: int, kernel: int, expansion: int, width: float = 1.2) -> MobileNetV3Net:
    slots = [place < depth for _ in range(5) for place in range(4)]
    return MobileNetV3Net(width, tuple(kernel * s for s in slots), tuple(expansion * s for s in slots))


@pytest.fixture
def made_up(tmp_path):
    """A data folder with a predictor by chance, around 75 percent."""
    rng = np.random.default_rng(0)
    shapes = {0: (400, 128), 2: (400, 400), 4: (400, 400), 6: (1, 400)}
    arrays = {f"{i}.weight": rng.normal(0, 0.05, shape) for i, shape in shapes.items()}
    arrays |= {f"{i}.bias": np.full(shape[0], 0.75 if i == 6 else 0.0) for i, shape in shapes.items()}
    (tmp_path / "ofa").mkdir()
    np.savez(tmp_path / PREDICTOR, **arrays)
    return tmp_path


@needs_data
def test_the_released_predictor_s_values():
    # Computed with the ofa package from the same weights.
    assert predicted_imagenet_accuracy([extreme(2, 3, 3)], 160) == pytest.approx([75.3119], abs=1e-3)
    assert predicted_imagenet_accuracy([extreme(4, 7, 6)], 224) == pytest.approx([83.5928], abs=1e-3)


def test_missing_and_damaged_weights_and_odd_resolutions(tmp_path):
    with pytest.raises(DataMissing, match="accuracy predictor"):
        predicted_imagenet_accuracy([], data_dir=tmp_path)
    (tmp_path / "ofa").mkdir()
    np.savez(tmp_path / PREDICTOR, **{"0.weight": np.zeros((4, 128))})
    with pytest.raises(UserError, match="not a whole accuracy predictor"):
        predicted_imagenet_accuracy([extreme(2, 3, 3)], data_dir=tmp_path)
    (tmp_path / PREDICTOR).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError, match="not a whole accuracy predictor"):
        predicted_imagenet_accuracy([extreme(2, 3, 3)], data_dir=tmp_path)
    with pytest.raises(UserError, match="multiples of 16"):
        predicted_imagenet_accuracy([], 200, tmp_path)


def test_the_evaluator_answers_by_the_predictor_with_the_full_network_s_costs(made_up):
    nets = SPACE.sample(5, generator_of(0))
    asked = OfaPredictorEvaluator(SPACE, resolution=160, data_dir=made_up)
    answers = [asked.evaluate(net, "imagenet", seed) for seed, net in enumerate(nets)]
    costs = SPACE.cost(nets, classes=1000, resolution=160)
    assert [a.accuracy for a in answers] == pytest.approx(predicted_imagenet_accuracy(nets, 160, made_up))
    assert [(a.params, a.macs) for a in answers] == list(zip(costs.params.tolist(), costs.macs.tolist()))
    assert {(a.loss, a.latency_ms, a.seconds) for a in answers} == {(None, None, 0.0)}
    larger = OfaPredictorEvaluator(SPACE, data_dir=made_up).evaluate(nets[0], "imagenet")
    assert larger.macs > answers[0].macs
    assert larger.accuracy != answers[0].accuracy


def test_every_answer_repeats_the_caveats(made_up):
    asked = OfaPredictorEvaluator(SPACE, resolution=176, data_dir=made_up)
    known, other = (asked.evaluate(extreme(3, 5, 4, width), "imagenet") for width in (1.2, 1.0))
    assert known.accuracy == other.accuracy
    assert known.params > other.params
    assert json.loads(json.dumps(known.provenance)) == known.provenance
    assert (known.provenance["resolution"], known.provenance["classes"]) == (176, 1000)
    assert any("ImageNet" in caveat for caveat in known.provenance["caveats"])
    assert not any("another width" in caveat for caveat in known.provenance["caveats"])
    assert any("another width than 1.2" in caveat for caveat in other.provenance["caveats"])


def test_latency_is_the_device_s_and_none_where_it_was_not_measured(made_up):
    def table(blocks):
        return np.where(blocks.widths == 1.2, blocks.depths.sum(1), np.nan)

    device = BlockDeviceLatency("made-up", "made up", table, SPACE)
    asked = OfaPredictorEvaluator(SPACE, latency=device, data_dir=made_up)
    assert asked.evaluate(extreme(3, 5, 4), "imagenet").latency_ms == 15.0
    answer = asked.evaluate(extreme(3, 5, 4, 1.0), "imagenet")
    assert answer.latency_ms is None
    assert answer.provenance["latency"] == "made up"


def test_other_tasks_spaces_and_resolutions_are_refused(made_up):
    asked = OfaPredictorEvaluator(SPACE, data_dir=made_up)
    with pytest.raises(UserError, match=r"unknown task .* 'cifar10'\. Known: imagenet"):
        asked.evaluate(extreme(2, 3, 3), "cifar10")
    cell = search_space("nb201").sample(1, generator_of(0))[0]
    with pytest.raises(UserError, match="networks of mbv3 alone"):
        asked.evaluate(cell, "imagenet")
    for resolution in (200, 96, 240):
        with pytest.raises(UserError, match=f"got resolution {resolution}; .* multiples of 16 from 112 to 224"):
            OfaPredictorEvaluator(SPACE, resolution=resolution, data_dir=made_up)


@needs_data
def test_by_name_with_the_phone_s_latencies():
    asked = evaluator("ofa_predictor", SPACE)
    smallest, largest = (asked.evaluate(extreme(*which), "imagenet") for which in ((2, 3, 3), (4, 7, 6)))
    assert largest.accuracy == pytest.approx(83.5928, abs=1e-3)
    assert largest.latency_ms == pytest.approx(92.3980, abs=1e-3)
    assert largest.params == 10_701_632
    assert smallest.accuracy < largest.accuracy
    assert "latency_note10" in largest.provenance["latency"]
    with pytest.raises(UserError, match="no resolution 112; expected one of"):
        evaluator("ofa_predictor", SPACE, resolution=112)
    assert evaluator("ofa_predictor", SPACE, resolution=112, device=None).evaluate(extreme(2, 3, 3), "imagenet")
