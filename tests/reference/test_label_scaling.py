import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference.label_scaling import LabelScaling


def test_labels_are_standard_scores_over_a_hundred():
    labels = torch.tensor([60.0, 70.0, 80.0])
    scaling = LabelScaling.of(labels)
    assert (scaling.mean, scaling.deviation) == (70, 10)
    assert scaling.normalise(labels).tolist() == pytest.approx([-0.01, 0, 0.01])
    assert scaling.restore(scaling.normalise(labels)).tolist() == pytest.approx(labels.tolist())


@pytest.mark.parametrize("labels", [[1.0], [2.0, 2.0], [1.0, float("nan")]])
def test_labels_without_spread_are_refused(labels):
    with pytest.raises(UserError, match="expected at least two different"):
        LabelScaling.of(torch.tensor(labels))
