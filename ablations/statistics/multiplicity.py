"""Many verdicts at once: how many of them chance alone may make, and which stand when it is held off all of them."""

from collections.abc import Sequence
from itertools import accumulate

from ablations.statistics.estimate import CONFIDENCE


def expected_false(count: int) -> float:
    """How many of so many verdicts are false on average, at most.

    That is where every claim is on the edge between true and false: then one side of an interval misses.
    """
    return count * (1 - CONFIDENCE) / 2


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the same order: those of at most a level make, with at least 1 - level, no false verdict.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6(2), 1979.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    raised = (p_values[index] * (len(order) - rank) for rank, index in enumerate(order))
    return _back(order, [min(p, 1.0) for p in accumulate(raised, max)])


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the same order: of the verdicts of at most a level, that share is false on average, at most.

    Source: Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, J. Royal Statistical Society B 57(1), 1995.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    raised = (p_values[index] * len(order) / (len(order) - rank) for rank, index in enumerate(order))
    return _back(order, [min(p, 1.0) for p in accumulate(raised, min)])


def _back(order: Sequence[int], adjusted: Sequence[float]) -> list[float]:
    """Values of a sorted order where they came from."""
    return [value for _, value in sorted(zip(order, adjusted, strict=True))]
