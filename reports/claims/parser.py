"""Predicates of claims.csv, read with Python's grammar and never run: only the nodes below are understood."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Mapping, Sequence

from pomonag.errors import UserError, unknown_name
from reports.claims import vocabulary
from reports.claims.syntax import (
    Arithmetic,
    AtLeast,
    Comparison,
    Dominates,
    EvaluationsToReach,
    Extreme,
    LowerBound,
    Not,
    Number,
    Over,
    Predicate,
    Quantity,
    Reference,
)

# Far above any sentence's predicate; keeps a damaged file from exhausting the stack.
MAX_LENGTH = 4000
_COMPARISONS: Mapping[type, str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC: Mapping[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PREDICATE = "a comparison, for_all(...), dominates(...), or these joined with and, or, not"
_QUANTITY = "a number, metric[method, space, ...], arithmetic, abs, min, max, or evaluations_to_reach(...)"

Scope = Mapping[str, tuple[str, ...]]
"""What each bound name may stand for."""


class _Malformed(Exception):
    def __init__(self, node: ast.AST, message: str):
        super().__init__(message)
        self.node = node


def parse(text: str, claim: str = "predicate") -> Predicate:
    """The predicate. Raises UserError that names the claim, the column (from 1) and what is expected there.

    >>> parse("validity[pomonag, nb201] > 90")
    Comparison(operator='>', left=Reference(metric='validity', parts=('pomonag', 'nb201')), right=Number(value=90.0))
    """
    if len(text) > MAX_LENGTH:
        raise UserError(f"{claim}, column {MAX_LENGTH + 1}: got {len(text)} characters; expected at most {MAX_LENGTH}")
    # One line: so that a column is a place in the text, however the file breaks it.
    line = text.replace("\r", " ").replace("\n", " ").strip()
    first = len(text) - len(text.lstrip())
    try:
        with warnings.catch_warnings():
            # Python remarks on literals such as `1or 2`; what is odd here is refused below anyway.
            warnings.simplefilter("ignore")
            tree = ast.parse(line, mode="eval").body
        return _predicate(tree, {})
    except _Malformed as error:
        # The grammar counts bytes of UTF-8.
        before = line.encode()[: getattr(error.node, "col_offset", 0)].decode(errors="replace")
        raise UserError(f"{claim}, column {first + len(before) + 1}: {error}") from None
    except SyntaxError as error:
        column = first + max(1, error.offset or 1)
        raise UserError(f"{claim}, column {column}: {error.msg}; expected {_PREDICATE}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise UserError(f"{claim}, column 1: {reason}; expected {_PREDICATE}") from None


def _predicate(node: ast.expr, scope: Scope) -> Predicate:
    if isinstance(node, ast.BoolOp):
        parts = tuple(_predicate(part, scope) for part in node.values)
        return AtLeast(None if isinstance(node.op, ast.And) else 1, parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Not(_predicate(node.operand, scope))
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        pairs = tuple(
            _compared(left, operator, right, node, scope)
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False)
        )
        return pairs[0] if len(pairs) == 1 else AtLeast(None, pairs)
    match _called(node):
        case "for_all":
            return _over(node, None, scope)
        case "dominates":
            point, front = _arguments(node, 2)
            return Dominates(_named_reference(point, "point", scope), _named_reference(front, "front", scope))
        case "count":
            raise _Malformed(node, "count(...) is a number; compare it with one, as in count(...) >= 3")
    raise _Malformed(node, f"got {_shown(node)}; expected {_PREDICATE}")


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr, whole: ast.expr, scope: Scope) -> Predicate:
    sign = _COMPARISONS.get(type(operator))
    if sign is None:
        raise _Malformed(whole, "expected a comparison with <, <=, > or >=; for equality use abs(a - b) <= tolerance")
    for counted, other, direction in ((left, right, sign), (right, left, _MIRRORED[sign])):
        if _called(counted) == "count":
            return _counted(counted, direction, _quantity(other, scope), other, scope)
    pair = tuple(
        _bound(side, scope) if _called(side) == "lower95" else _quantity(side, scope) for side in (left, right)
    )
    smaller, smaller_node = (pair[0], left) if sign in "<=" else (pair[1], right)
    if isinstance(smaller, LowerBound):
        raise _Malformed(smaller_node, "lower95(...) stands on the larger side: lower95(x) > 0")
    return _spread(Comparison(sign, *pair))


def _counted(node: ast.expr, sign: str, limit: Quantity, limit_node: ast.expr, scope: Scope) -> Predicate:
    """`count(...) >= 3` as "at least 3"; the other comparisons follow from it."""
    if not isinstance(limit, Number):
        raise _Malformed(limit_node, f"got {_shown(limit_node)}; count(...) is compared with a plain number")
    at_least = math.ceil(limit.value) if sign in (">=", "<") else math.floor(limit.value) + 1
    enough = _over(node, at_least, scope)
    return enough if sign in (">=", ">") else Not(enough)


def _spread(pair: Comparison) -> Predicate:
    """A comparison with a largest or smallest value says the same as comparisons with each: all, or one of them."""
    for at_left, side in ((True, pair.left), (False, pair.right)):
        if isinstance(side, Extreme):
            parts = tuple(
                _spread(Comparison(pair.operator, *((part, pair.right) if at_left else (pair.left, part))))
                for part in side.of
            )
            larger_side = at_left == (pair.operator in (">", ">="))
            return AtLeast(1 if side.largest == larger_side else None, parts)
    return pair


def _over(node: ast.expr, number: int | None, scope: Scope) -> Predicate:
    members, name, body = _arguments(node, 3)
    chosen = _identifier(members, "the name of a set")
    if chosen not in vocabulary.SETS:
        raise _Malformed(members, str(unknown_name("set", chosen, vocabulary.SETS)))
    bound = _identifier(name, "a new name for the members")
    if bound in scope or any(bound in vocabulary.names(kind) for kind in ("metric", *vocabulary.KINDS)):
        raise _Malformed(name, f"the name {bound!r} already means something; choose another")
    return Over(number, chosen, bound, _predicate(body, {**scope, bound: vocabulary.kinds_of_set(chosen)}))


def _bound(node: ast.expr, scope: Scope) -> Quantity:
    (of,) = _arguments(node, 1)
    return LowerBound(_quantity(of, scope))


def _quantity(node: ast.expr, scope: Scope) -> Quantity:
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            pass
        case ast.Constant(value=int() | float() as value):
            return Number(_finite(value, node))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _negative(_quantity(operand, scope))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _quantity(operand, scope)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            return Arithmetic(_ARITHMETIC[type(operator)], _quantity(left, scope), _quantity(right, scope))
        case ast.Subscript():
            return _reference(node, scope)
        case ast.Call():
            return _call(node, scope)
    raise _Malformed(node, f"got {_shown(node)}; expected {_QUANTITY}")


def _call(node: ast.Call, scope: Scope) -> Quantity:
    match _called(node):
        case "abs":
            (argument,) = _arguments(node, 1)
            of = _quantity(argument, scope)
            return Extreme(True, (of, _negative(of)))
        case "min" | "max" as name:
            arguments = _arguments(node, None)
            return Extreme(name == "max", tuple(_quantity(argument, scope) for argument in arguments))
        case "evaluations_to_reach":
            target, *parts = _arguments(node, 4)
            return EvaluationsToReach(_quantity(target, scope), _parts(parts, node, scope))
        case "lower95":
            raise _Malformed(node, "lower95(...) stands alone on one side of a comparison: lower95(x) > 0")
        case "count":
            raise _Malformed(node, "count(...) stands alone on one side of a comparison: count(...) >= 3")
    raise _Malformed(node, f"got {_shown(node)}; expected {_QUANTITY}")


def _negative(of: Quantity) -> Quantity:
    return Number(-of.value) if isinstance(of, Number) else Arithmetic("*", Number(-1.0), of)


def _finite(value: int | float, node: ast.expr) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Malformed(node, "expected a finite number")
    return number


def _named_reference(node: ast.expr, metric: str, scope: Scope) -> Reference:
    reference = _reference(node, scope)
    if reference.metric != metric:
        raise _Malformed(node, f"got {_shown(node)}; expected {metric}[method, space, dataset, cost]")
    return reference


def _reference(node: ast.expr, scope: Scope) -> Reference:
    if not isinstance(node, ast.Subscript):
        raise _Malformed(node, f"got {_shown(node)}; expected metric[method, space, ...]")
    metric = _known(node.value, ("metric",), "metric", scope)
    index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return Reference(metric, _parts(index, node, scope))


def _parts(nodes: Sequence[ast.expr], whole: ast.expr, scope: Scope) -> tuple[str, ...]:
    """Names of kinds in the order method, space, dataset, cost, statistic; the last three may be missing."""
    open_kinds = list(vocabulary.KINDS)
    found = []
    for node in nodes:
        kind = open_kinds[0] if open_kinds and open_kinds[0] in vocabulary.REQUIRED else None
        name = _known(node, (kind,) if kind else tuple(open_kinds), kind or "part of a reference", scope)
        taken = next(k for k in open_kinds if name in vocabulary.names(k) or k in scope.get(name, ()))
        open_kinds = open_kinds[open_kinds.index(taken) + 1 :]
        found.append(name)
    if len(found) < len(vocabulary.REQUIRED):
        raise _Malformed(whole, f"got {_shown(whole)}; expected at least a method and a space")
    return tuple(found)


def _known(node: ast.expr, kinds: tuple[str, ...], what: str, scope: Scope) -> str:
    name = _identifier(node, f"the name of a {what}")
    if set(kinds) & set(scope.get(name, ())) or any(name in vocabulary.names(kind) for kind in kinds):
        return name
    known = {n for kind in kinds for n in vocabulary.names(kind)} | {n for n in scope if set(kinds) & set(scope[n])}
    raise _Malformed(node, str(unknown_name(what, name, known)))


def _identifier(node: ast.expr, expected: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise _Malformed(node, f"got {_shown(node)}; expected {expected}")


def _called(node: ast.expr) -> str | None:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def _arguments(node: ast.expr, number: int | None) -> list[ast.expr]:
    """The arguments of a call: `number` of them, or at least one."""
    assert isinstance(node, ast.Call)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise _Malformed(node, f"{_called(node)}(...) takes plain arguments only")
    if len(node.args) != number and (number is not None or not node.args):
        raise _Malformed(node, f"got {len(node.args)} arguments; {_called(node)}(...) takes {number or 'at least one'}")
    return node.args


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
