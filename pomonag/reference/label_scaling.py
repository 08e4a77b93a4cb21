"""The scale of predictors' labels: standard scores divided by a hundred.

DiffusionNAG's convention, on which its and POMONAG's scaling factors of several thousand depend.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from pomonag.errors import UserError


@dataclass(frozen=True)
class LabelScaling:
    """Mean and standard deviation of the labels of a training set, in their own unit."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, labels: Tensor) -> LabelScaling:
        """The scaling of training labels [n], with the unbiased standard deviation."""
        if len(labels) < 2 or not bool(labels.isfinite().all()) or labels.min() == labels.max():
            raise UserError(
                f"got {len(labels)} labels that are not all finite or all alike; expected at least two different ones."
            )
        return cls(labels.double().mean().item(), labels.double().std().item())

    def normalise(self, labels: Tensor) -> Tensor:
        """Labels in their unit to network labels, float32."""
        return ((labels.double() - self.mean) / self.deviation / 100).float()

    def restore(self, predictions: Tensor) -> Tensor:
        """Network labels back to the unit."""
        return predictions * 100 * self.deviation + self.mean
