"""Uncertainty over images against the formula of a mean, and simulation."""

import numpy as np
import pytest

from ablations.statistics.images import uncertainty_over_images


def replicates_of_mean(values, replicates, rng):
    """Means of samples with replacement, by multiplicities."""
    weights = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), size=replicates)
    return weights @ values / len(values)


def test_of_a_mean_it_is_the_textbooks():
    """Sample variance over the number of images."""
    rng = np.random.default_rng(0)
    values = rng.normal(30, 10, 12)
    found = uncertainty_over_images(replicates_of_mean(values, 40_000, rng), 12)
    assert found.variance == pytest.approx(values.var(ddof=1) / 12, rel=0.02)
    assert found.freedom == pytest.approx(11, abs=0.01)


def test_degrees_of_freedom_are_those_of_images_and_of_replicates():
    """Either alone where the other is without number."""
    assert uncertainty_over_images(np.arange(301.0), 10**9).freedom == pytest.approx(300, rel=1e-5)
    assert uncertainty_over_images(np.arange(301.0), 301).freedom == pytest.approx(150)


def test_replicates_without_a_value_are_left_out():
    """Those that drew no ground truth."""
    found = uncertainty_over_images(np.array([1.0, np.nan, 3.0, 5.0]), 100)
    assert found == uncertainty_over_images(np.array([1.0, 3.0, 5.0]), 100)
    assert found.variance == pytest.approx(4.0 * 100 / 99)


@pytest.mark.parametrize("images", [8, 60])
def test_intervals_cover_the_truth(images):
    """About 95 of 100, of the mean of few images as of many."""
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(600):
        values = rng.normal(size=images)
        source = uncertainty_over_images(replicates_of_mean(values, 300, rng), images)
        inside.append(abs(values.mean()) <= source.half_width())
    assert 0.93 <= np.mean(inside) <= 0.97


@pytest.mark.parametrize("values, images", [([1.0, 2.0], 1), ([1.0, np.nan], 50), ([], 50)])
def test_too_little_has_no_interval(values, images):
    """One image, or one replicate, has no spread."""
    assert uncertainty_over_images(np.array(values), images) is None
