"""Pipelines are checked when they are made, go through JSON unchanged, and those that ship are what is documented."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.training.pipeline import DIFFUSIONNAG_PIPELINES, PAPER_PIPELINES, TrainingPipeline
from pomonag.training.pipeline_settings import NAMES, NUMBERS

SHIPPED = [*PAPER_PIPELINES.values(), *DIFFUSIONNAG_PIPELINES.values()]


def valid_pipelines():
    """Pipelines over the whole range of every setting."""
    shares = st.floats(0, 1)
    return st.builds(
        TrainingPipeline,
        epochs=st.integers(30, 300),
        batch_size=st.integers(1, 512),
        learning_rate=st.floats(1e-6, 10),
        momentum=st.floats(0.01, 0.99),
        nesterov=st.booleans(),
        betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
        weight_decay=st.floats(0, 1),
        gradient_clip=st.none() | st.floats(0.1, 10),
        warmup_epochs=st.integers(0, 20),
        cycles=st.integers(1, 10),
        label_smoothing=st.floats(0, 0.99),
        resolution=st.integers(32, 224),
        padding=st.integers(0, 28),
        horizontal_flip=shares,
        random_erasing=shares,
        cutout=st.integers(0, 32),
        mixup=st.floats(0, 4),
        cutmix=st.floats(0, 4),
        mixed_precision=st.booleans(),
        early_stopping_patience=st.none() | st.integers(1, 300),
        validation_share=st.floats(0.01, 0.99),
        **{name: st.sampled_from(known) for name, known in NAMES.items()},
    )


@given(valid_pipelines())
def test_json_undoes_itself(pipeline):
    again = TrainingPipeline.from_json(pipeline.to_json())
    assert again == pipeline
    assert again.hash == pipeline.hash


@given(valid_pipelines(), st.sampled_from(sorted(NUMBERS)), st.floats() | st.integers() | st.none() | st.booleans())
def test_a_number_is_taken_in_its_range_or_refused_by_name(pipeline, name, value):
    if not NUMBERS[name].hold(value):
        with pytest.raises(UserError, match=name):
            replace(pipeline, **{name: value})
    # The others may be in their range and yet not go together with the rest.
    elif name not in ("epochs", "warmup_epochs", "cycles", "cutout", "resolution", "momentum"):
        assert getattr(replace(pipeline, **{name: value}), name) == value


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(UserError, match=str(NAMES[name][-1])):
        replace(PAPER_PIPELINES["nb201"], **{name: "no-such-thing"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, r"learning_rate=0; expected a number in \(0, inf\)"),
        ({"epochs": 1.5}, r"epochs=1.5; expected a whole number in \[1, inf\)"),
        ({"label_smoothing": 1}, "label_smoothing=1"),
        ({"mixup": -0.1}, "mixup=-0.1"),
        ({"weight_decay": float("nan")}, "weight_decay=nan"),
        ({"early_stopping_patience": 0}, "or None"),
        ({"warmup_epochs": 200}, "fewer than the 200 epochs"),
        ({"scheduler": "cosine_restarts", "cycles": 181}, "180 epochs after warm-up"),
        ({"momentum": 0}, "nesterov=False"),
        ({"cutout": 33}, "at most the resolution, 32"),
        ({"betas": (0.9,)}, "two numbers"),
        ({"betas": (0.9, 1.0)}, "two numbers"),
        ({"mixed_precision": 1}, "mixed_precision=1; expected true or false"),
        ({"augmentation": "aug_mix"}, "Did you mean 'augmix'"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(UserError, match=message):
        replace(PAPER_PIPELINES["nb201"], **settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[1]", "got list"),
        ("{}", "without epochs"),
        ('{"epochs": 1, "learning_rat": 1}', "Did you mean 'learning_rate'"),
        ('{"epochs": 1, "betas": 3}', "two numbers"),
    ],
)
def test_json_that_is_no_pipeline_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        TrainingPipeline.from_json(text)


def test_the_hash_changes_with_every_setting_but_not_with_how_a_number_is_written():
    base = replace(PAPER_PIPELINES["nb201"], scheduler="cosine_restarts", cutout=1)
    hashes = {base.hash}
    for field in fields(base):
        value = getattr(base, field.name)
        if field.name in NAMES:
            other = next(known for known in NAMES[field.name] if known != value)
        elif isinstance(value, bool):
            other = not value
        elif field.name == "betas":
            other = (0.8, 0.9)
        else:
            other = value + 1 if NUMBERS[field.name].whole else 0.25
        hashes.add(replace(base, **{field.name: other}).hash)
    assert len(hashes) == 1 + len(fields(base))
    assert replace(base, mixup=1).hash == replace(base, mixup=1.0).hash


def test_shipped_pipelines_are_complete_in_json():
    for pipeline in SHIPPED:
        assert json.loads(pipeline.to_json()).keys() == asdict(pipeline).keys()


def test_the_documented_table_is_that_of_the_pipelines():
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    documented = {row[0].strip("`"): row[1:] for row in rows if len(row) == 5}
    assert list(documented) == [field.name for field in fields(TrainingPipeline)]
    for name, cells in documented.items():
        assert cells == [str(getattr(pipeline, name)) for pipeline in SHIPPED], name
