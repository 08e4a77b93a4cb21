"""Every choice of Table 7 is one that a pipeline takes."""

from dataclasses import fields, replace
from itertools import product
from random import Random

from pomonag.training.pipeline import PAPER_PIPELINES
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE


def test_there_are_as_many_pipelines_as_the_specification_counts():
    assert PAPER_PIPELINE_SPACE.size == 207_360


def test_drawn_pipelines_are_valid_and_differ():
    draw, hashes = Random(0), set()
    for _ in range(300):
        settings = {f.name: draw.choice(getattr(PAPER_PIPELINE_SPACE, f.name)) for f in fields(PAPER_PIPELINE_SPACE)}
        hashes.add(replace(PAPER_PIPELINES["nb201"], **settings).hash)
    assert len(hashes) > 290


def test_each_choice_is_valid_with_the_shortest_training():
    for name, value in [
        (f.name, v) for f in fields(PAPER_PIPELINE_SPACE) for v in getattr(PAPER_PIPELINE_SPACE, f.name)
    ]:
        assert getattr(replace(PAPER_PIPELINES["nb201"], **{"epochs": 50, name: value}), name) == value
    for epochs, warmup in product(PAPER_PIPELINE_SPACE.epochs, PAPER_PIPELINE_SPACE.warmup_epochs):
        replace(PAPER_PIPELINES["nb201"], epochs=epochs, warmup_epochs=warmup, scheduler="cosine_restarts")
