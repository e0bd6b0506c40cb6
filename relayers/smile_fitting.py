"""Fits an SVI smile to what options cost: what an oracle does before it signs.

Raw SVI (Gatheral): w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), linear in a, b rho and b once m and sigma
are chosen (Zeliade, quasi-explicit calibration): a grid of the two, least squares for the three, then finer grids.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from exchange.engine.pricing import E18, Smile, flaw_of

ROUNDS = 4
STEPS = 7
DIGITS = 10**9
"""Parameters are whole numbers of 1e-9, so that oracles with the same points get the same smile."""
LEAST_POINTS = 5


class NoSmileFits(ValueError):  # noqa: N818 - named after what it says
    """The points are too few, or every smile near them would give money away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmilePoint:
    """Log-moneyness ln(strike / forward), and volatility squared times years."""

    moneyness: float
    variance: float


def fit_smile(points: Sequence[SmilePoint]) -> Smile:
    """The smile without a flaw that is nearest to the points in squares. Raises NoSmileFits."""
    if len({point.moneyness for point in points}) < LEAST_POINTS or any(point.variance <= 0 for point in points):
        raise NoSmileFits(f"{len(points)} points")
    lowest, highest = (edge(point.moneyness for point in points) for edge in (min, max))
    spread = highest - lowest
    centre, reach = (lowest + highest) / 2, spread / 2
    scale, factor = spread / 2, 8.0
    best: tuple[float, Smile, float, float] | None = None
    for _ in range(ROUNDS):
        shifts = [centre + reach * (2 * at / (STEPS - 1) - 1) for at in range(STEPS)]
        widths = [scale * factor ** (2 * at / (STEPS - 1) - 1) for at in range(STEPS)]
        for error, smile, m, sigma in _candidates(points, shifts, widths):
            if (best is None or error < best[0]) and flaw_of(smile) is None:
                best = error, smile, m, sigma
        if best is None:
            raise NoSmileFits("every smile near the points gives money away")
        _, _, centre, scale = best
        reach, factor = reach * 2 / (STEPS - 1), factor ** (2 / (STEPS - 1))
    if best is None:
        raise NoSmileFits("no round was made")
    return best[1]


def _candidates(
    points: Sequence[SmilePoint], shifts: Sequence[float], widths: Sequence[float]
) -> Iterator[tuple[float, Smile, float, float]]:
    for m, sigma in product(shifts, widths):
        rows = [(1.0, point.moneyness - m, math.hypot(point.moneyness - m, sigma)) for point in points]
        solved = _least_squares(rows, [point.variance for point in points])
        if solved is None:
            continue
        a, tilt, b = solved
        if b <= 0 or abs(tilt) >= b:
            continue
        error = sum(
            (sum(x * y for x, y in zip(row, solved, strict=True)) - point.variance) ** 2
            for row, point in zip(rows, points, strict=True)
        )
        yield error, Smile(*(round(value * DIGITS) * (E18 // DIGITS) for value in (a, b, tilt / b, m, sigma))), m, sigma


def _least_squares(
    rows: Sequence[tuple[float, float, float]], values: Sequence[float]
) -> tuple[float, float, float] | None:
    """Solution of the normal equations by Cramer's rule, None where they have none."""
    matrix = [[sum(row[i] * row[j] for row in rows) for j in range(3)] for i in range(3)]
    right = [sum(row[i] * value for row, value in zip(rows, values, strict=True)) for i in range(3)]
    whole = _determinant(matrix)
    if abs(whole) < 1e-18:
        return None
    columns = ([[right[i] if j == at else matrix[i][j] for j in range(3)] for i in range(3)] for at in range(3))
    first, second, third = (_determinant(one) / whole for one in columns)
    return first, second, third


def _determinant(m: Sequence[Sequence[float]]) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )
