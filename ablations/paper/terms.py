"""What claims compare: weighted sums of measured values, and the units of their differences."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from ablations.paper.tables import RowKey

# Units of ratios.
TIMES, PERCENT = "times", "%"
# A measured value: a row, and "task/metric".
Term = tuple[RowKey, str]


@dataclass(frozen=True)
class Side:
    """One side of a comparison: rows and metrics, each with its weight."""

    rows: Mapping[RowKey, float]
    metrics: Mapping[str, float]

    @property
    def terms(self) -> dict[Term, float]:
        """Each metric of each row with the product of the weights."""
        pairs = product(self.rows.items(), self.metrics.items())
        return {(row, metric): of_row * of_metric for (row, of_row), (metric, of_metric) in pairs}


def is_ratio(unit: str) -> bool:
    """Whether differences in this unit are of logarithms."""
    return unit in (TIMES, PERCENT)


def from_unit(number: float, unit: str) -> float:
    """A difference in its unit, as `claims.yaml` has it, as `Claim` has it: 2 times and 100 % are both log 2."""
    return math.log(number) if unit == TIMES else math.log1p(number / 100) if unit == PERCENT else float(number)


def to_unit(difference: float, unit: str) -> float:
    """The inverse of `from_unit`."""
    return math.exp(difference) if unit == TIMES else 100 * math.expm1(difference) if unit == PERCENT else difference


def weights(text: str) -> dict[str, float]:
    """Weight of each name: "a, b - c" is the mean of a and b, minus c; ValueError for more than one difference."""
    sides = [side.split(", ") for side in text.split(" - ")]
    if len(sides) > 2:
        raise ValueError(f"{text!r} has more than one ' - '")
    found: dict[str, float] = {}
    for sign, side in zip((1, -1), sides, strict=False):
        for name in side:
            found[name] = found.get(name, 0.0) + sign / len(side)
    return found
