"""What it takes to know how good an architecture is: the evaluator's contract, its answer, and the counting of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Evaluation:
    """What came out of evaluating one architecture on one task.

    `accuracy` in percent, `loss` the mean test cross-entropy; `params` and `macs` of the full network;
    `latency_ms` where it is known; `seconds` what the evaluation cost here (0 for a look-up); `provenance` says
    where the numbers come from (evaluator, protocol, table or recipe).
    """

    accuracy: float
    loss: float | None
    params: int
    macs: int
    latency_ms: float | None
    seconds: float
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Evaluator(Protocol):
    """Evaluates architectures: by table look-up, by training, by a super-network."""

    def evaluate(self, architecture: Any, task: Any, seed: int) -> Evaluation:
        """The evaluation of `architecture` on `task` (an object with a `name`, or the name itself).

        The same three arguments give the same answer. Raises UserError for an architecture or a task it does not know.
        """


def task_name(task: Any) -> str:
    """The name of a task that is given as an object or as its name."""
    return task if isinstance(task, str) else str(task.name)


class CountingEvaluator:
    """Counts what a search spends, and asks for each evaluation once.

    `requests` counts all calls, `evaluations` those that reached the evaluator behind it (a repeat of architecture,
    task and seed is answered from memory and costs nothing), `trained_architectures` the distinct architectures.
    """

    def __init__(self, evaluator: Evaluator):
        self.evaluator = evaluator
        self.requests = 0
        self._answers: dict[tuple[Any, str, int], Evaluation] = {}
        self._architectures: set[Any] = set()

    def evaluate(self, architecture: Any, task: Any, seed: int) -> Evaluation:
        """The evaluator's answer, asked for at most once."""
        self.requests += 1
        key = (architecture, task_name(task), seed)
        if key not in self._answers:
            self._answers[key] = self.evaluator.evaluate(architecture, task, seed)
            self._architectures.add(architecture)
        return self._answers[key]

    @property
    def evaluations(self) -> int:
        """How many evaluations were made: distinct triples of architecture, task and seed."""
        return len(self._answers)

    @property
    def trained_architectures(self) -> int:
        """How many distinct architectures were evaluated: the paper's "Trained Archs"."""
        return len(self._architectures)
