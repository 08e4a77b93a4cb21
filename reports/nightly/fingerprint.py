"""Which machine gave a value: within one fingerprint the same code and seed give the same number to the last digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Fingerprint:
    """Processor model, PyTorch's version and its threads: what decides in which order sums are taken."""

    cpu: str
    torch: str
    threads: int

    @classmethod
    def of(cls, provenance: Mapping[str, Any]) -> Fingerprint:
        """From a record's provenance; `unknown` and 0 where it does not say."""
        packages = provenance.get("packages") or {}
        return cls(
            str(provenance.get("cpu") or "unknown"),
            str(packages.get("torch") or "unknown"),
            int(provenance.get("threads") or 0),
        )

    def __str__(self) -> str:
        return f"{self.cpu}, PyTorch {self.torch}, {self.threads} thread{'s' * (self.threads != 1)}"
