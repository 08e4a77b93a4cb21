"""Tables 7 and 8 as data are what the paper prints."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pomonag.training.pipeline import PAPER_PIPELINES, TrainingPipeline
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE, PipelineSpace
from reports.paper_numbers import load
from reports.paper_pipelines import CHOSEN, SEARCHED, choices, choices_text, chosen, setting_text


def value_of(text: str):
    """A setting of the source text as Python's value."""
    if text == "-":
        return None
    if text in ("True", "False"):
        return text == "True"
    if "×" in text:
        width, height = text.split("×")
        assert width == height
        return int(width)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"Trivial Augment Wide": "TrivialAugmentWide"}.get(text, text)


def test_the_names_cover_the_fields():
    assert list(SEARCHED) == [field.name for field in fields(PipelineSpace)]
    settings = {field.name for field in fields(TrainingPipeline)}
    assert set(SEARCHED) <= settings
    assert set(CHOSEN) - settings == {"technique", "resize", "random_crop"}


def test_table_7_is_the_papers(tables_of_the_paper):
    printed = {row[0]: tuple(map(value_of, row[1].strip("{}").split(", "))) for row in tables_of_the_paper["7"]}
    assert list(printed) == list(SEARCHED.values())
    assert {label: choices(name) for name, label in SEARCHED.items()} == printed


def test_table_8_is_the_papers(tables_of_the_paper):
    # Two rows of the source text are rules of the page, whose cells say nothing.
    rows = [row[1:] for row in tables_of_the_paper["8"] if row[1] in CHOSEN.values()]
    assert len(rows) == len(tables_of_the_paper["8"]) - 2
    assert [row[0] for row in rows] == list(CHOSEN.values())
    for place, space in enumerate(("nb201", "mbv3"), start=1):
        printed = {row[0]: value_of(row[place]) for row in rows}
        assert {label: chosen(space)[name] for name, label in CHOSEN.items()} == printed


@pytest.mark.parametrize("space", PAPER_PIPELINES)
def test_what_was_chosen_was_among_the_choices(space):
    for name in SEARCHED:
        # The paper's text has no row for CutMix: not used.
        assert getattr(PAPER_PIPELINES[space], name) in getattr(PAPER_PIPELINE_SPACE, name), name


def test_they_agree_with_the_settings_of_the_text():
    settings = {(n.space, n.metric, n.statistic): n.value for n in load() if n.note.startswith("setting")}
    assert PAPER_PIPELINES["mbv3"].resolution == settings["mbv3", "input_side", "used"]
    assert PAPER_PIPELINES["mbv3"].resolution <= settings["mbv3", "input_side", "maximum"]
    assert PAPER_PIPELINES["nb201"].resolution == settings["all", "latency_input_side", "value"]
    # Sec. 3.2's 50 steps for each of five pairs see a thousandth of the space.
    tried = settings["all", "pipeline_tuning_pairs", "count"] * settings["all", "pipeline_tuning_steps", "count"]
    assert 0 < tried / PAPER_PIPELINE_SPACE.size < 0.002


def test_texts():
    assert choices_text("learning_rate", (None, 0.1, 5e-5)) == "{–, 1 × 10⁻¹, 5 × 10⁻⁵}"
    assert [setting_text("mixed_precision", True), setting_text("random_crop", 224)] == ["True", "224×224"]
