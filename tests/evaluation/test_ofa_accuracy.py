import os

import numpy as np
import pytest

from pomonag.data.sources import VARIABLE, DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.ofa_accuracy import PREDICTOR, predicted_imagenet_accuracy
from pomonag.spaces.mobilenetv3 import MobileNetV3Net


def extreme(depth: int, kernel: int, expansion: int) -> MobileNetV3Net:
    slots = [place < depth for _ in range(5) for place in range(4)]
    return MobileNetV3Net(1.2, tuple(kernel * s for s in slots), tuple(expansion * s for s in slots))


@pytest.mark.skipif(VARIABLE not in os.environ, reason="needs the released predictor's weights in POMONAG_DATA_DIR")
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
    with pytest.raises(UserError, match="multiples of 16"):
        predicted_imagenet_accuracy([], 200, tmp_path)
