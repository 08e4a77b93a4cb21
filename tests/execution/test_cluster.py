"""Executors behind extras: each item once, errors with their item, and what to install where it is missing."""

from __future__ import annotations

import os
import sys

import pytest

from pomonag.errors import UserError
from pomonag.execution.cluster import RayExecutor, SubmititExecutor
from pomonag.execution.executor import executor


def square(x):
    if x == 3:
        raise ValueError("three is not welcome")
    return x * x


def ends(x):
    if x == 1:
        os._exit(7)
    return x


@pytest.fixture(params=["ray", "submitit"])
def cluster(request, tmp_path):
    """The executor, where its package is installed."""
    pytest.importorskip(request.param)
    return RayExecutor(2, retries=0) if request.param == "ray" else SubmititExecutor(2, tmp_path / "jobs")


def by_value(function):
    """Workers of a test need not be able to import it: it travels whole."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return function


def test_every_item_once_and_errors_stay_with_theirs(cluster):
    results = {result.item: result for result in cluster.map(by_value(square), range(5))}
    assert {item: result.value for item, result in results.items()} == {0: 0, 1: 1, 2: 4, 3: None, 4: 16}
    assert [item for item, result in results.items() if not result.ok] == [3]
    assert "ValueError: three is not welcome" in results[3].error


def test_a_worker_that_ends_costs_its_item_only(cluster):
    results = {result.item: result for result in cluster.map(by_value(ends), range(3))}
    assert (results[0].value, results[2].value) == (0, 2)
    assert not results[1].ok
    assert "ended" in results[1].error


def test_closing_leaves_the_rest_untouched(cluster):
    drawn = []

    def items():
        for i in range(100):
            drawn.append(i)
            yield i

    stream = cluster.map(by_value(square), items())
    next(stream)
    stream.close()
    assert len(drawn) <= 4


@pytest.mark.parametrize("name", ["ray", "submitit"])
def test_what_is_not_installed_is_named_with_its_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=rf"needs the package {name}.*pip install 'pomonag\[{name}\]'"):
        executor(name)


def test_an_unknown_executor_suggests_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'submitit'"):
        executor("submitt")
