"""Noise over seeds, pooled over rows: two seeds say little about the variance of one row, a dozen rows say much.

The model: a value of row r at seed s is `row[r] + seed[s] + noise`, noise with a variance of the row's own. These
variances are thought to come from one distribution (a scaled inverse chi-squared), which is fitted to all rows. Each
row's own estimate is drawn to it by as much as the rows resemble each other, so a row with one seed has a variance too.

A row that is far noisier than the others can be stands alone: its variance is its own, and neither the others' nor what
a seed does to all rows follows from it. At mini scale softmax masks are such a row: their mask AP50 had a standard
deviation of 5 over three seeds, that of nine other rows 0.6.

Source: G. K. Smyth, Linear models and empirical Bayes methods for assessing differential expression in microarray
experiments, Statistical Applications in Genetics and Molecular Biology 3(1), 2004, Section 6.2; limma's `squeezeVar`.

Differs from limma: seeds are paired; variances of zero are raised to a 1e-5th of their mean, not of their median; and
noisy rows are set aside by a test, where limma's robust form (Phipson et al., 2016) gives each row a prior of its own.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import variance

from ablations.statistics.estimate import Uncertainty, combine

# Of all rows together: the probability to set one aside where all have equal noise.
_SIGNIFICANCE = 0.01
# Rows that others are compared with.
_FEWEST = 3


@dataclass(frozen=True)
class PooledNoise:
    """Variance of a value over seeds: of each row that has several by itself, and what is likely of any row.

    `prior` is None where fewer than two rows have several seeds. `freedom` are the degrees of freedom of all rows
    together: nothing that follows from their variances can have more. Rows that stand `alone` have their own variance.
    """

    own: Mapping[Hashable, Uncertainty]
    prior: Uncertainty | None
    freedom: float
    alone: frozenset[Hashable] = frozenset()

    def of_row(self, row: Hashable) -> Uncertainty | None:
        """Posterior variance of a row; None where neither it nor others have several seeds."""
        own = self.own.get(row)
        if own is None or self.prior is None or row in self.alone:
            return own or self.prior
        if math.isinf(self.prior.freedom):
            return self.prior
        freedom = self.prior.freedom + own.freedom
        total = self.prior.freedom * self.prior.variance + own.freedom * own.variance
        return Uncertainty(total / freedom, freedom)

    def of_sum(self, weights: Mapping[Hashable, float], count: int) -> Uncertainty | None:
        """Of a weighted sum of the rows' means over `count` seeds; None where the noise of a row is unknown."""
        noise = {row: self.of_row(row) for row in weights}
        if None in noise.values():
            return None
        parts = (replace(noise[row], variance=noise[row].variance * w**2 / count) for row, w in weights.items())
        found = combine(parts)
        return replace(found, freedom=min(found.freedom, self.freedom))


def pool_noise(values: Mapping[Hashable, Mapping[int, float]], paired: bool) -> PooledNoise:
    """Estimate the noise of some rows.

    Args:
        values: Row -> seed -> value, all of one kind, such as mask AP. Rows may lack seeds.
        paired: Whether what a seed does to all rows alike is no noise, since it cancels where rows are compared at
            equal seeds: they see the same images in the same order.
    """
    together = {row: dict(by_seed) for row, by_seed in values.items() if len(by_seed) > 1}
    alone: dict[Hashable, Uncertainty] = {}
    while found := _noisiest(together, paired, len(together) + len(alone)):
        row, noise = found
        alone[row] = noise
        del together[row]
    pooled, _ = _own_variances(together, paired)
    own = pooled | alone
    freedom = math.fsum(noise.freedom for noise in own.values())
    prior = fit_prior(list(pooled.values())) if len(pooled) > 1 else None
    return PooledNoise(own, prior, freedom, frozenset(alone))


def _noisiest(values: dict[Hashable, dict[int, float]], paired: bool, rows: int) -> tuple[Hashable, Uncertainty] | None:
    """The row that is noisier than the others explain, and its variance; None where there is none.

    Its variance is about the others' seed effects, and tested against their prior, at a level for all `rows` together.
    """
    if len(values) <= _FEWEST:
        return None
    from scipy.special import fdtrc

    own, _ = _own_variances(values, paired)
    row = max(own, key=lambda row: own[row].variance, default=None)
    if row is None:
        return None
    others, effects = _own_variances({name: found for name, found in values.items() if name != row}, paired)
    if len(others) < _FEWEST:
        return None
    left = [value - effects.get(seed, 0.0) for seed, value in values[row].items()]
    noise, prior = Uncertainty(variance(left), len(left) - 1), fit_prior(list(others.values()))
    if prior.variance == 0:
        return None
    # The others say no more than their degrees of freedom; what they say of the seeds is uncertain too, where paired.
    known = min(prior.freedom, math.fsum(other.freedom for other in others.values()))
    ratio = noise.variance / (prior.variance * (1 + paired / len(others)))
    exceeded = float(fdtrc(noise.freedom, known, ratio))
    return (row, noise) if exceeded < _SIGNIFICANCE / rows else None


def _own_variances(
    values: Mapping[Hashable, Mapping[int, float]], paired: bool
) -> tuple[dict[Hashable, Uncertainty], dict[int, float]]:
    """Each row's variance about the model without noise, and its share of the degrees of freedom; the seeds' effects.

    The effects are those of the seeds up to a constant; without pairs there are none.
    """
    if not values:
        return {}, {}
    import numpy as np  # imported here: most commands need no noise

    rows, seeds = list(values), sorted({seed for by_seed in values.values() for seed in by_seed})
    cells = [(rows.index(row), seeds.index(seed), value) for row in rows for seed, value in values[row].items()]
    row_of, seed_of = (np.array([cell[n] for cell in cells]) for n in (0, 1))
    y = np.array([value for *_, value in cells])
    design = np.eye(len(rows))[row_of]
    if paired:
        design = np.hstack([design, np.eye(len(seeds))[seed_of]])
    inverse = np.linalg.pinv(design)
    residual_maker = np.eye(len(y)) - design @ inverse
    squares, freedom = (residual_maker @ y) ** 2, residual_maker.diagonal()
    totals = {row: (freedom[row_of == n].sum(), squares[row_of == n].sum()) for n, row in enumerate(rows)}
    own = {row: Uncertainty(float(total / free), float(free)) for row, (free, total) in totals.items() if free > 1e-9}
    effects = dict(zip(seeds, (inverse @ y)[len(rows) :].tolist(), strict=True)) if paired else {}
    return own, effects


def fit_prior(own: Sequence[Uncertainty]) -> Uncertainty:
    """The distribution that the variances of at least two rows come from, by the moments of their logarithms.

    A row's variance over that of the prior has an F distribution. Where the logarithms vary no more than they do among
    rows of equal noise, the prior has infinite degrees of freedom: all rows have the pooled variance.
    """
    import numpy as np
    from scipy.special import digamma, polygamma

    variances, freedoms = (np.array([getattr(noise, name) for noise in own]) for name in ("variance", "freedom"))
    pooled = float((variances * freedoms).sum() / freedoms.sum())
    if pooled == 0:
        return Uncertainty(0.0, math.inf)
    half = freedoms / 2
    logs = np.log(np.maximum(variances, 1e-5 * variances.mean())) - digamma(half) + np.log(half)
    excess = float(logs.var(ddof=1) - polygamma(1, half).mean())
    if excess <= 0:
        return Uncertainty(pooled, math.inf)
    half = inverse_trigamma(excess)
    return Uncertainty(math.exp(float(logs.mean() + digamma(half))) / half, 2 * half)


def inverse_trigamma(value: float) -> float:
    """The positive y whose trigamma is `value`, which is positive; by Newton's method on 1 / trigamma (Smyth 2004)."""
    from scipy.special import polygamma

    y = 0.5 + 1 / value  # not above the answer
    while True:
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if abs(step) < 1e-10 * y:
            return y
