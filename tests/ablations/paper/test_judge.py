"""Verdicts on differences whose answer is known."""

import math
from statistics import stdev

import pytest

from ablations.paper.judge import (
    ABOUT_EQUAL,
    GREATER,
    INCONCLUSIVE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    Judgement,
    interval,
    judge,
    judge_exact,
)

# Two-sided 95 % and 99 % points, as any printed table of Student's t has them.
T_TABLE = {
    1: (12.706, 63.657),
    2: (4.303, 9.925),
    3: (3.182, 5.841),
    4: (2.776, 4.604),
    5: (2.571, 4.032),
    6: (2.447, 3.707),
    7: (2.365, 3.499),
    8: (2.306, 3.355),
    9: (2.262, 3.250),
    10: (2.228, 3.169),
    15: (2.131, 2.947),
    20: (2.086, 2.845),
    29: (2.045, 2.756),
    30: (2.042, 2.750),
    60: (2.000, 2.660),
    120: (1.980, 2.617),
}


def t_quantile(confidence, freedom):
    """Half the width of an interval of values whose mean has a standard error of 1."""
    count = freedom + 1
    values = [0.0] * (count - 2) + [-1.0, 1.0]
    _, high = interval(values, confidence)
    return high / (stdev(values) / math.sqrt(count))


@pytest.mark.parametrize("freedom", T_TABLE)
def test_quantiles_are_those_of_printed_tables(freedom):
    """To their three decimals."""
    assert tuple(round(t_quantile(confidence, freedom), 3) for confidence in (0.95, 0.99)) == T_TABLE[freedom]


def test_quantiles_have_their_closed_forms_and_limit():
    """Cauchy's for one degree of freedom, 2/sqrt(1 - p^2) for two, the normal distribution's for many."""
    for p in (0.5, 0.9, 0.95):
        assert t_quantile(p, 1) == pytest.approx(math.tan(math.pi * p / 2), rel=1e-12)
        assert t_quantile(p, 2) == pytest.approx(p * math.sqrt(2 / (1 - p**2)), rel=1e-12)
    assert t_quantile(0.95, 10_000) == pytest.approx(1.959964, abs=3e-4)


def test_an_interval_by_hand():
    """Mean 6, standard deviation 1 over three seeds: 6 ± 4.3027 / sqrt(3)."""
    low, high = interval([5.0, 6.0, 7.0])
    assert (low, high) == pytest.approx((6 - 2.48414, 6 + 2.48414), abs=1e-4)


@pytest.mark.parametrize(
    "differences, verdict",
    [
        ((5.0, 6.0, 7.0), REPRODUCED),
        ((-5.0, -6.0, -7.0), NOT_REPRODUCED),
        ((-1.0, 0.0, 4.0), INCONCLUSIVE),
        ((1.0, 2.0, 6.0), INCONCLUSIVE),
        ((11.9, 12.1), REPRODUCED),
        # All positive, but 12.7 standard errors of two seeds reach below zero.
        ((11.0, 13.0), INCONCLUSIVE),
        ((5.5, 5.5), REPRODUCED),
        ((-0.1, -0.1), NOT_REPRODUCED),
        ((0.0, 0.0, 0.0), NOT_REPRODUCED),
        ((), NOT_RUN),
    ],
)
def test_greater_is_judged_by_the_side_of_zero(differences, verdict):
    """Reproduced above zero, not reproduced at or below it, else inconclusive; no spread makes a point."""
    assert judge(GREATER, differences).verdict == verdict


@pytest.mark.parametrize(
    "differences, verdict",
    [
        ((0.1, -0.1, 0.0), REPRODUCED),
        ((0.0, 0.0), REPRODUCED),
        ((1.0, 1.0), REPRODUCED),
        ((5.0, 5.1, 4.9), NOT_REPRODUCED),
        ((-5.0, -5.1, -4.9), NOT_REPRODUCED),
        ((0.5, 1.5, 1.0), INCONCLUSIVE),
        # No difference on average, but far too uncertain to call the two equal.
        ((-3.0, 3.0, 0.0), INCONCLUSIVE),
        ((), NOT_RUN),
    ],
)
def test_about_equal_is_judged_by_the_margin(differences, verdict):
    """Reproduced within the margin, not reproduced wholly outside, on either side; spread does not make equal."""
    assert judge(ABOUT_EQUAL, differences, margin=1.0).verdict == verdict


@pytest.mark.parametrize(
    "relation, difference, word",
    [
        (GREATER, 5.5, "agrees with"),
        (GREATER, -5.5, "contradicts"),
        (GREATER, 0.0, "contradicts"),
        (ABOUT_EQUAL, -0.9, "agrees with"),
        (ABOUT_EQUAL, 1.1, "contradicts"),
    ],
)
def test_one_seed_decides_nothing(relation, difference, word):
    """However large: the difference is shown without an interval, and whether it agrees is said."""
    found = judge(relation, [difference], margin=1.0)
    assert found == Judgement(INCONCLUSIVE, difference, None, None, 1, found.note)
    assert found.note == f"one seed gives no interval; its difference {word} the claim"


def test_a_judgement_says_what_it_rests_on():
    """Mean, interval, number of seeds."""
    found = judge(GREATER, [5.0, 6.0, 7.0])
    assert (found.mean, found.count, found.note) == (6.0, 3, "")
    assert (found.low, found.high) == interval([5.0, 6.0, 7.0])
    assert judge(GREATER, []) == Judgement(NOT_RUN)


def test_verdicts_turn_where_the_interval_crosses_the_limit():
    """One sample, shifted to either side of 0, and judged with margins on either side of its half-width."""
    sample = [-1.0, 0.0, 1.0, 0.0]
    half = interval(sample)[1]
    assert judge(GREATER, [v + 1.01 * half for v in sample]).verdict == REPRODUCED
    assert judge(GREATER, [v + 0.99 * half for v in sample]).verdict == INCONCLUSIVE
    assert judge(GREATER, [v - 0.99 * half for v in sample]).verdict == INCONCLUSIVE
    assert judge(GREATER, [v - 1.01 * half for v in sample]).verdict == NOT_REPRODUCED
    for margin, verdict in ((1.01 * half, REPRODUCED), (0.99 * half, INCONCLUSIVE)):
        assert judge(ABOUT_EQUAL, sample, margin).verdict == verdict
    for shift, verdict in ((half + 1.01, NOT_REPRODUCED), (half + 0.99, INCONCLUSIVE)):
        assert judge(ABOUT_EQUAL, [v + shift for v in sample], margin=1.0).verdict == verdict


def test_what_cannot_be_judged_is_refused():
    """A difference that is no number, or a relation that does not exist."""
    with pytest.raises(ValueError, match=r"differences \[1.0, nan\]: must be finite"):
        judge(GREATER, [1.0, math.nan])
    with pytest.raises(ValueError, match="unknown relation 'less': choose from greater, about_equal"):
        judge("less", [1.0, 2.0])


@pytest.mark.parametrize("difference, verdict", [(0.1, REPRODUCED), (-0.1, NOT_REPRODUCED)])
def test_one_seed_decides_what_has_no_noise(difference, verdict):
    """As many parameters as there are, whatever the seed."""
    assert judge_exact(GREATER, [difference]) == Judgement(verdict, *[difference] * 3, 1)
    assert judge_exact(GREATER, []).verdict == NOT_RUN
