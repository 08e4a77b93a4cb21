"""How a comparison and its values are written for readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reports.claims.keys import Key, Missing
from reports.claims.syntax import (
    Arithmetic,
    Comparison,
    EvaluationsToReach,
    Extreme,
    LowerBound,
    Number,
    Quantity,
    Reference,
)

# So many names, and so many reasons, are told; the rest is counted.
_SHOWN = 4

Resolve = Callable[[str, tuple[str, ...]], Key]


def quantity(node: Quantity, resolve: Resolve) -> str:
    """The quantity with its names bound.

    >>> quantity(Arithmetic("*", Number(0.5), Reference("params", ("pomonag", "nb201"))), Key.of)
    '0.5 * params[pomonag, nb201]'
    """
    match node:
        case Number(value):
            return f"{value:g}"
        case Reference(metric, parts):
            return resolve(metric, parts).label
        case Arithmetic("*", Number(-1.0), right):
            return f"-{_inner(right, '*', resolve)}"
        case Arithmetic(operator, left, right):
            return f"{_inner(left, operator, resolve)} {operator} {_inner(right, operator, resolve, after=True)}"
        case Extreme(largest, of):
            return f"{'max' if largest else 'min'}({', '.join(quantity(part, resolve) for part in of)})"
        case LowerBound(of):
            return f"lower95({quantity(of, resolve)})"
        case EvaluationsToReach(target, parts):
            label = resolve("test_accuracy", parts).label.removeprefix("test_accuracy")
            return f"evaluations_to_reach({quantity(target, resolve)}){label}"


def _inner(node: Quantity, operator: str, resolve: Resolve, after: bool = False) -> str:
    """An operand, in brackets where the sign before or after it would tear it apart."""
    text = quantity(node, resolve)
    if not isinstance(node, Arithmetic) or (operator in "+-" and node.operator in "*/"):
        return text
    torn = (operator in "*/" and node.operator in "+-") or (after and operator in "-/")
    return f"({text})" if torn else text


def comparison(node: Comparison, resolve: Resolve) -> str:
    """Both sides and the sign between them."""
    return f"{quantity(node.left, resolve)} {node.operator} {quantity(node.right, resolve)}"


def missing(found: Iterable[Missing]) -> str:
    """What is missing, for each reason once.

    >>> missing([Missing("a", "not measured"), Missing("b", "not measured"), Missing("a", "not measured")])
    'not measured: a, b'
    """
    by_reason: dict[str, list[str]] = {}
    for item in dict.fromkeys(found):
        by_reason.setdefault(item.why, []).append(item.what)
    shown = [f"{why}: {_some(whats)}" for why, whats in list(by_reason.items())[:_SHOWN]]
    more = len(by_reason) - _SHOWN
    return "; ".join(shown) + (f"; and for {more} more reasons" if more > 0 else "")


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def difference(effect: float, interval: tuple[float, float] | None) -> str:
    """`difference +1.00, 95 % interval [0.66, 1.34]`."""
    text = f"difference {signed(effect)}"
    return text if interval is None else f"{text}, 95 % interval [{signed(interval[0])}, {signed(interval[1])}]"


def plain(value: float) -> str:
    """Four digits, no exponent.

    >>> plain(99.97), plain(9180.0), plain(702.5), plain(-0.00123)
    ('99.97', '9,180', '702.5', '-0.00123')
    """
    digits = 4 if abs(value) < 1000 else len(str(int(abs(value))))
    return f"{value:,.{digits}g}"


def signed(value: float) -> str:
    """With its sign, three digits.

    >>> signed(1.0), signed(-21.449)
    ('+1', '-21.4')
    """
    return f"{value:+.3g}" if abs(value) < 1000 else f"{value:+,.0f}"
