import pytest

from pomonag.errors import UserError
from pomonag.evaluation.protocols import LITE_PROTOCOLS, PROFILES, training_protocol
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.meta_dataset.schema import SHIPPED, read_shard, shard_paths
from pomonag.training.pipeline import PAPER_PIPELINES


def test_the_shipped_rows_keep_their_protocol():
    assert training_protocol("lite", "nb201").hash == TrainingProtocol().hash == "c85bdc91fe1d"
    for space in LITE_PROTOCOLS:
        for path in shard_paths(SHIPPED / space):
            assert set(read_shard(path)[1]["protocols"]) == {training_protocol("lite", space).hash}


def test_the_paper_trains_the_full_network_by_its_pipeline():
    protocol = training_protocol("paper", "nb201")
    paper = PAPER_PIPELINES["nb201"]
    assert (protocol.trained_by.epochs, protocol.trained_by.batch_size) == (paper.epochs, paper.batch_size)
    assert (protocol.reduced, protocol.resolution) == ((), paper.resolution)
    # 80, 10 and 10 % of a class.
    assert protocol.split.counts(100) == (80, 10, 10)
    assert "recipe" not in protocol.settings
    assert protocol.settings["pipeline"]["augmentation"] == "trivial_augment_wide"
    assert protocol.hash != TrainingProtocol().hash


def test_weights_that_are_not_to_be_had_are_named(monkeypatch):
    monkeypatch.setitem(PAPER_PIPELINES, "nb201", PAPER_PIPELINES["mbv3"])
    with pytest.raises(UserError, match=r"ImageNet weights.*expected --from-scratch"):
        training_protocol("paper", "nb201")
    protocol = training_protocol("paper", "nb201", from_scratch=True)
    assert (protocol.pipeline.weights, protocol.resolution) == ("he_normal", 224)


def test_unknown_profiles_and_spaces():
    with pytest.raises(UserError, match="Did you mean 'paper'"):
        training_protocol("papers", "nb201")
    with pytest.raises(UserError, match="search space"):
        training_protocol("lite", "nb202")
    assert PROFILES == ("lite", "paper")
