"""Verdicts on estimates whose answer is known."""

import math

import numpy as np
import pytest

from ablations.statistics.estimate import Estimate, Uncertainty
from ablations.statistics.judge import (
    ABOUT_EQUAL,
    GREATER,
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Judgement,
    holds,
    judge,
    more_seeds,
)

# Half a 95 % interval of 1 and of 0.75.
UNIT = Uncertainty(1 / 1.959964**2, math.inf)
SMALL = Uncertainty(0.75**2 / 1.959964**2, math.inf)


def estimate(mean, over_seeds=UNIT, over_images=None, count=2):
    """A mean whose interval is ± 1."""
    return Estimate(mean, count, over_seeds, over_images)


@pytest.mark.parametrize(
    "mean, verdict",
    [(1.01, REPRODUCED), (0.99, INCONCLUSIVE), (0.0, INCONCLUSIVE), (-0.99, INCONCLUSIVE), (-1.01, NOT_REPRODUCED)],
)
def test_greater_is_judged_by_the_side_of_zero(mean, verdict):
    """Reproduced above zero, not reproduced at or below it, else inconclusive."""
    assert judge(GREATER, estimate(mean)).verdict == verdict


@pytest.mark.parametrize(
    "mean, margin, verdict",
    [
        (0.0, 1.01, REPRODUCED),
        (0.5, 1.51, REPRODUCED),
        (-0.5, 1.49, INCONCLUSIVE),
        (0.0, 0.99, INCONCLUSIVE),
        (2.99, 2.0, INCONCLUSIVE),
        (3.01, 2.0, NOT_REPRODUCED),
        (-3.01, 2.0, NOT_REPRODUCED),
    ],
)
def test_about_equal_is_judged_by_the_margin(mean, margin, verdict):
    """Reproduced within the margin, not reproduced wholly outside, on either side; doubt does not make equal."""
    assert judge(ABOUT_EQUAL, estimate(mean), margin).verdict == verdict


def test_both_sources_count():
    """± 1 over seeds and ± 0.75 over images are ± 1.25 together."""
    assert judge(GREATER, estimate(1.24, UNIT, SMALL)).verdict == INCONCLUSIVE
    assert judge(GREATER, estimate(1.26, UNIT, SMALL)).verdict == REPRODUCED
    assert judge(GREATER, estimate(-1.26, UNIT, SMALL)).verdict == NOT_REPRODUCED


@pytest.mark.parametrize("mean, verdict", [(0.8, REPRODUCED), (0.7, INCONCLUSIVE)])
def test_images_alone_give_a_first_verdict(mean, verdict):
    """One seed of every row: what it leaves out is said."""
    found = judge(GREATER, estimate(mean, None, SMALL, count=1))
    assert found.verdict == verdict
    assert found.note == "no row has two seeds: only other images are accounted for"


@pytest.mark.parametrize(
    "relation, mean, word",
    [
        (GREATER, 5.5, "agrees with"),
        (GREATER, -5.5, "contradicts"),
        (GREATER, 0.0, "contradicts"),
        (ABOUT_EQUAL, -0.9, "agrees with"),
        (ABOUT_EQUAL, 1.1, "contradicts"),
    ],
)
def test_a_mean_without_an_interval_decides_nothing(relation, mean, word):
    """However large; whether it agrees is said."""
    found = judge(relation, estimate(mean, None, count=1), margin=1.0)
    assert (found.verdict, found.p) == (INCONCLUSIVE, None)
    assert found.note == f"no row has two seeds, so there is no interval; the difference {word} the claim"


def test_an_exact_value_needs_no_room():
    """A number of parameters: any difference is one, and none is none."""
    exact = Uncertainty(0.0, math.inf)
    assert judge(GREATER, estimate(1e-9, exact)) == Judgement(REPRODUCED, estimate(1e-9, exact))
    assert judge(GREATER, estimate(0.0, exact)).verdict == NOT_REPRODUCED
    assert judge(ABOUT_EQUAL, estimate(1.0, exact), 1.0).verdict == REPRODUCED


@pytest.mark.parametrize("relation, margin", [(GREATER, 0.0), (ABOUT_EQUAL, 1.5)])
def test_a_p_value_is_that_of_the_verdict(relation, margin):
    """At most 5 % where a verdict is given, more where none is; 5 % at the edge."""
    source = Uncertainty(0.2, 7.5)
    for mean in np.linspace(-4, 4, 161):
        found = judge(relation, Estimate(float(mean), 2, source), margin)
        assert (found.p <= 0.05) == (found.verdict != INCONCLUSIVE)
    assert judge(GREATER, Estimate(source.half_width(), 2, source)).p == pytest.approx(0.05)


def test_more_seeds_by_hand():
    """± 1 with two seeds is ± 0.5 with eight; with ± 0.75 of images a mean of 0.9 leaves ± 0.4975, of 9 seeds."""
    assert more_seeds(GREATER, estimate(0.5)) == 6
    assert more_seeds(GREATER, estimate(-0.5)) == 6
    assert more_seeds(GREATER, estimate(0.9, UNIT, SMALL)) == math.ceil(2 / (0.9**2 - 0.75**2)) - 2
    assert more_seeds(ABOUT_EQUAL, estimate(0.5), 1.0) == more_seeds(ABOUT_EQUAL, estimate(1.5), 1.0) == 6
    assert more_seeds(GREATER, estimate(0.99, Uncertainty(UNIT.variance, 2.0))) == 1


def test_what_more_seeds_cannot_decide():
    """Where images alone are wider than the distance to a verdict."""
    assert more_seeds(GREATER, estimate(0.7, UNIT, SMALL)) is None
    assert more_seeds(GREATER, estimate(0.0)) is None
    found = judge(GREATER, estimate(0.7, UNIT, SMALL))
    assert found.note == "more seeds cannot decide it, on so few images"
    assert judge(GREATER, estimate(0.0)).note == "more seeds cannot decide it"


def test_an_inconclusive_claim_says_what_it_needs():
    """Others need nothing."""
    assert judge(GREATER, estimate(0.5)).note == "about 6 more seeds would decide it"
    assert judge(GREATER, estimate(0.9)).note == "about 1 more seed would decide it"
    assert judge(GREATER, estimate(2.0)).note == judge(GREATER, estimate(-2.0)).note == ""


def test_the_seeds_that_it_needs_are_enough():
    """With so many the verdict is there, with one fewer it is not."""
    for mean in (0.31, 0.5, 0.77):
        needed = 2 + more_seeds(GREATER, estimate(mean))
        for count, verdict in ((needed, REPRODUCED), (needed - 1, INCONCLUSIVE)):
            source = Uncertainty(UNIT.variance * 2 / count, math.inf)
            assert judge(GREATER, estimate(mean, source, count=count)).verdict == verdict


def test_what_cannot_be_judged_is_refused():
    """A mean that is no number, or a relation that does not exist."""
    with pytest.raises(ValueError, match="mean nan: must be finite"):
        judge(GREATER, estimate(math.nan))
    with pytest.raises(ValueError, match="unknown relation 'less': choose from greater, about_equal"):
        judge("less", estimate(1.0))
    assert holds(ABOUT_EQUAL, -1.0, 1.0, 1.0)
