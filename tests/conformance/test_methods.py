"""What every method promises, on every space that it declares; a new method is tested by being a file in baselines."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from baselines import GenerativeMethod, Searcher, methods
from baselines.searcher import Problem
from pomonag import search_space
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation
from pomonag.spaces import SPACES, EnumerableSpace

torch.set_num_threads(1)

METHODS = methods()
DECLARED = [
    (method, space) for method in METHODS.values() for space in sorted(SPACES) if method.supports(search_space(space))
]
GENERATIVE = [(m, s) for m, s in DECLARED if issubclass(m, GenerativeMethod)]
SEQUENTIAL = [(m, s) for m, s in DECLARED if issubclass(m, Searcher)]


def problem_of(name: str) -> tuple[Problem, list[int]]:
    """A cheap problem: accuracy grows with the logarithm of the params. The list counts the predictor's calls."""
    space = search_space(name)
    calls: list[int] = []

    def predict(architectures):
        calls.append(len(architectures))
        return 10 * np.log10(space.cost(architectures).params)

    def latency(architectures):
        return np.sqrt(space.cost(architectures).macs.astype(float))

    known = predict(space.enumerate()) if isinstance(space, EnumerableSpace) else None
    calls.clear()
    return Problem(space, predict=predict, latency=latency, known_accuracy=known), calls


def small(method):
    """Settings that keep a method's budget small where it has one."""
    return {"predictor_calls": 300} if "predictor_calls" in inspect.signature(method.__init__).parameters else {}


def test_every_method_has_a_name_a_reference_and_a_space():
    assert {"random_search", "regularised_evolution", "nsga2", "uniform", "top250"} <= set(METHODS)
    for name, method in METHODS.items():
        assert name == method.__module__.rpartition(".")[2]
        assert method.reference
        assert issubclass(method, GenerativeMethod | Searcher)
        assert any(m is method for m, _ in DECLARED)


@pytest.mark.parametrize(("method", "space"), GENERATIVE)
def test_a_generated_set_holds_architectures_and_its_cost(method, space):
    problem, calls = problem_of(space)
    result = method(problem, seed=1, **small(method)).generate("cifar10", 20)
    assert 1 <= len(result.architectures) <= 20
    for architecture in result.architectures:
        assert problem.space.parse(str(architecture)) == architecture
    assert result.predictor_calls == sum(calls)
    assert result.seconds > 0


@pytest.mark.parametrize(("method", "space"), GENERATIVE)
def test_generation_repeats_by_seed(method, space):
    problem, _ = problem_of(space)
    sets = [
        method(problem, seed=seed, **small(method)).generate(task, 12).architectures
        for seed, task in ((3, "cifar10"), (3, "cifar10"), (4, "cifar10"), (3, "cifar100"))
    ]
    assert sets[0] == sets[1]
    if method.name != "exhaustive_ranking":  # it draws nothing
        assert sets[0] != sets[2]
        assert sets[0] != sets[3]


@pytest.mark.parametrize(("method", "space"), GENERATIVE)
def test_nothing_to_generate_is_refused(method, space):
    problem, _ = problem_of(space)
    with pytest.raises(UserError, match="n=0"):
        method(problem, **small(method)).generate("cifar10", 0)


@pytest.mark.parametrize(("method", "space"), SEQUENTIAL)
def test_a_searcher_asks_and_is_told(method, space):
    problem, _ = problem_of(space)

    def run(seed):
        searcher = method(problem, seed=seed)
        asked = []
        for _ in range(40):
            architecture = searcher.ask()
            assert problem.space.parse(str(architecture)) == architecture
            accuracy = float(problem.predict([architecture])[0])
            searcher.tell(architecture, Evaluation(accuracy, None, 1, 1, None, 0.0))
            asked.append(architecture)
        return asked

    assert run(5) == run(5)
    assert run(5) != run(6)


@pytest.mark.parametrize("method", [m for m in METHODS.values() if m.needs])
def test_a_missing_need_is_named(method):
    with pytest.raises(UserError, match=f"{method.name} needs {method.needs[0]}"):
        method(Problem(search_space("nb201")))
