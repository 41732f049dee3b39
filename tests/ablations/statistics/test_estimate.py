"""Intervals against printed tables, and sums of uncertainties."""

import math

import numpy as np
import pytest

from ablations.statistics.estimate import Estimate, Uncertainty, combine

# Two-sided 95 % and 99 % points, as any printed table of Student's t has them.
T_TABLE = {
    1: (12.706, 63.657),
    2: (4.303, 9.925),
    3: (3.182, 5.841),
    4: (2.776, 4.604),
    5: (2.571, 4.032),
    10: (2.228, 3.169),
    20: (2.086, 2.845),
    30: (2.042, 2.750),
    60: (2.000, 2.660),
    120: (1.980, 2.617),
    math.inf: (1.960, 2.576),
}


@pytest.mark.parametrize("freedom", T_TABLE)
def test_quantiles_are_those_of_printed_tables(freedom):
    """To their three decimals."""
    widths = tuple(round(Uncertainty(1.0, freedom).half_width(confidence), 3) for confidence in (0.95, 0.99))
    assert widths == T_TABLE[freedom]


def test_quantiles_have_their_closed_forms():
    """Cauchy's for one degree of freedom, 2/sqrt(1 - p^2) for two."""
    for p in (0.5, 0.9, 0.95):
        assert Uncertainty(1.0, 1).half_width(p) == pytest.approx(math.tan(math.pi * p / 2), rel=1e-12)
        assert Uncertainty(1.0, 2).half_width(p) == pytest.approx(p * math.sqrt(2 / (1 - p**2)), rel=1e-12)


@pytest.mark.parametrize("freedom", [0.7, 1, 11.5, math.inf])
def test_the_tail_at_the_half_width_is_what_the_interval_leaves(freedom):
    """2.5 % above a 95 % interval; half above the mean; both tails together are all."""
    source = Uncertainty(4.0, freedom)
    assert source.tail(source.half_width()) == pytest.approx(0.025)
    assert source.tail(0.0) == pytest.approx(0.5)
    assert source.tail(1.3) + source.tail(-1.3) == pytest.approx(1.0)


def test_without_variance_an_interval_is_a_point():
    """Of what is known exactly."""
    assert Uncertainty(0.0, math.inf).half_width() == 0


def test_a_sum_by_hand():
    """Welch's example: variances 4/10 and 9/5 of 9 and 4 degrees of freedom are 2.2, of 4.84/(0.16/9 + 3.24/4)."""
    found = combine([Uncertainty(0.4, 9), Uncertainty(1.8, 4)])
    assert found.variance == pytest.approx(2.2)
    assert found.freedom == pytest.approx(4.84 / (0.16 / 9 + 3.24 / 4))


def test_limits_of_a_sum():
    """One part is itself; what has no variance adds nothing; equal parts add their degrees of freedom up."""
    part = Uncertainty(2.0, 7.0)
    assert combine([part]) == combine([part, Uncertainty(0.0, 1.0)]) == Uncertainty(2.0, pytest.approx(7.0))
    assert combine([part] * 3) == Uncertainty(6.0, pytest.approx(21.0))
    assert combine([Uncertainty(1.0, math.inf)] * 2) == Uncertainty(2.0, math.inf)
    assert combine([]) == Uncertainty(0.0, math.inf)


def test_degrees_of_freedom_are_those_of_a_simulated_sum():
    """2 mean² / variance of the estimated variance, over 200,000 draws of its parts."""
    rng = np.random.default_rng(0)
    parts = [Uncertainty(1.0, 5), Uncertainty(3.0, 12)]
    sums = sum(part.variance * rng.chisquare(part.freedom, 200_000) / part.freedom for part in parts)
    assert 2 * sums.mean() ** 2 / sums.var() == pytest.approx(combine(parts).freedom, rel=0.02)


def test_both_sources_are_added():
    """Either alone where the other is unknown; an interval is about the mean."""
    seeds, images = Uncertainty(1.0, 3), Uncertainty(2.0, 400)
    assert Estimate(5.0, 2, seeds, images).over_both == combine([seeds, images])
    assert Estimate(5.0, 2, seeds).over_both == Uncertainty(1.0, pytest.approx(3))
    assert Estimate(5.0, 1, None, images).over_both == Uncertainty(2.0, pytest.approx(400))
    assert Estimate(5.0, 1).over_both is None
    assert Estimate(5.0, 2, seeds).interval(seeds) == (5 - seeds.half_width(), 5 + seeds.half_width())
