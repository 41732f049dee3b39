"""Whether a claim holds: a verdict from an estimate and its uncertainty. Pure; knows no rows and no files."""

import math
from dataclasses import dataclass

from ablations.statistics.estimate import Estimate, Uncertainty

GREATER, ABOUT_EQUAL = "greater", "about_equal"
RELATIONS = (GREATER, ABOUT_EQUAL)

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
# Of a comparison with numbers that are another work's, and of one whose rows have no result.
CITED, NOT_RUN = "cited", "not run"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, CITED, NOT_RUN)
# Seeds beyond what anybody trains.
_MANY = 99


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    `estimate` is None where nothing was measured. `p`: the probability, were the claim on the edge between true and
    false, of evidence this strong for either verdict; None where no verdict could be given, and where nothing is left
    to chance. `note`: what a reader should know beside the verdict.
    """

    verdict: str
    estimate: Estimate | None = None
    p: float | None = None
    note: str = ""


def judge(relation: str, estimate: Estimate, margin: float = 0.0) -> Judgement:
    """Judge a claim by the interval over both seeds and images.

    `greater` is reproduced where the interval of the mean lies above 0, and not reproduced where no part of it does.
    `about_equal` is reproduced where the interval lies within the margin (as two one-sided tests do, here at 2.5 %
    each), and not reproduced where it lies wholly outside. All else is inconclusive, as is a mean without an interval.

    Args:
        relation: One of `RELATIONS`.
        estimate: What is to be greater than 0, or about equal to 0.
        margin: Largest difference that still counts as about equal, for that relation alone.

    Raises:
        ValueError: unknown relation, or a mean that is not finite.
    """
    if not math.isfinite(estimate.mean):
        raise ValueError(f"mean {estimate.mean}: must be finite; leave out the seeds that have no value")
    agrees = holds(relation, estimate.mean, estimate.mean, margin)
    uncertainty = estimate.over_both
    if uncertainty is None:
        word = "agrees with" if agrees else "contradicts"
        note = f"no row has two seeds, so there is no interval; the difference {word} the claim"
        return Judgement(INCONCLUSIVE, estimate, note=note)
    low, high = estimate.interval(uncertainty)
    fails = high <= 0 if relation == GREATER else low > margin or high < -margin
    verdict = REPRODUCED if holds(relation, low, high, margin) else NOT_REPRODUCED if fails else INCONCLUSIVE
    p = _p_value(relation, estimate.mean, uncertainty, margin)
    note = "" if estimate.over_seeds else "no row has two seeds: only other images are accounted for"
    return Judgement(verdict, estimate, p, note or _prospect(verdict, relation, estimate, margin))


def holds(relation: str, low: float, high: float, margin: float = 0.0) -> bool:
    """Whether every value of [low, high] fulfils the relation; ValueError for an unknown one."""
    if relation == GREATER:
        return low > 0
    if relation == ABOUT_EQUAL:
        return -margin <= low and high <= margin
    raise ValueError(f"unknown relation {relation!r}: choose from {', '.join(RELATIONS)}")


def _p_value(relation: str, mean: float, uncertainty: Uncertainty, margin: float) -> float | None:
    """Of the better supported verdict, twice the one-sided: at most 1 - `CONFIDENCE` where the verdict is given."""
    if uncertainty.variance == 0:
        return None
    if relation == GREATER:
        sides = uncertainty.tail(mean), uncertainty.tail(-mean)
    else:
        sides = uncertainty.tail(margin - abs(mean)), uncertainty.tail(abs(mean) - margin)
    return min(1.0, 2 * min(sides))


def _prospect(verdict: str, relation: str, estimate: Estimate, margin: float) -> str:
    """What would decide an inconclusive claim, "" for others."""
    if verdict != INCONCLUSIVE:
        return ""
    more = more_seeds(relation, estimate, margin)
    if more is None:
        return "more seeds cannot decide it" + (", on so few images" if estimate.over_images else "")
    number = f"about {more}" if more <= _MANY else f"over {_MANY}"
    return f"{number} more seed{'s' * (more > 1)} would decide it"


def more_seeds(relation: str, estimate: Estimate, margin: float = 0.0) -> int | None:
    """Seeds of each row to add so that an inconclusive claim is decided if the mean stays where it is.

    By the normal approximation, noise as it is known now. None: even without noise the images leave it open.
    """
    distance = abs(estimate.mean) if relation == GREATER else abs(margin - abs(estimate.mean))
    normal = Uncertainty(1.0, math.inf).half_width()
    room = (distance / normal) ** 2 - (estimate.over_images.variance if estimate.over_images else 0.0)
    if room <= 0:
        return None
    needed = math.ceil(estimate.over_seeds.variance * estimate.count / room)
    return max(needed - estimate.count, 1)
