"""Noise over seeds, pooled over rows: two seeds say little about the variance of one row, a dozen rows say much.

The model: a value of row r at seed s is `row[r] + seed[s] + noise`, noise with a variance of the row's own. These
variances are thought to come from one distribution (a scaled inverse chi-squared), which is fitted to all rows. Each
row's own estimate is drawn to it by as much as the rows resemble each other, so a row with one seed has a variance too.

Source: G. K. Smyth, Linear models and empirical Bayes methods for assessing differential expression in microarray
experiments, Statistical Applications in Genetics and Molecular Biology 3(1), 2004, Section 6.2; limma's `squeezeVar`.

Differs from limma: seeds are paired, and variances of zero are raised to a 1e-5th of their mean, not of their median.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.statistics.estimate import Uncertainty, combine


@dataclass(frozen=True)
class PooledNoise:
    """Variance of a value over seeds: of each row that has several by itself, and what is likely of any row.

    `prior` is None where fewer than two rows have several seeds. `freedom` are the degrees of freedom of all rows
    together: nothing that follows from their variances can have more.
    """

    own: Mapping[Hashable, Uncertainty]
    prior: Uncertainty | None
    freedom: float

    def of_row(self, row: Hashable) -> Uncertainty | None:
        """Posterior variance of a row; None where neither it nor others have several seeds."""
        own = self.own.get(row)
        if own is None or self.prior is None:
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
    own = _own_variances({row: by_seed for row, by_seed in values.items() if len(by_seed) > 1}, paired)
    freedom = math.fsum(noise.freedom for noise in own.values())
    return PooledNoise(own, fit_prior(list(own.values())) if len(own) > 1 else None, freedom)


def _own_variances(values: Mapping[Hashable, Mapping[int, float]], paired: bool) -> dict[Hashable, Uncertainty]:
    """Each row's variance about the model without noise, and its share of the degrees of freedom."""
    if not values:
        return {}
    import numpy as np  # imported here: most commands need no noise

    rows, seeds = list(values), sorted({seed for by_seed in values.values() for seed in by_seed})
    cells = [(rows.index(row), seeds.index(seed), value) for row in rows for seed, value in values[row].items()]
    row_of, seed_of = (np.array([cell[n] for cell in cells]) for n in (0, 1))
    y = np.array([value for *_, value in cells])
    design = np.eye(len(rows))[row_of]
    if paired:
        design = np.hstack([design, np.eye(len(seeds))[seed_of]])
    residual_maker = np.eye(len(y)) - design @ np.linalg.pinv(design)
    squares, freedom = (residual_maker @ y) ** 2, residual_maker.diagonal()
    totals = {row: (freedom[row_of == n].sum(), squares[row_of == n].sum()) for n, row in enumerate(rows)}
    return {row: Uncertainty(float(total / free), float(free)) for row, (free, total) in totals.items() if free > 1e-9}


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
