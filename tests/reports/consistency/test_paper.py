import os
from pathlib import Path

import pytest

from pomonag.errors import UserError
from reports.consistency import Paper, Statement, load_paper, load_statements

NEEDS_DATA = pytest.mark.skipif(
    "POMONAG_DATA_DIR" not in os.environ, reason="POMONAG_DATA_DIR is not set: the released tables are not there"
)


def test_rows_are_chosen_by_columns(paper):
    assert [n.value for n in paper.rows(table="4", space="nb201", metric="uniqueness")] == [5.10, 34.14]
    assert len(paper.rows(table=("3", "4"))) == 24
    assert paper.row(table="text", metric="runs").value == 3
    assert paper.rows(table="9") == ()


@pytest.mark.parametrize(("columns", "count"), [({"table": "9"}, 0), ({"table": "4", "metric": "validity"}, 4)])
def test_a_row_that_is_not_there_once_is_named(paper, columns, count):
    with pytest.raises(UserError, match=rf"have {count} rows with table=.*paper_numbers.csv"):
        paper.row(**columns)


def test_an_unknown_statement_is_named_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'factor_objective'"):
        load_paper().said("factor_objectiv")


def test_what_the_paper_does_not_say_has_no_value():
    statements = load_statements()
    assert statements["interval_quantile"].value is None
    assert statements["nb201_input_side"] == Statement(32, "Table 8, resizing")
    assert all(statement.place for statement in statements.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a = [", "cannot read"),
        ("runs = 3", "statement 'runs'"),
        ("[runs]\nvalue = 3", "statement 'runs'"),
        ('[runs]\nplace = "x"\nvalues = 3', "statement 'runs'"),
        (b"\xff", "cannot read"),
    ],
)
def test_a_malformed_file_of_statements_is_refused(tmp_path, content, message):
    path = tmp_path / "statements.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message):
        load_statements(path)


def test_a_missing_file_of_statements_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        load_statements(tmp_path / "none.toml")


def test_a_paper_may_hold_anything():
    paper = Paper((), {"x": Statement({"a": [1]}, "here")})
    assert paper.said("x") == {"a": [1]}


@NEEDS_DATA
def test_facts_from_outside_are_those_of_the_released_tables(paper):
    pandas = pytest.importorskip("pandas")
    folder = Path(os.environ["POMONAG_DATA_DIR"])
    best = pandas.read_csv(folder / "nasbench201" / "accuracies.csv.gz")
    for dataset, value in paper.said("nb201_best").items():
        assert best[f"{dataset}_test_acc_200ep"].max() == pytest.approx(value, abs=0.005)
    rows = pandas.read_csv(folder / "meta_dataset_nb201" / "train.csv.gz")
    for number, block in enumerate(paper.said("released_meta_dataset")["blocks"]):
        accuracies = rows.loc[rows.block == number, "acc"]
        assert len(accuracies) == block["rows"]
        assert accuracies.mean() == pytest.approx(block["mean"], abs=5e-5)
        assert accuracies.std() == pytest.approx(block["sd"], abs=5e-5)
        steps = accuracies / block["step"]
        assert (steps - steps.round()).abs().max() < 1e-6


def test_our_networks_have_the_benchmarks_order_of_a_convolution(paper):
    from torch import nn

    from pomonag.spaces import search_space

    space = search_space("nb201")
    cell = space.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    names = {nn.ReLU: "ReLU", nn.Conv2d: "convolution", nn.BatchNorm2d: "batch normalisation"}
    found = [names[type(m)] for m in space.build(cell, cells=1).modules() if type(m) in names]
    order = paper.said("benchmark_convolution_order")
    # Stem: convolution and normalisation; then the first cell's only operation.
    assert found[2:5] == order
