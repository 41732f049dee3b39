"""Noise pooled over rows against hand-worked numbers, classical tests, and simulation."""

import math

import numpy as np
import pytest
from scipy.special import polygamma

from ablations.statistics.estimate import Uncertainty
from ablations.statistics.pooled_noise import PooledNoise, fit_prior, inverse_trigamma, pool_noise


def simulated(rng, rows, seeds, deviations=1.0, seed_effect=0.0):
    """Values of some rows by seed; each row has a mean of its own, each seed an effect on all rows."""
    noise = rng.normal(size=(rows, seeds)) * np.broadcast_to(deviations, rows)[:, None]
    values = rng.normal(0, 20, (rows, 1)) + seed_effect * rng.normal(size=(1, seeds)) + noise
    return {row: dict(enumerate(map(float, values[row]))) for row in range(rows)}


def about(variance, freedom):
    """An uncertainty that equals all those close to it."""
    return Uncertainty(pytest.approx(variance), pytest.approx(freedom))


def test_own_variances_are_sample_variances():
    """Of seeds that are not paired: (1² + 1²) / 2 of 1, 2, 3, and 2 of 4, 6; one seed has none."""
    noise = pool_noise({"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {0: 4.0, 5: 6.0}, "c": {0: 9.0}}, paired=False)
    assert noise.own == {"a": about(1.0, 2.0), "b": about(2.0, 1.0)}
    assert noise.freedom == pytest.approx(3.0)


def test_paired_seeds_take_off_what_they_do_to_all_rows():
    """Differences 1 and 3 between two seeds, 2 of which is the seeds': residuals ±0.5, four of them, one freedom."""
    noise = pool_noise({"a": {0: 10.0, 1: 11.0}, "b": {0: 20.0, 1: 23.0}}, paired=True)
    assert noise.own == {"a": about(1.0, 0.5), "b": about(1.0, 0.5)}
    assert noise.of_row("c") == about(1.0, math.inf)


def test_residuals_are_those_of_a_slow_fit():
    """Rows that lack seeds too: alternating means until they stand, in place of a projection."""
    values = simulated(np.random.default_rng(2), 5, 4, seed_effect=3.0)
    del values[0][1], values[3][0], values[3][2]
    residuals = {(row, seed): value for row, by_seed in values.items() for seed, value in by_seed.items()}
    for _ in range(2000):
        for axis in (0, 1):
            for level in {key[axis] for key in residuals}:
                mine = [key for key in residuals if key[axis] == level]
                mean = np.mean([residuals[key] for key in mine])
                residuals |= {key: residuals[key] - mean for key in mine}
    noise = pool_noise(values, paired=True)
    for row, own in noise.own.items():
        squares = sum(value**2 for key, value in residuals.items() if key[0] == row)
        assert own.variance * own.freedom == pytest.approx(squares)
    # 17 values less 5 rows, less 4 seeds, of which one is in the rows already.
    assert noise.freedom == pytest.approx(17 - 5 - 3)


def test_two_rows_make_a_paired_t_test():
    """Its interval exactly: mean difference ± t with n - 1 degrees of freedom times their deviation / sqrt(n)."""
    values = {"a": {0: 30.1, 1: 31.0, 2: 29.2, 3: 30.3}, "b": {0: 24.0, 1: 24.2, 2: 23.5, 3: 22.9}}
    found = pool_noise(values, paired=True).of_sum({"a": 1.0, "b": -1.0}, 4)
    differences = [values["a"][seed] - values["b"][seed] for seed in range(4)]
    assert found == about(np.var(differences, ddof=1) / 4, 3.0)


def test_one_row_has_students_interval():
    """Nothing to pool with: its own variance and degrees of freedom; of another row nothing is known."""
    noise = pool_noise({"a": {0: 5.0, 1: 6.0, 2: 7.0}, "b": {0: 1.0}}, paired=False)
    assert noise.prior is None
    assert noise.of_sum({"a": 1.0}, 3) == about(1 / 3, 2.0)
    assert noise.of_row("b") is None
    assert noise.of_sum({"a": 1.0, "b": -1.0}, 1) is None
    assert pool_noise({"a": {0: 5.0, 1: 6.0}}, paired=True).of_row("a") is None


def test_no_row_with_two_seeds_has_no_noise():
    """Nor has no row at all."""
    for values in ({}, {"a": {0: 1.0}, "b": {0: 2.0}}):
        assert pool_noise(values, paired=True) == PooledNoise({}, None, 0.0)


def test_rows_that_vary_alike_have_one_variance():
    """Infinite degrees of freedom of the prior, but no more of a sum than all rows have together."""
    noise = pool_noise({row: {0: 0.0, 1: 1.0, 2: 2.0} for row in range(6)}, paired=False)
    assert noise.prior == about(1.0, math.inf)
    assert noise.of_row("of one seed") == noise.prior
    assert noise.of_sum({0: 1.0, "of one seed": -1.0}, 1) == about(2.0, 12.0)


def test_shrinkage_by_hand():
    """A prior of variance 1 and freedom 4 draws an own variance of 4 with freedom 2 to (4·1 + 2·4) / 6 = 2."""
    noise = PooledNoise({"a": Uncertainty(4.0, 2.0)}, Uncertainty(1.0, 4.0), 20.0)
    assert noise.of_row("a") == Uncertainty(2.0, 6.0)
    assert noise.of_row("b") == Uncertainty(1.0, 4.0)
    # Weights 1 and -1/2 over 2 seeds: 2/2 and 1/8.
    found = noise.of_sum({"a": 1.0, "b": -0.5}, 2)
    assert found == about(1.125, 1.125**2 / (1 / 6 + 0.125**2 / 4))


def test_the_prior_of_a_worked_example():
    """Variances 0.1, 1, 10 of 4 freedoms each: logarithms' variance 5.3019, less trigamma(2) = 0.6449."""
    prior = fit_prior([Uncertainty(variance, 4.0) for variance in (0.1, 1.0, 10.0)])
    assert polygamma(1, prior.freedom / 2) == pytest.approx(math.log(10) ** 2 - (math.pi**2 / 6 - 1))
    # digamma(2) = 1 - Euler's constant; the mean of the logarithms is 0.
    expected = -(1 - 0.5772156649) + math.log(2) + polygamma(0, prior.freedom / 2) - math.log(prior.freedom / 2)
    assert math.log(prior.variance) == pytest.approx(expected)


def test_the_prior_is_found_again():
    """4000 rows whose variances come from a scaled inverse chi-squared of 6 degrees of freedom about 2."""
    rng = np.random.default_rng(2)
    variances = 2.0 * 6 / rng.chisquare(6, 4000)
    prior = fit_prior([Uncertainty(float(v * rng.chisquare(3) / 3), 3.0) for v in variances])
    assert prior == Uncertainty(pytest.approx(2.0, rel=0.05), pytest.approx(6.0, rel=0.2))


@pytest.mark.parametrize("value", [1e-6, 0.01, 0.6449340668482264, math.pi**2 / 6, 5.0, 1e4])
def test_the_inverse_of_trigamma_is_one(value):
    """Over ten orders of magnitude; of trigamma(2) and trigamma(1) it is 2 and 1."""
    assert polygamma(1, inverse_trigamma(value)) == pytest.approx(value, rel=1e-9)
    assert inverse_trigamma(math.pi**2 / 6 - 1) == pytest.approx(2.0)


def test_a_row_far_noisier_than_the_others_stands_alone():
    """It has its own variance, about what seeds do to the others; these are as they would be without it."""
    values = simulated(np.random.default_rng(5), 10, 3, seed_effect=2.0)
    others = pool_noise(values, paired=True)
    rows = {**values, "loud": {0: 20.3, 1: 18.0, 2: 48.2}}
    noise = pool_noise(rows, paired=True)
    assert noise.alone == {"loud"}
    assert noise.prior == others.prior
    assert all(noise.own[row] == others.own[row] for row in values)
    assert noise.of_row("loud") == noise.own["loud"]
    assert noise.own["loud"].freedom == 2
    # Without what seeds do: a mean over the other rows.
    centred = np.array([np.array(list(of.values())) - np.mean(list(of.values())) for of in values.values()])
    left = np.array([20.3, 18.0, 48.2]) - centred.mean(axis=0)
    assert noise.own["loud"].variance == pytest.approx(np.var(left, ddof=1))


@pytest.mark.parametrize("seeds", [2, 3])
def test_rows_of_equal_noise_stay_together(seeds):
    """But for about one set of rows in a hundred, as the test that sets one aside promises."""
    rng = np.random.default_rng(6)
    aside = [bool(pool_noise(simulated(rng, 10, seeds, seed_effect=1.0), paired=True).alone) for _ in range(300)]
    assert np.mean(aside) < 0.03


def test_three_rows_are_too_few_to_say_which_is_noisy():
    """One against two of which nothing is known."""
    values = {"a": {0: 0.0, 1: 90.0}, "b": {0: 1.0, 1: 1.1}, "c": {0: 2.0, 1: 2.2}}
    assert not pool_noise(values, paired=False).alone


def test_order_and_shift_change_nothing_and_scale_its_square():
    """Rows and seeds in another order; means of rows moved; all values times 3."""
    values = simulated(np.random.default_rng(3), 6, 3, deviations=np.linspace(0.1, 4, 6))
    weights = {0: 1.0, 4: -1.0}
    found = pool_noise(values, paired=True).of_sum(weights, 3)
    backwards = {row: dict(reversed(by_seed.items())) for row, by_seed in reversed(values.items())}
    assert pool_noise(backwards, paired=True).of_sum(weights, 3) == about(found.variance, found.freedom)
    moved = {row: {seed: value + 7 * row for seed, value in by_seed.items()} for row, by_seed in values.items()}
    assert pool_noise(moved, paired=True).of_sum(weights, 3) == about(found.variance, found.freedom)
    scaled = {row: {seed: 3 * value for seed, value in by_seed.items()} for row, by_seed in values.items()}
    assert pool_noise(scaled, paired=True).of_sum(weights, 3) == about(9 * found.variance, found.freedom)


def test_values_without_noise_are_exact():
    """Numbers of parameters: no interval at any seed."""
    noise = pool_noise({"a": {0: 44e6, 1: 44e6}, "b": {0: 1e6, 1: 1e6}, "c": {0: 2e6}}, paired=False)
    assert noise.of_sum({"a": 1.0, "c": -1.0}, 1).half_width() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    "seed_effect, freedom, lowest",
    [(0.0, math.inf, 0.925), (3.0, math.inf, 0.925), (0.0, 10.0, 0.915), (0.0, 4.0, 0.9)],
)
def test_intervals_cover_the_truth(seed_effect, freedom, lowest):
    """About 95 of 100 where rows vary alike, whatever a seed does to all of them; a few less where they differ.

    Differences of two rows of 12, with two seeds and with one; the variances of rows come from a scaled inverse
    chi-squared distribution.
    """
    rng = np.random.default_rng(4)
    inside = {1: [], 2: []}
    for _ in range(1000):
        deviations = 1.0 if math.isinf(freedom) else np.sqrt(freedom / rng.chisquare(freedom, 12))
        noise = rng.normal(size=(12, 2)) * np.broadcast_to(deviations, 12)[:, None] + seed_effect * rng.normal(size=2)
        values = {row: dict(enumerate(noise[row, : 1 if row < 2 else 2])) for row in range(12)}
        pooled = pool_noise(values, paired=True)
        for (left, right), count in (((0, 1), 1), ((2, 3), 2)):
            difference = np.mean(noise[left, :count] - noise[right, :count])
            inside[count].append(abs(difference) <= pooled.of_sum({left: 1.0, right: -1.0}, count).half_width())
    for found in inside.values():
        assert lowest <= np.mean(found) <= 0.97
