"""Formulas decided over all integers: quorums as the contracts compute them, roundings as the engine does.

The text is read from the sources, mutated where a twin is asked for, and evaluated over z3's integers.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import z3
from projects import CONTRACTS, mutation

ENGINE: Final = CONTRACTS.parent / "exchange"
CASH_SCALE: Final = 10**10
FACTOR_ONE: Final = 10**6


class Whole:
    """A z3 integer that Python's own functions can compute with; divisors are positive."""

    def __init__(self, term: Any) -> None:
        self.term = term.term if isinstance(term, Whole) else term

    def __add__(self, other: Any) -> "Whole":
        return Whole(self.term + _term(other))

    def __sub__(self, other: Any) -> "Whole":
        return Whole(self.term - _term(other))

    def __rsub__(self, other: Any) -> "Whole":
        return Whole(_term(other) - self.term)

    def __mul__(self, other: Any) -> "Whole":
        return Whole(self.term * _term(other))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Whole":
        return Whole(-self.term)

    def __floordiv__(self, other: Any) -> "Whole":
        return Whole(self.term / _term(other))

    __truediv__ = __floordiv__  # Solidity's, of what is not negative


def _term(value: Any) -> Any:
    return value.term if isinstance(value, Whole) else z3.IntVal(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A claim about the formulas of one source file. `claim` gets its text and answers what must hold."""

    name: str
    says: str
    source: Path
    claim: Callable[[str], Any]
    twins: tuple[str, ...]
    is_long: bool = False


def decide(row: Formula, twin: str | None) -> str:
    """`proved`, `refuted` or `undecided`. Raises NoSuchTwin for one that does not match the source once."""
    text = row.source.read_text(encoding="utf-8")
    if twin is not None:
        text = mutation(twin).apply(text)
    solver = z3.Solver()
    solver.set("timeout", 120_000)
    solver.add(z3.Not(row.claim(text)))
    return {"unsat": "proved", "sat": "refuted"}.get(str(solver.check()), "undecided")


def _ceil_div(value: Any, divisor: int) -> Whole:
    return -(-Whole(_term(value)) // divisor)


def _solidity(text: str, pattern: str, names: dict[str, Any]) -> Any:
    """The z3 value of the one expression that `pattern` captures in a Solidity source."""
    (expression,) = re.findall(pattern, text)
    expression = expression.replace("Math.ceilDiv", "ceil_div").replace("header.validators.length", "n")
    return _term(eval(expression, {"__builtins__": {}}, {"ceil_div": _ceil_div, **names}))  # noqa: S307 - our own source


def quorum(text: str) -> Any:
    """Of n validators fewer than a third are faulty: two quorums share an honest one, and the honest are a quorum."""
    n = z3.Int("n")
    faulty = (n - 1) / 3
    size = _solidity(text, r"uint256 quorum = ([^;]+);", {"n": Whole(n)})
    return z3.Implies(n >= 1, z3.And(2 * size - n > faulty, size <= n - faulty, size >= 1))


def overlap(text: str) -> Any:
    """Of n trusted validators fewer than a third are faulty: at every trust level an honest one has signed."""
    n = z3.Int("n")
    levels = ((1, 3), (1, 2), (2, 3), (3, 4), (1, 1))
    pattern = r"function _trustOf[^{]+\{\s*return ([^;]+);"
    needed = [
        _solidity(text, pattern, {"trusted": Whole(n), "trustNumerator": top, "trustDenominator": bottom})
        for top, bottom in levels
    ]
    return z3.Implies(n >= 1, z3.And(*[z3.And(size > (n - 1) / 3, size <= n) for size in needed]))


def recovery(text: str) -> Any:
    """Two recoveries share an honest validator of the last trusted set."""
    n = z3.Int("n")
    size = _solidity(text, r"function _twoThirdsOf[^{]+\{\s*return ([^;]+);", {"trusted": Whole(n)})
    return z3.Implies(n >= 1, z3.And(2 * size - n > (n - 1) / 3, size <= n))


def _functions(text: str, *names: str, **scope: Any) -> SimpleNamespace:
    """These functions of a Python source, without running the rest of it."""
    body = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name in names]
    for node in body:
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
    exec(compile(ast.Module(body=body, type_ignores=[]), "<source>", "exec"), scope)  # noqa: S102 - our own source
    return SimpleNamespace(**{name: scope[name] for name in names})


def rounding(text: str) -> Any:
    """What is named down is the largest integer not above the exact number, what is named up the smallest not below."""
    source = _functions(text, "div_down", "div_up", "mul_div_down", "mul_div_up")
    value, factor, divisor = (Whole(z3.Int(name)) for name in ("value", "factor", "divisor"))
    claims = []
    for exact, down, up in (
        (value, source.div_down(value, divisor), source.div_up(value, divisor)),
        (value * factor, source.mul_div_down(value, factor, divisor), source.mul_div_up(value, factor, divisor)),
    ):
        top, bottom = exact.term, divisor.term
        claims += [down.term * bottom <= top, top < (down.term + 1) * bottom]
        claims += [up.term * bottom >= top, top > (up.term - 1) * bottom]
    return z3.Implies(divisor.term > 0, z3.And(*claims))


def profit(text: str) -> Any:
    """Unrealised profit counts for no more than its exact value, and for less than one unit less."""
    unrealised = _functions(text, "unrealised", CASH_SCALE=CASH_SCALE).unrealised
    size, value, cost = (Whole(z3.Int(name)) for name in ("size", "value", "cost"))
    position = SimpleNamespace(size=size, cost=cost, funding_index=0)
    counted = unrealised(position, SimpleNamespace(value=value, funding_index=0)).term * CASH_SCALE
    exact = size.term * value.term - cost.term * CASH_SCALE
    return z3.And(counted <= exact, exact < counted + CASH_SCALE)


def collateral(text: str) -> Any:
    """Collateral counts for no more than its price less the haircut."""
    claims = []
    for decimals in (0, 6, 8, 18):
        scale = 10 ** (decimals + 8)
        count = _functions(
            text, "collateral_value_down", FACTOR_ONE=FACTOR_ONE, collateral_scale=lambda _, scale=scale: scale
        ).collateral_value_down
        amount, price, haircut = (Whole(z3.Int(name)) for name in ("amount", "price", "haircut"))
        counted = count(SimpleNamespace(haircut=haircut, decimals=decimals), amount, price).term * scale
        exact = amount.term * price.term * (FACTOR_ONE - haircut.term)
        claims += [counted <= exact, exact < counted + scale]
    return z3.And(*claims)


EQUITY: Final = ENGINE / "engine" / "equity.py"
TRUST: Final = CONTRACTS / "src" / "clients" / "QbftTrust.sol"
FORMULAS: Final = (
    Formula(
        name="client quorum",
        says="of any n validators, two quorums share an honest one, and the honest alone are one",
        source=TRUST,
        claim=quorum,
        twins=("client-floor-quorum",),
    ),
    Formula(
        name="client trust",
        says="the overlap with the trusted set holds an honest member, at every trust level from 1/3",
        source=TRUST,
        claim=overlap,
        twins=("client-floor-overlap",),
    ),
    Formula(
        name="client recovery",
        says="two recoveries share an honest member of the last trusted set",
        source=TRUST,
        claim=recovery,
        twins=("client-recovery-floor",),
    ),
    Formula(
        name="engine roundings",
        says="down is the largest integer not above, up the smallest not below, for any numbers",
        source=ENGINE / "engine" / "rounding.py",
        claim=rounding,
        twins=("rounding-up-is-down", "rounding-truncates"),
    ),
    Formula(
        name="margin profit",
        says="unrealised profit is never rounded in the account's favour",
        source=EQUITY,
        claim=profit,
        twins=("margin-profit-rounds-up",),
    ),
    Formula(
        name="margin collateral",
        says="collateral is never rounded in the account's favour",
        source=EQUITY,
        claim=collateral,
        twins=("margin-collateral-rounds-up",),
    ),
)
