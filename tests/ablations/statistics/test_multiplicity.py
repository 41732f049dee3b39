"""Adjusted p-values against worked examples, SciPy and simulation."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from ablations.statistics.multiplicity import benjamini_hochberg, expected_false, holm


def test_holm_by_hand():
    """0.01·4, 0.02·3, 0.03·2 and 0.04·1 are 0.04, 0.06, 0.06, 0.04: none may be below the one before, nor above 1."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.005, 0.7, 0.6]) == pytest.approx([0.015, 1.0, 1.0])


def test_benjamini_hochberg_is_scipys():
    """Of p-values in any order, with ties."""
    rng = np.random.default_rng(0)
    for count in (1, 2, 17):
        p = np.round(rng.uniform(size=count) ** 3, 2)
        assert benjamini_hochberg(list(p)) == pytest.approx(list(false_discovery_control(p)))


def test_none_and_one_are_as_they_are():
    """Nothing to correct for."""
    for adjust in (holm, benjamini_hochberg):
        assert adjust([]) == []
        assert adjust([0.04]) == [0.04]


def test_holm_is_never_below_benjamini_hochberg_and_both_never_below_p():
    """Whatever the p-values."""
    p = list(np.random.default_rng(1).uniform(size=50) ** 4)
    assert all(a >= b >= c for a, b, c in zip(holm(p), benjamini_hochberg(p), p, strict=True))


def test_holm_holds_its_level():
    """Of 2000 families of 20 p-values of claims on the edge about 5 % or fewer have any below the level."""
    rng = np.random.default_rng(2)
    families = [min(holm(list(rng.uniform(size=20)))) <= 0.05 for _ in range(2000)]
    assert 0.035 < np.mean(families) < 0.065


def test_false_verdicts_are_counted_by_one_side_of_the_interval():
    """2.5 % of 40 claims are 1."""
    assert expected_false(40) == pytest.approx(1.0)
