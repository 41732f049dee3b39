"""Whether a claim holds: a verdict from the paired differences of its seeds. Pure; knows no rows and no files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

GREATER, ABOUT_EQUAL = "greater", "about_equal"
RELATIONS = (GREATER, ABOUT_EQUAL)

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
# Of a comparison with numbers that are another work's, and of one whose rows have no result.
CITED, NOT_RUN = "cited", "not run"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, CITED, NOT_RUN)

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    `mean` of `count` differences, and the interval [low, high] of that mean at `CONFIDENCE`, in the unit of the metric.
    One difference has no interval, none has no mean either. `note`: what a reader should know beside the verdict.
    """

    verdict: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    count: int = 0
    note: str = ""


def judge(relation: str, differences: Sequence[float], margin: float = 0.0) -> Judgement:
    """Judge a claim.

    `greater` is reproduced where the interval of the mean difference lies above 0, and not reproduced where no part of
    it does. `about_equal` is reproduced where the interval lies within the margin (as two one-sided tests do, here at
    2.5 % each), and not reproduced where it lies wholly outside. All else is inconclusive, as is a single seed.

    Args:
        relation: One of `RELATIONS`.
        differences: One per seed.
        margin: Largest difference that still counts as about equal, for that relation alone.

    Raises:
        ValueError: unknown relation, or a difference that is not finite.
    """
    if not differences:
        return Judgement(NOT_RUN)
    if not all(map(math.isfinite, differences)):
        raise ValueError(f"differences {list(differences)}: must be finite; leave out the seeds that have none")
    mean = fmean(differences)
    agrees = holds(relation, mean, mean, margin)
    if len(differences) == 1:
        note = f"one seed gives no interval; its difference {'agrees with' if agrees else 'contradicts'} the claim"
        return Judgement(INCONCLUSIVE, mean, count=1, note=note)
    low, high = interval(differences)
    fails = high <= 0 if relation == GREATER else low > margin or high < -margin
    verdict = REPRODUCED if holds(relation, low, high, margin) else NOT_REPRODUCED if fails else INCONCLUSIVE
    return Judgement(verdict, mean, low, high, len(differences))


def judge_exact(relation: str, differences: Sequence[float], margin: float = 0.0) -> Judgement:
    """As `judge`, of what has no noise, such as numbers of parameters: their mean decides, of one seed too."""
    if not differences:
        return Judgement(NOT_RUN)
    mean = fmean(differences)
    verdict = REPRODUCED if holds(relation, mean, mean, margin) else NOT_REPRODUCED
    return Judgement(verdict, mean, mean, mean, len(differences))


def holds(relation: str, low: float, high: float, margin: float = 0.0) -> bool:
    """Whether every value of [low, high] fulfils the relation; ValueError for an unknown one."""
    if relation == GREATER:
        return low > 0
    if relation == ABOUT_EQUAL:
        return -margin <= low and high <= margin
    raise ValueError(f"unknown relation {relation!r}: choose from {', '.join(RELATIONS)}")


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Student's confidence interval of the mean of at least two values; without spread it is a point."""
    from scipy.special import stdtrit  # imported here: a single seed has no interval

    # Student's distribution has the probability `confidence` within [-t, t].
    t = float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    half = t * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half
