"""Predicted accuracy and exact costs, with every predictor call counted and no answer asked for twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from baselines.searcher import Problem
from pomonag.pareto.layers import front_layers


class Objectives:
    """The objectives of a problem: accuracy (predicted, up), then params, macs and, where there is one, latency_ms."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.costs = ("params", "macs", *(("latency_ms",) if problem.latency is not None else ()))
        self._values: dict[Any, np.ndarray] = {}

    @property
    def calls(self) -> int:
        """How many architectures the predictor has judged."""
        return len(self._values)

    def __contains__(self, architecture: Any) -> bool:
        return architecture in self._values

    def __call__(self, architectures: Sequence[Any]) -> np.ndarray:
        """Float64 [n, 1 + costs]; nan for the latency of an architecture that was not timed."""
        new = [a for a in dict.fromkeys(architectures) if a not in self._values]
        if new:
            costs = self.problem.space.cost(new, self.problem.skeleton)
            columns = [self.problem.predict(new), costs.params, costs.macs]  # type: ignore[misc]
            if self.problem.latency is not None:
                columns.append(self.problem.latency(new))
            self._values.update(zip(new, np.column_stack(columns).astype(np.float64)))
        return np.array([self._values[a] for a in architectures]).reshape(len(architectures), 1 + len(self.costs))

    def best(self, n: int) -> list[Any]:
        """At most n of all that were judged, front by front; untimed architectures cannot stand on a front."""
        architectures = list(self._values)
        values = self(architectures)
        timed = np.flatnonzero(~np.isnan(values).any(axis=1))
        accuracy, *costs = values[timed].T
        order = front_layers(accuracy, dict(zip(self.costs, costs)), n)
        return [architectures[timed[i]] for i in order]
