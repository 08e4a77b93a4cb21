import dataclasses

import pytest
import torch

from pomonag.errors import UserError
from pomonag.reference import predictor_training
from pomonag.reference.checkpoints import load_predictor, save_weights
from pomonag.reference.label_scaling import LabelScaling
from pomonag.reference.predictor_training import (
    LITE_PREDICTOR,
    PredictorRows,
    draw_support,
    predict_clean,
    rank_correlations,
    train_noisy_predictor,
)
from pomonag.reference.spaces import reference_space
from pomonag.spaces import search_space

SPACE = reference_space("nb201")


@pytest.fixture(scope="module")
def rows():
    space = search_space("nb201")
    cells = space.sample(400, torch.Generator().manual_seed(0))
    params = torch.from_numpy(space.cost(cells).params)
    embeddings = torch.randn(3, 2, 25, 8, generator=torch.Generator().manual_seed(1))
    # Plain standard scores: a short training learns them sooner than the hundredths that the shipped ones take.
    labels = 100 * LabelScaling.of(params).normalise(params)
    return PredictorRows(space.encoding.encode(cells), labels, torch.arange(400) % 3, list(embeddings))


@pytest.fixture(scope="module")
def trained(rows):
    schedule = dataclasses.replace(LITE_PREDICTOR, steps=80, batch=64, warmup=10)
    return train_noisy_predictor("params", rows, SPACE.adjacency, SPACE, schedule, tasks_per_batch=2)


def test_params_are_learnt_in_seconds(trained, rows):
    network, record = trained
    noisy, clean = rank_correlations(network, rows, SPACE.adjacency, SPACE)
    assert record.steps == 80
    assert clean > 0.8
    assert 0.4 < noisy < clean


def test_clean_training_sees_no_noise(rows):
    schedule = dataclasses.replace(LITE_PREDICTOR, steps=50, batch=64, warmup=10)
    network, _ = train_noisy_predictor("params", rows, SPACE.adjacency, SPACE, schedule, noised=False)
    assert rank_correlations(network, rows, SPACE.adjacency, SPACE)[1] > 0.8


def test_supports_have_twenty_distinct_images_of_each_class():
    embedding = torch.arange(3 * 30).reshape(3, 30, 1)
    support = draw_support(embedding, torch.Generator().manual_seed(0)).reshape(3, 20)
    for label, row in enumerate(support):
        assert len(row.unique()) == 20
        assert ((row >= 30 * label) & (row < 30 * (label + 1))).all()


def test_a_shipped_predictor_keeps_scale_and_direction(trained, rows, tmp_path):
    network, _ = trained
    origin = {"encoding": "reference", "label_scaling": {"mean": 2.0, "deviation": 3.0}, "maximise": False}
    save_weights(tmp_path / "nb201" / "reference_params.safetensors", network, origin)
    found = load_predictor(SPACE, "params", tmp_path)
    assert (found.scaling, found.maximise) == (LabelScaling(2.0, 3.0), False)
    code = network.encode(draw_support(rows.embeddings[0], torch.Generator())).detach()
    before, after = (
        predict_clean(each, rows.matrices[:8], SPACE.adjacency, SPACE, code) for each in (network, found.network)
    )
    assert torch.allclose(before, after, atol=1e-3)
    (tmp_path / "nb201" / "reference_params.json").write_text('{"encoding": "reference"}')
    with pytest.raises(UserError, match="does not fit this version"):
        load_predictor(SPACE, "params", tmp_path)


def test_rows_that_do_not_fit_together_are_refused(rows):
    with pytest.raises(UserError, match="same number of each"):
        dataclasses.replace(rows, labels=rows.labels[1:])
    with pytest.raises(UserError, match="at least 20 images"):
        dataclasses.replace(rows, embeddings=[torch.zeros(2, 19, 8)])


def test_with_validation_rows_the_best_look_counts(rows, monkeypatch):
    looks = []

    def measured(network, validation, mask, space, **settings):
        assert len(validation.labels) == 400
        looks.append({key: value.clone() for key, value in network.state_dict().items()})
        return (0.5 if len(looks) == 3 else 0.1), 0.9

    monkeypatch.setattr(predictor_training, "rank_correlations", measured)
    schedule = dataclasses.replace(LITE_PREDICTOR, steps=20, batch=8, warmup=0)
    network, record = train_noisy_predictor("params", rows, SPACE.adjacency, SPACE, schedule, validation=rows)
    assert (record.steps, len(looks)) == (20, 10)
    found = network.state_dict()
    assert all(torch.equal(found[key], value) for key, value in looks[2].items())
    assert any(not torch.equal(found[key], value) for key, value in looks[9].items())
