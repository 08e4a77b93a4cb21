import ast
import builtins
import doctest
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.errors import UserError
from reports.claims import claim, parser, vocabulary
from reports.claims.parser import MAX_LENGTH, parse
from reports.claims.syntax import (
    Arithmetic,
    AtLeast,
    Comparison,
    Dominates,
    EvaluationsToReach,
    LowerBound,
    Not,
    Number,
    Over,
    Reference,
)

OURS, THEIRS = Reference("validity", ("pomonag", "nb201")), Reference("validity", ("diffusionnag", "nb201"))


def test_the_documented_examples():
    assert doctest.testmod(parser).failed == 0
    assert doctest.testmod(vocabulary).failed == 0


def test_a_comparison():
    assert parse("validity[pomonag,nb201] > validity[diffusionnag,nb201]") == Comparison(">", OURS, THEIRS)


def test_trailing_parts_may_be_missing_and_kinds_tell_the_others_apart():
    text = "test_accuracy[pomonag_acc, mbv3, pets, max] > front_extent[pomonag, nb201, latency]"
    assert parse(text) == Comparison(
        ">",
        Reference("test_accuracy", ("pomonag_acc", "mbv3", "pets", "max")),
        Reference("front_extent", ("pomonag", "nb201", "latency")),
    )


def test_a_chain_is_the_conjunction_of_its_pairs():
    chain = parse("1 < validity[pomonag,nb201] <= validity[diffusionnag,nb201]")
    assert chain == AtLeast(None, (Comparison("<", Number(1.0), OURS), Comparison("<=", OURS, THEIRS)))


def test_boolean_operators():
    text = "not validity[pomonag,nb201] > 1 or validity[pomonag,nb201] > 2 and validity[diffusionnag,nb201] > 3"
    either = parse(text)
    assert either.number == 1
    assert either.parts[0] == Not(Comparison(">", OURS, Number(1.0)))
    assert either.parts[1] == AtLeast(None, (Comparison(">", OURS, Number(2.0)), Comparison(">", THEIRS, Number(3.0))))


def test_a_bound_name_stands_for_a_metric_as_well_as_for_a_part():
    assert parse("for_all(costs, k, k[guide_on,nb201,k] < k[guide_off,nb201,k])") == Over(
        None,
        "costs",
        "k",
        Comparison("<", Reference("k", ("guide_on", "nb201", "k")), Reference("k", ("guide_off", "nb201", "k"))),
    )


def test_the_largest_and_the_smallest_become_comparisons_with_each():
    less, more = Comparison(">", OURS, Number(1.0)), Comparison(">", OURS, Number(2.0))
    assert parse("validity[pomonag,nb201] > max(1, 2)") == AtLeast(None, (less, more))
    assert parse("validity[pomonag,nb201] > min(1, 2)") == AtLeast(1, (less, more))
    less, more = Comparison("<=", OURS, Number(1.0)), Comparison("<=", OURS, Number(2.0))
    assert parse("validity[pomonag,nb201] <= max(1, 2)") == AtLeast(1, (less, more))
    assert parse("validity[pomonag,nb201] <= min(1, 2)") == AtLeast(None, (less, more))


def test_an_absolute_value_is_bounded_from_both_sides():
    negative = Arithmetic("*", Number(-1.0), OURS)
    assert parse("abs(validity[pomonag,nb201]) <= 3") == AtLeast(
        None, (Comparison("<=", OURS, Number(3.0)), Comparison("<=", negative, Number(3.0)))
    )


@pytest.mark.parametrize(
    ("text", "at_least", "turned"),
    [
        ("count({}) >= 3", 3, False),
        ("count({}) > 2", 3, False),
        ("2.5 < count({})", 3, False),
        ("count({}) < 3", 3, True),
        ("count({}) <= 3", 4, True),
        ("3 > count({})", 3, True),
    ],
)
def test_counts_are_at_least_or_the_contrary(text, at_least, turned):
    predicate = parse(text.format("datasets4, d, validity[pomonag,nb201,d] > 0"))
    if turned:
        assert isinstance(predicate, Not)
        predicate = predicate.part
    assert isinstance(predicate, Over)
    assert predicate.number == at_least


def test_functions_of_quantities():
    bounded = parse("lower95(validity[pomonag,nb201] - 1) > 0")
    assert bounded == Comparison(">", LowerBound(Arithmetic("-", OURS, Number(1.0))), Number(0.0))
    reach = parse("evaluations_to_reach(94, gp_ucb, nb201, cifar10) > 1")
    assert reach.left == EvaluationsToReach(Number(94.0), ("gp_ucb", "nb201", "cifar10"))
    assert parse("dominates(point[diffusionnag,nb201,pets,macs], front[pomonag,nb201,pets,macs])") == Dominates(
        Reference("point", ("diffusionnag", "nb201", "pets", "macs")),
        Reference("front", ("pomonag", "nb201", "pets", "macs")),
    )


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("validty[pomonag,nb201] > 1", 1, "unknown metric 'validty'.*Did you mean 'validity'"),
        ("validity[pomonagg,nb201] > 1", 10, "Did you mean 'pomonag'"),
        ("validity[pomonag,nb20l] > 1", 18, "Did you mean 'nb201'"),
        ("1 < validity[pomonag,nb201,cifar1O]", 28, "Did you mean 'cifar10'"),
        ("validity[pomonag,nb201,max,cifar10] > 1", 28, "unknown part of a reference 'cifar10'"),
        ("validity[pomonag] > 1", 1, "at least a method and a space"),
        ("validity > 1", 1, "expected a number, metric"),
        ("validity[pomonag,nb201] == 1", 1, r"abs\(a - b\)"),
        ("validity[pomonag,nb201]", 1, "expected a comparison"),
        ("1 + 2", 1, "expected a comparison"),
        ("for_all(colours, c, 1 > 0)", 9, "unknown set 'colours'"),
        ("for_all(costs, macs, 1 > 0)", 16, "already means something"),
        ("for_all(costs, k, for_all(spaces, k, 1 > 0))", 35, "already means something"),
        ("for_all(costs, k)", 1, "got 2 arguments"),
        ("for_all(costs, k, 7)", 19, "expected a comparison"),
        ("for_all(costs, k, body=1 > 0)", 1, "plain arguments"),
        ("k[pomonag,nb201] > 1", 1, "unknown metric 'k'"),
        ("for_all(costs, k, validity[k,nb201] > 1)", 28, "unknown method 'k'"),
        ("count(costs, k, k[pomonag,nb201] > 1)", 1, "compare it with one"),
        ("count(costs, k, k[pomonag,nb201] > 1) > validity[pomonag,nb201]", 41, "plain number"),
        ("1 + count(costs, k, k[pomonag,nb201] > 1) > 2", 5, "stands alone"),
        ("0 > lower95(validity[pomonag,nb201])", 5, "larger side"),
        ("1 + lower95(validity[pomonag,nb201]) > 0", 5, "stands alone"),
        ("dominates(validity[pomonag,nb201], front[pomonag,nb201])", 11, "expected point"),
        ("max() > 1", 1, "takes at least one"),
        ("validity[pomonag,nb201] ** 2 > 1", 1, "expected a number"),
        ("'a' > 1", 1, "expected a number"),
        ("True > 1", 1, "expected a number"),
        ("1e999 > 1", 1, "finite"),
        ("(1 > 0", 1, "never closed"),
        ("1 > ", r"\d", "invalid syntax"),
        ("", 1, "expected a comparison"),
        ("  é[pomonag,nb201] > 1", 3, "unknown metric 'é'"),
        ("for_all(costs, é, é[pomonag,nb2O1] > 1)", 29, "Did you mean 'nb201'"),
        ("1 >\n validty[pomonag,nb201]", 6, "Did you mean 'validity'"),
        ("__import__('os').system('true') > 1", 1, "expected a number"),
        ("(lambda: 1)() > 0", 1, "expected a number"),
        ("[x for x in ()] > 0", 1, "expected a number"),
        ("-" * 3000 + "1 > 0", 1, "nested too deeply"),
        ("1 > " + "0" * MAX_LENGTH, MAX_LENGTH + 1, "at most"),
    ],
)
def test_what_is_malformed_is_named_with_claim_and_column(text, column, message):
    with pytest.raises(UserError, match=message) as error:
        parse(text, "CL-99")
    assert re.match(rf"CL-99, column {column}: ", str(error.value)), str(error.value)


def test_every_claim_of_the_file_parses():
    assert len(claim.load()) == 56


_TEXTS = [c.text for c in claim.load()]
_WORDS = """validity pomonag nb201 mbv3 cifar10 macs costs spaces k x max for_all count lower95 dominates abs
print evaluations_to_reach and or not if else lambda in is await yield ( ) [ ] { } , : := < <= > >= == != + - * / // **
@ % ~ ^ | & . = 0 1 2.5 1e400 0x1f 1j 'a' f'{x}' b'a' None True ... *x **x # \\ __import__('os').abort()"""
_TOKENS = st.sampled_from([*_WORDS.split(), "\n", "\t"])


@pytest.fixture
def nothing_runs(monkeypatch):
    """Any way to run what was read fails the test."""

    def refuse(*_, **__):
        raise AssertionError("code was run")

    for name in ("eval", "exec", "compile", "__import__"):
        original = getattr(builtins, name)

        def guarded(source, *arguments, _original=original, _name=name, **named):
            # ast.parse is compile with a flag that asks for the tree alone.
            flags = arguments[2] if len(arguments) > 2 else named.get("flags", 0)
            if _name == "compile" and not flags & ast.PyCF_ONLY_AST:
                refuse()
            if _name in ("eval", "exec"):
                refuse()
            return _original(source, *arguments, **named)

        monkeypatch.setattr(builtins, name, guarded)


def _read(text: str) -> None:
    try:
        parse(text, "CL-00")
    except UserError as error:
        message = str(error)
    else:
        return
    assert re.match(r"CL-00, column \d+: ", message)


@settings(max_examples=300, deadline=None)
@given(st.lists(_TOKENS, max_size=25))
def test_any_row_of_words_is_read_or_refused(words):
    _read(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    _read(text)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_TEXTS), st.data())
def test_any_damaged_claim_is_read_or_refused(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    put = data.draw(st.one_of(st.text(max_size=6), _TOKENS))
    _read(text[:start] + put + text[end:])


@pytest.mark.parametrize("text", ["__import__('os').abort() > 0", "print(1) > 0", *_TEXTS[:5]])
def test_nothing_that_is_read_is_run(text, nothing_runs, capsys):
    _read(text)
    assert capsys.readouterr().out == ""
