import collections

import pytest

from pomonag.errors import UserError
from reports import paper_numbers


def test_the_listing_is_whole():
    numbers = paper_numbers.load()
    counts = collections.Counter(number.table for number in numbers)
    assert len(numbers) == 300
    assert sum(counts[table] for table in "123456") == 202
    assert counts["text"] == 98
    assert len({(n.table, n.method, n.space, n.dataset, n.metric, n.statistic) for n in numbers}) == 300


def test_known_numbers():
    table = paper_numbers.by_place()
    validity = table["4", "pomonag", "nb201", "mean-over-runs", "validity"]
    assert (validity.value, validity.ci95, validity.text, validity.place) == (99.97, 0.10, "99.97 ± 0.10", "Table 4")
    assert table["2", "bohb", "nb201", "cifar10", "trained_architectures"].text == "> 500"
    assert table["text", "pomonag", "nb201", "all", "generation_time"].place == "section 4"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "line 1"),
        (",".join(paper_numbers.COLUMNS) + "\n4,P,nb201,c,validity,mean,x1,,%,\n", "line 2, column value"),
        (",".join(paper_numbers.COLUMNS) + "\n4,P,nb201,c,validity,mean,1,?,%,\n", "line 2, column ci95"),
        (",".join(paper_numbers.COLUMNS) + "\n4,P,nb201,c,validity,mean,nan,,%,\n", "line 2, column value: got 'nan'"),
        (
            ",".join(paper_numbers.COLUMNS) + '\n4,P,nb201,c,validity,mean,1,,%,"open\n',
            "line 2, column note: unexpected end of data",
        ),
        (
            # The quote that is not closed is named, not the one that it runs into, many lines below.
            ",".join(paper_numbers.COLUMNS)
            + '\n4,"P,nb201,c,validity,mean,1,,%,\n4,P,nb201,c,validity,mean,1,,%,"a, b"\n',
            "line 2, column method: unexpected end of data",
        ),
        (",".join(paper_numbers.COLUMNS) + "\n4,P,nb201\n", "line 2: got 3 columns; expected 10"),
        (
            ",".join(paper_numbers.COLUMNS) + "\n4,P,nb201,c,validity,mean,1,,%,a,b\n",
            "line 2: got 11 columns; expected 10",
        ),
    ],
)
def test_a_malformed_file_is_named_with_line_and_column(tmp_path, content, message):
    path = tmp_path / "numbers.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        paper_numbers.load(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"missing\.csv"):
        paper_numbers.load(tmp_path / "missing.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"bytes\.csv.*UTF-8"):
        paper_numbers.load(tmp_path / "bytes.csv")
