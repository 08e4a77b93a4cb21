import pytest

from pomonag.errors import UserError
from reports import margins, paper_numbers
from reports.margins import Margin


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("test_accuracy", 94.37, 0.5),
        ("spearman_accuracy_noisy", 0.855, 0.03),
        ("validity", 99.97, 2.0),
        ("uniqueness", 34.14, 2.0),
        ("novelty", 37.41, 2.0),
        ("params", 1.02, 0.0204),
        ("macs", 18.02, 0.3604),
        ("latency", 6.51, 0.651),
        ("generation_time", 345.0, 86.25),
        ("params_change", -90.0, 2.0),
    ],
)
def test_the_declared_margins(metric, value, expected):
    assert margins.load().of(metric).around(value) == pytest.approx(expected, rel=1e-12)


def test_counts_have_a_ratio():
    margin = margins.load().of("trained_architectures")
    assert (margin.kind, margin.size) == ("ratio", 1.25)
    with pytest.raises(ValueError, match="no single difference"):
        margin.around(100.0)


def test_every_result_of_the_paper_has_a_margin():
    results = {
        n.metric
        for n in paper_numbers.load()
        if not n.note.startswith("setting") and not n.metric.startswith("scaling_factor")
    }
    assert results == set(margins.load().by_metric)


def test_a_metric_without_a_margin_is_an_error_that_suggests_one():
    with pytest.raises(UserError, match="Did you mean 'novelty'"):
        margins.load().of("noveltie")


def test_a_relative_margin_is_positive_around_a_negative_value():
    assert Margin("relative", 0.1).around(-50.0) == 5.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[a]\nmetrics = ["m"]\nabsolute = = 1\n', r"margins\.toml: .*line 3, column 12"),
        ("[a\n", "line 1"),
        ("a = 1\n", r"margins\.toml, line 1, \[a\]: got 1; expected a section"),
        ('[a]\nmetrics = ["m"]\n', r"\[a\]: got no margin; expected exactly one"),
        ('[a]\nmetrics = ["m"]\nabsolute = 1\nrelative = 1\n', r"\[a\]: got absolute and relative"),
        ('[a]\nmetrics = ["m"]\nabsolut = 1\n', r"line 3, \[a\], key absolut: expected"),
        ('[a]\nmetrics = ["m"]\nabsolute = "1"\n', r"\[a\], key absolute: got '1'; expected a number above 0"),
        ('[a]\nmetrics = ["m"]\nabsolute = true\n', r"\[a\], key absolute: got True"),
        ('[a]\nmetrics = ["m"]\nabsolute = -1\n', r"\[a\], key absolute: got -1"),
        ('[a]\nmetrics = ["m"]\nrelative = nan\n', r"\[a\], key relative: got nan"),
        ('[a]\nmetrics = ["m"]\nratio = 1.0\n', r"\[a\], key ratio: got 1.0; expected a number above 1"),
        ("\n[a]\nabsolute = 1\n", r"line 2, \[a\], key metrics: got None"),
        ('[a]\nmetrics = "m"\nabsolute = 1\n', r"\[a\], key metrics: got 'm'"),
        ("[a]\nmetrics = []\nabsolute = 1\n", r"\[a\], key metrics: got \[\]"),
        (
            '[a]\nmetrics = ["m"]\nabsolute = 1\n[b]\nmetrics = ["m"]\nabsolute = 2\n',
            r"line 5, \[b\], key metrics: 'm' has a margin already",
        ),
    ],
)
def test_a_malformed_file_is_named_with_its_place(tmp_path, content, message):
    path = tmp_path / "margins.toml"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        margins.load(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"missing\.toml"):
        margins.load(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"bytes\.toml"):
        margins.load(tmp_path / "bytes.toml")
