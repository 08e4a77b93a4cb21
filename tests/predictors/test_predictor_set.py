"""Checkpoint sets: saved and read back, honest about what they have seen, and good at what they never saw."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.predictors.accuracy_scale import fit_accuracy_scale
from pomonag.predictors.dataset_code import CODE_SIZE, DatasetCode
from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.latency_model import LatencyModel
from pomonag.predictors.performance_predictor import (
    AccuracyEnsemble,
    EnsembleConfig,
    GuideConfig,
    NoisyPredictor,
    condition,
)
from pomonag.predictors.predictor_set import CHECKPOINTS, PredictorSet, load_predictor_set, save_predictor_set
from pomonag.predictors.supervision import SETS
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.spaces.encoding import generator_of, to_network_scale
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
SHIPPED = sorted(path.parent.name for path in (CHECKPOINTS / "nb201").glob("*/predictors.safetensors"))


@pytest.fixture(scope="module")
def made():
    """A small set of random weights, on 6 image features, that knows the full protocol by a scale and a proxy."""
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    code = DatasetCode(6)
    code.fit(list(torch.randn(20, 4, 3, 6, generator=generator_of(1))))
    ensemble = AccuracyEnsemble(81, EnsembleConfig(members=2, width=8))
    cells = SPACE.sample(4096, generator_of(2))  # as the training does
    ensemble.standardise(torch.from_numpy(SPACE.features(cells)))
    noisy = NoisyPredictor(SPACE.encoding, ("accuracy", "params", "macs", "latency_ms"), GuideConfig(16, 1))
    noisy.row_posterior.count(SPACE.encoding.encode(cells))
    # Costs in the millions, which half precision does not hold.
    noisy.label_mean.copy_(torch.tensor([0.0, 567_890.0, 78_901_234.0, 7.5]))
    noisy.label_scale.copy_(torch.tensor([1.0, 345_678.0, 45_678_901.0, 2.5]))
    latency = LatencyModel(81)
    latency.weight.copy_(torch.rand(81))
    latency.floor.fill_(2.0)
    scales = {"full": fit_accuracy_scale([random.uniform(40, 90, 100), random.uniform(20, 70, 100)], [0.9, 0.5])}
    for part in (code, ensemble, noisy, latency):
        part.eval().requires_grad_(False)
    header = {"name": "made up", "protocols": ["full", "proxy"], "labels": {"a": 3}}
    return PredictorSet(SPACE, code, ensemble, noisy, latency, scales, header)


@pytest.fixture
def saved(made, tmp_path):
    """The folder of checkpoints that holds `made` as nb201/mine."""
    save_predictor_set(made, tmp_path / "nb201" / "mine")
    return tmp_path


EMBEDDING = torch.randn(5, 4, 6, generator=generator_of(3))
CELLS = SPACE.sample(50, generator_of(4))


def test_what_is_read_back_predicts_the_same_up_to_half_precision(made, saved):
    read = load_predictor_set(SPACE, "mine", saved)
    found, before = (p.scores(CELLS, p.condition(EMBEDDING, "full")) for p in (read, made))
    assert before.std() > 0.3
    assert np.abs(found - before).max() < 0.02
    assert np.allclose(read.latency_ms(CELLS), made.latency_ms(CELLS), rtol=2e-3)
    assert np.abs(read.accuracy(CELLS, EMBEDDING, "full") - made.accuracy(CELLS, EMBEDDING, "full")).max() < 0.5
    sigma = torch.linspace(0.2, 5, 50)
    x = to_network_scale(SPACE.encoding.encode(CELLS)) + sigma.view(-1, 1, 1) * torch.randn(50, 8, 7)
    given = condition(None, "full")
    torch.testing.assert_close(read.noisy(x, sigma, given), made.noisy(x, sigma, given), rtol=0, atol=0.02)


def test_what_is_no_weight_is_read_back_exactly(made, saved):
    read = load_predictor_set(SPACE, "mine", saved)
    assert torch.equal(read.noisy.label_mean, made.noisy.label_mean)
    assert torch.equal(read.noisy.label_scale, made.noisy.label_scale)
    assert read.scales == made.scales
    assert read.noisy.heads == made.noisy.heads
    assert (read.ensemble.config, read.noisy.config) == (made.ensemble.config, made.noisy.config)
    assert read.header.items() >= made.header.items()
    assert read.protocols == ("full", "proxy")
    for part in (read.code, read.ensemble, read.noisy, read.latency):
        assert not part.training
        assert not any(parameter.requires_grad for parameter in part.parameters())


def test_saving_what_was_read_changes_nothing_more(saved, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    save_predictor_set(load_predictor_set(SPACE, "mine", saved), again)
    assert (again / "predictors.safetensors").read_bytes() == (
        saved / "nb201" / "mine" / "predictors.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, -1])
def test_a_truncated_file_is_explained(saved, keep):
    path = saved / "nb201" / "mine" / "predictors.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(UserError, match=r"predictors.safetensors is not a whole checkpoint.*pomonag train"):
        load_predictor_set(SPACE, "mine", saved)


DAMAGES = {
    "a weight lacks": lambda tensors, header: tensors.pop("ensemble.weights.1"),
    "a part lacks": lambda tensors, header: tensors.pop("latency.weight"),
    "another shape": lambda tensors, header: tensors.update({"noisy.head.bias": torch.zeros(3)}),
    "an unknown weight": lambda tensors, header: tensors.update({"code.strange": torch.zeros(3)}),
    "no heads": lambda tensors, header: header.pop("heads"),
    "no name": lambda tensors, header: header.pop("name"),
    "no protocols": lambda tensors, header: header.pop("protocols"),
    "an unknown protocol": lambda tensors, header: header["protocols"].append("half"),
    "a protocol in place of a list": lambda tensors, header: header.update(protocols="full"),
    "no scales": lambda tensors, header: header.pop("scales"),
    "an unknown setting": lambda tensors, header: header["ensemble"].update(depth=3),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_file_of_another_version_is_explained(saved, damage):
    path = saved / "nb201" / "mine" / "predictors.safetensors"
    tensors, header = load_checkpoint(path)
    damage(tensors, header)
    save_checkpoint(path, tensors, header)
    with pytest.raises(UserError, match=r"(?s)does not fit this version.*pomonag train"):
        load_predictor_set(SPACE, "mine", saved)


def test_an_unknown_set_suggests_the_nearest(saved):
    with pytest.raises(
        UserError, match=r"unknown checkpoint set of nb201 'without_cifar'.*Did you mean 'without_cifar"
    ):
        load_predictor_set(SPACE, "without_cifar")
    with pytest.raises(UserError, match="Did you mean 'shipped'"):
        load_predictor_set(SPACE, "shiped")
    with pytest.raises(UserError, match=r"'shipped'. Known: mine"):
        load_predictor_set(SPACE, "shipped", saved)
    with pytest.raises(UserError, match="Known: none"):
        load_predictor_set(SPACE, "mine", saved / "nowhere")
    with pytest.raises(UserError):  # a name, not a path
        load_predictor_set(SPACE, "../nb201/mine", saved)


def test_a_protocol_the_set_has_not_seen_is_refused(made):
    with pytest.raises(UserError, match=r"unknown protocol of the checkpoint set 'made up' 'lite'. Known: full, proxy"):
        made.accuracy(CELLS, EMBEDDING, "lite")
    assert made.condition(EMBEDDING, "full").shape == (CODE_SIZE + 3,)
    with pytest.raises(UserError, match=r"'lite_rows' 'full'. Known: lite"):
        load_predictor_set(SPACE, "lite_rows").condition(load_embedding("digits"), "full")


def test_features_of_another_encoder_are_refused(made):
    resnet18 = torch.rand(5, 4, 512)
    shipped = load_predictor_set(SPACE)
    expected = r"got 512 features an image, expected 1280, those of efficientnet_lite0, which .* 'shipped' was trained"
    for ask in (shipped.condition, lambda embedding, protocol: shipped.accuracy(CELLS, embedding, protocol)):
        with pytest.raises(UserError, match=expected):
            ask(resnet18, "full")
    made.check(6, "full")
    with pytest.raises(UserError, match=r"expected 6, those of efficientnet_lite0"):
        made.check(7, "full")
    other = dataclasses.replace(made, header={**made.header, "encoder": "another"})
    with pytest.raises(UserError, match=r"those of another, .* Use the encoder another, or precomputed:FILE"):
        other.condition(resnet18, "full")


def test_one_class_is_refused_where_it_would_predict_nan(made):
    for ask in (made.condition, lambda embedding, protocol: made.accuracy(CELLS, embedding, protocol)):
        with pytest.raises(UserError, match=r"\(1, 4, 6\), expected .* at least two classes"):
            ask(EMBEDDING[:1], "full")
    # One image of each of two classes is the least.
    assert np.isfinite(made.accuracy(CELLS, EMBEDDING[:2, :1], "full")).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_an_embedding_of_another_precision_means_the_same(made, dtype):
    found = made.accuracy(CELLS, EMBEDDING.to(dtype), "full")
    assert np.allclose(found, made.accuracy(CELLS, EMBEDDING, "full"), atol=0.5)


def test_proxy_scores_have_no_scale_of_their_own(made):
    scores = made.scores(CELLS, made.condition(EMBEDDING, "proxy"))
    assert np.allclose(made.accuracy(CELLS, EMBEDDING, "proxy"), np.clip(50 + 10 * scores, 0, 100))


def test_accuracies_keep_the_order_of_the_scores(made):
    scores = made.scores(CELLS, made.condition(EMBEDDING, "full"))
    accuracy = made.accuracy(CELLS, EMBEDDING, "full")
    inside = accuracy > 0
    assert inside.sum() > 25
    assert np.array_equal(np.argsort(scores[inside]), np.argsort(accuracy[inside]))


def test_predictions_of_nothing(made):
    assert made.accuracy([], EMBEDDING, "full").shape == (0,)
    assert made.latency_ms([]).shape == (0,)


# What ships.


def header_of(name):
    """The header by the file's own layout: 8 bytes of length, then JSON."""
    with (CHECKPOINTS / "nb201" / name / "predictors.safetensors").open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(json.loads(file.read(length))["__metadata__"]["pomonag"])


def test_every_set_ships_under_its_own_name():
    assert set(SHIPPED) == set(SETS["nb201"])
    for name in SHIPPED:
        header = header_of(name)
        assert (header["name"], header["space"]) == (name, "nb201")
        assert header["labels"]
        assert header["provenance"]["commit"]


@pytest.mark.parametrize(("judged", "other"), [("cifar10", "cifar100"), ("cifar100", "cifar10")])
def test_a_leave_one_out_sets_file_never_saw_the_judged_data_set(judged, other):
    labels = dict(header_of(f"without_{judged}")["labels"])
    assert judged not in labels
    assert labels.pop(other) <= 1000
    assert labels.pop("imagenet32-0") + labels.pop("imagenet32-1") == 4230
    assert labels.pop("lite tasks") > 0
    assert labels == {}


def test_the_other_sets_files_saw_what_their_names_say():
    assert {"cifar10": 15_625, "cifar100": 15_625}.items() <= header_of("shipped")["labels"].items()
    assert set(header_of("lite_rows")["labels"]) == {"lite tasks"}
    for name in ("training_free", "params_only"):
        assert header_of(name)["protocols"] == ["proxy"]
        assert header_of(name)["scales"] == {}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_predictions_are_finite_and_in_range_over_the_whole_space(name):
    predictors = load_predictor_set(SPACE, name)
    cells = SPACE.enumerate()[::7]
    for dataset in ("cifar100", "digits"):
        for protocol in predictors.protocols:
            accuracy = predictors.accuracy(cells, load_embedding(dataset), protocol)
            assert accuracy.shape == (len(cells),)
            assert np.isfinite(accuracy).all()
            assert accuracy.min() >= 0
            assert accuracy.max() <= 100
            assert accuracy.std() > 0.5
            # Scores are normal quantiles of 15,625 ranks.
            assert np.abs(predictors.scores(cells, predictors.condition(load_embedding(dataset), protocol))).max() < 5
    latency_ms = predictors.latency_ms(cells)
    assert np.isfinite(latency_ms).all()
    assert latency_ms.min() > 0
    sigma = torch.logspace(-1, 1, len(cells))
    noise = torch.randn(len(cells), 8, 7, generator=generator_of(0))
    x = to_network_scale(SPACE.encoding.encode(cells)) + sigma.view(-1, 1, 1) * noise
    assert predictors.noisy(x, sigma, condition(None, predictors.protocols[0])).isfinite().all()


def test_convolutions_beat_nothing_at_all():
    predictors = load_predictor_set(SPACE)
    best = SPACE.parse(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    )
    none = SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    accuracy = predictors.accuracy([best, none], load_embedding("cifar10"), "full")
    assert accuracy[0] > 93
    assert accuracy[1] < 60
    slow, fast = predictors.latency_ms([best, none])
    assert slow > 3 * fast


def test_noisy_costs_are_right_where_there_is_hardly_any_noise():
    predictors = load_predictor_set(SPACE)
    cells = SPACE.sample(500, generator_of(5))
    sigma = torch.full((500,), 0.1)
    z = predictors.noisy(to_network_scale(SPACE.encoding.encode(cells)), sigma, condition(None, "full")).double()
    costs = SPACE.cost(cells)
    for head, exact in (("params", costs.params), ("macs", costs.macs), ("latency_ms", predictors.latency_ms(cells))):
        column = predictors.noisy.column(head)
        found = z[:, column] * predictors.noisy.label_scale[column] + predictors.noisy.label_mean[column]
        assert np.corrcoef(found, exact)[0, 1] > 0.98
        assert np.abs(found.numpy() - exact).mean() < 0.2 * exact.std()


@pytest.mark.parametrize("judged", ["cifar10", "cifar100"])
def test_a_data_sets_table_is_ranked_by_the_set_that_never_saw_it(data_dir, judged):
    try:
        table = AccuracyTable(space=SPACE)
    except DataMissing as missing:
        pytest.skip(str(missing))
    cells = SPACE.sample(1000, generator_of(6))
    predicted = load_predictor_set(SPACE, f"without_{judged}").accuracy(cells, load_embedding(judged), "full")
    # 0.969 and 0.965 over the whole table.
    assert spearmanr(predicted, table.accuracy(cells, judged))[0] > 0.9


def test_a_set_in_another_folder(tmp_path):
    shutil.copytree(CHECKPOINTS / "nb201" / "lite_rows", tmp_path / "nb201" / "copy")
    assert load_predictor_set(SPACE, "copy", tmp_path).header["name"] == "lite_rows"
