"""Where a measured value has no room left to show what a claim says."""

from collections.abc import Iterable
from dataclasses import replace

from ablations.statistics.judge import GREATER, INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Judgement

# AP in percent. Closer to 0 and to 100 a change, however strong, has hardly anything left to take or to give.
LOWEST, HIGHEST = 5.0, 95.0


def respect_headroom(judgement: Judgement, relation: str, terms: Iterable[tuple[str, float, float]]) -> Judgement:
    """The judgement, inconclusive where it is owed to a value at the end of its range.

    A sum of differences is not above 0 for want of room where what it takes off cannot fall, or what it adds cannot
    rise: "RoIPool loses more AP75 than AP50" cannot be shown with an AP75 of 3. Values at one end are equal for that
    alone. Nor does an order of rows that find next to nothing, all of them below `LOWEST`, say anything, and no seeds
    more would decide it.

    Args:
        judgement: By the intervals.
        relation: The claim's.
        terms: Name, weight and value of each AP in the sum.
    """
    terms = list(terms)
    if judgement.verdict in (REPRODUCED, INCONCLUSIVE) and all(value < LOWEST for _, _, value in terms):
        return _inconclusive(judgement, max(terms, key=lambda term: term[2]))
    if judgement.verdict != (NOT_REPRODUCED if relation == GREATER else REPRODUCED):
        return judgement
    for name, weight, value in terms:
        falls, rises = weight < 0 or relation != GREATER, weight > 0 or relation != GREATER
        if (value < LOWEST and falls) or (value > HIGHEST and rises):
            return _inconclusive(judgement, (name, weight, value))
    return judgement


def _inconclusive(judgement: Judgement, term: tuple[str, float, float]) -> Judgement:
    note = f"no headroom: {term[0]} is {term[2]:.1f}"
    return replace(judgement, verdict=INCONCLUSIVE, p=None, note=note)
