import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.pareto.budget import Budget, Limit, parse_budget


def test_the_documented_example():
    budget = parse_budget("params<0.5M, latency_ms<12")
    assert budget.limits == (Limit("params", "<", 500_000), Limit("latency_ms", "<", 12))
    assert str(budget) == "params<0.5M, latency_ms<12"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("params<500k", Limit("params", "<", 5e5)),
        ("macs <= 0.1G", Limit("macs", "<=", 1e8)),
        ("params<1e6", Limit("params", "<", 1e6)),
        ("latency<12ms", Limit("latency_ms", "<", 12)),
        ("accuracy >= 90%", Limit("accuracy", ">=", 90)),
        (" params<5 ,", Limit("params", "<", 5)),
    ],
)
def test_spellings(text, limit):
    assert parse_budget(text) == Budget((limit,))


@pytest.mark.parametrize("text", [None, "", " , "])
def test_no_budget_affords_everything(text):
    assert not parse_budget(text)
    assert parse_budget(text).affordable({"params": [3, np.nan]}).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flops<3M", ["unknown quantity", "macs"]),
        ("param<3M", ["Did you mean 'params'?"]),
        ("params>3M", ["from above"]),
        ("accuracy<3", ["from below"]),
        ("params<3m", ["'m'", "k, M, G"]),
        ("latency_ms<3s", ["'s'", "ms"]),
        ("params<0", ["above 0"]),
        ("params<-1", ["above 0"]),
        ("params<1e999", ["above 0"]),
        ("params<nan", ["cannot read"]),
        ("params<1.2.3", ["not a number"]),
        ("params=3M", ["cannot read", "params<0.5M"]),
        ("params", ["cannot read"]),
        ("params<3M params<4M", ["cannot read"]),
        ("params<3M, params<4M", ["twice"]),
    ],
)
def test_what_cannot_be_read(text, words):
    with pytest.raises(UserError) as caught:
        parse_budget(text)
    for word in words:
        assert word in str(caught.value)


def test_strict_and_not_strict():
    assert parse_budget("params<5").satisfied({"params": [4, 5, 6, np.nan]}).tolist() == [True, False, False, False]
    assert parse_budget("params<=5").satisfied({"params": [4, 5, 6, np.nan]}).tolist() == [True, True, False, False]


def test_all_bounds_must_be_kept():
    values = {"params": [1e5, 6e5, 1e5], "latency_ms": [5.0, 5.0, 20.0], "accuracy": [90, 90, 90]}
    assert parse_budget("params<0.5M, latency_ms<12").affordable(values).tolist() == [0]


def test_an_unreachable_budget_names_the_nearest():
    values = {"params": [200_000, 100_000], "latency_ms": [10.0, 30.0]}
    with pytest.raises(UserError) as caught:
        parse_budget("params<0.05M, latency_ms<9").affordable(values)
    # The second misses params by a factor of 2 and latency by 3.3, the first params by 4.
    assert "params<0.05M, latency_ms<9" in str(caught.value)
    assert "nearest reachable has params=0.1M, latency_ms=30" in str(caught.value)


def test_no_architecture_at_all():
    with pytest.raises(UserError, match="no valid architecture"):
        parse_budget("params<1").affordable({"params": []})


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=20), st.floats(1, 1e9))
def test_excess_is_zero_exactly_where_the_bound_is_kept(values, bound):
    limit = Limit("params", "<", bound)
    assert np.array_equal(limit.excess(values) == 0, limit.satisfied(values))


@given(st.sampled_from(["params", "macs", "latency_ms"]), st.integers(1, 10**9), st.sampled_from(["<", "<="]))
def test_a_printed_bound_reads_as_nearly_the_same(name, value, sign):
    again = parse_budget(str(Limit(name, sign, value))).limits[0]
    assert again.name == name
    assert again.sign == sign
    assert again.value == pytest.approx(value, rel=1e-5)
