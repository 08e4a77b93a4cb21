from __future__ import annotations

import gzip
import random

import numpy as np
import pytest

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable, TabularEvaluator
from pomonag.spaces import Skeleton
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import NasBench201Skeleton

SPACE = search_space("nb201")


def write(path, cells, value=lambda i: 50.0, column="digits_test_acc_200ep"):
    lines = [f"arch_str,{column}", *(f"{cell},{value(i)}" for i, cell in enumerate(cells))]
    text = "\n".join(lines) + "\n"
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt") as file:
        file.write(text)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A made-up table of the whole space in shuffled order: the accuracy is the index / 15,624 of 80 percent."""
    cells = list(SPACE.enumerate())
    random.Random(0).shuffle(cells)
    path = tmp_path_factory.mktemp("table") / "table.csv.gz"
    return AccuracyTable(write(path, cells, lambda i: repr(cells[i].index * 80 / 15_624)))


def test_a_whole_table_in_the_order_of_the_space(whole):
    assert whole.datasets == ("digits",)
    assert whole.missing == 0
    assert np.allclose(whole.accuracies("digits"), np.linspace(0, 80, 15_625))
    assert whole.median("digits") == pytest.approx(40.0)
    assert whole.best("digits") == 80.0
    cells = SPACE.sample(20, generator_of(0))
    assert np.allclose(whole.accuracy(cells, "digits"), [cell.index * 80 / 15_624 for cell in cells])
    assert np.array_equal(whole.mean_over_datasets(), whole.accuracies("digits"))
    with pytest.raises(ValueError, match="read-only"):
        whole.accuracies("digits")[0] = 1.0


def test_the_evaluator_gives_accuracy_and_costs(whole):
    cell = SPACE.enumerate()[-1]
    evaluator = TabularEvaluator(whole, skeleton=NasBench201Skeleton(classes=10, resolution=16))
    evaluation = evaluator.evaluate(cell, "digits", seed=3)
    costs = SPACE.cost([cell], classes=10, resolution=16)
    assert (evaluation.accuracy, evaluation.params, evaluation.macs) == (80.0, costs.params[0], costs.macs[0])
    assert (evaluation.loss, evaluation.latency_ms, evaluation.seconds) == (None, None, 0.0)
    assert evaluation.provenance["column"] == "digits_test_acc_200ep"
    assert evaluation == evaluator.evaluate(cell, "digits", seed=4)
    with pytest.raises(UserError, match="number of classes of 'digits' is not known"):
        TabularEvaluator(whole).evaluate(cell, "digits")


def test_a_table_of_some_architectures(tmp_path):
    cells = SPACE.sample(30, generator_of(1))
    table = AccuracyTable(write(tmp_path / "some.csv", dict.fromkeys(cells), lambda i: 60 + i))
    assert table.accuracy(cells[:2], "digits").tolist() == [60.0, 61.0]
    absent = next(cell for cell in SPACE.enumerate() if cell not in cells)
    with pytest.raises(UserError, match="no row for"):
        table.accuracy([cells[0], absent], "digits")
    with pytest.raises(UserError, match="lacks 155"):
        table.median("digits")


def test_unknown_names_suggest_the_nearest(whole):
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        whole.best("digit")
    with pytest.raises(UserError, match="unknown protocol of digits 'valid_acc_12ep'"):
        whole.best("digits", "valid_acc_12ep")


def test_damaged_tables_are_explained(tmp_path):
    cells = list(SPACE.enumerate())[:300]
    good = write(tmp_path / "good.csv.gz", cells)

    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(good.read_bytes()[:-200])
    with pytest.raises(UserError, match="cut off or damaged"):
        AccuracyTable(cut)

    plain = write(tmp_path / "plain.csv", cells)
    for keep in (-3, -10, -40):
        plain.write_text(gzip.decompress(good.read_bytes()).decode()[:keep])
        if keep == -3:  # "50.0" cut to "50": still a number, and no way to know
            AccuracyTable(plain)
            continue
        with pytest.raises(UserError, match="cut off"):
            AccuracyTable(plain)

    noise = tmp_path / "noise.csv.gz"
    noise.write_bytes(random.Random(1).randbytes(500))
    with pytest.raises(UserError, match="cannot read"):
        AccuracyTable(noise)
    (tmp_path / "binary.csv").write_bytes(random.Random(2).randbytes(500))
    with pytest.raises(UserError):
        AccuracyTable(tmp_path / "binary.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UserError, match="cannot read"):
        AccuracyTable(tmp_path / "empty.csv")
    (tmp_path / "header.csv").write_text("arch_str,digits_test_acc_200ep\n")
    with pytest.raises(UserError, match="no rows"):
        AccuracyTable(tmp_path / "header.csv")
    with pytest.raises(UserError, match="cannot read"):
        AccuracyTable(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("value", ["", "nan", "high", "-1", "100.5", "inf", "NA"])
def test_values_that_are_no_percentage_name_their_line(tmp_path, value):
    cells = list(SPACE.enumerate())[:5]
    path = write(tmp_path / "table.csv", cells, lambda i: value if i == 3 else 50)
    with pytest.raises(UserError, match=r"line 5: .* accuracy in percent"):
        AccuracyTable(path)


def test_tables_of_another_kind_are_explained(tmp_path):
    cells = list(SPACE.enumerate())[:5]
    other = tmp_path / "other.csv"
    other.write_text("architecture,digits_test_acc_200ep\nx,1\n")
    with pytest.raises(UserError, match="no column arch_str"):
        AccuracyTable(other)
    with pytest.raises(UserError, match="no column <dataset>_test_acc_200ep"):
        AccuracyTable(write(tmp_path / "column.csv", cells, column="accuracy"))
    with pytest.raises(UserError, match="2 rows for"):
        AccuracyTable(write(tmp_path / "twice.csv", [*cells, cells[0]]))
    with pytest.raises(UserError, match="line 3: 'x' is no architecture"):
        AccuracyTable(write(tmp_path / "foreign.csv", [cells[0], "x"]))


def test_the_published_table(accuracies_path):
    table = AccuracyTable()
    assert table.source == "accuracies.csv.gz"
    assert table.datasets == ("cifar10", "cifar100")
    assert table.best("cifar10") == pytest.approx(94.373333)
    assert table.best("cifar100") == pytest.approx(73.513333)
    # Half of the space is above the median.
    assert np.mean(table.accuracies("cifar10") > table.median("cifar10")) == pytest.approx(0.5, abs=0.001)
    assert table.best("cifar10", "valid_acc_12ep") < 90
    first = SPACE.parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    evaluation = TabularEvaluator(table).evaluate(first, "cifar100")
    assert evaluation.accuracy == pytest.approx(52.913333)
    assert (evaluation.params, evaluation.macs + 100) == (135_156, 15_653_220)
    assert isinstance(TabularEvaluator(table).skeleton("cifar10"), Skeleton)


def test_the_top_250_by_the_mean_of_the_published_columns(accuracies_path):
    table = AccuracyTable()
    top = np.argsort(-table.mean_over_datasets(), kind="stable")[:250]
    assert table.accuracies("cifar10")[top].mean() == pytest.approx(93.80, abs=0.005)
    assert table.accuracies("cifar100")[top].mean() == pytest.approx(71.49, abs=0.005)
