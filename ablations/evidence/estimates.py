"""Estimates of weighted sums of measured values, such as the difference of two rows, and how uncertain they are.

Noise over seeds is pooled over all results of a scale and data that there are, not only over those that are shown.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from statistics import NormalDist, fmean

from ablations.evidence.image_replicates import ImageReplicates
from ablations.evidence.measure import measure
from ablations.evidence.times import TIMED, TURNS
from ablations.jobs.folder import Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import RowKey
from ablations.paper.terms import Term
from ablations.statistics.estimate import Estimate, Uncertainty, combine
from ablations.statistics.images import uncertainty_over_images
from ablations.statistics.pooled_noise import PooledNoise, pool_noise

# Identities of a row's jobs, one for each seed: rows of several tables that are the same jobs are one row here.
_JobIds = tuple[str, ...]
# Tasks whose metrics are the same at every seed.
_EXACT = "count/"
# Distance of a normal distribution's quartiles, in standard deviations.
_QUARTILES = 2 * NormalDist().inv_cdf(0.75)
# Metrics of a row and their weights, of which the first is 1.
_Score = tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Estimator:
    """All rows of a scale and data: `plan` covers them at these `seeds`, `statuses` are of its jobs by identity.

    `replicates` are of those jobs whose values are estimated.
    """

    plan: Plan
    seeds: Sequence[int]
    statuses: Mapping[str, Status]
    replicates: ImageReplicates
    _noise: dict[tuple[_Score, bool, bool], PooledNoise] = field(default_factory=dict, repr=False)

    def estimate(self, terms: Mapping[Term, float], values: Mapping[int, float], logarithmic: bool = False) -> Estimate:
        """The mean of a sum's `values` by seed, at least one, with its uncertainty.

        The `terms` have the weight of each measured value in the sum, or of its logarithm.
        """
        over_seeds = self._over_seeds(terms, len(values), logarithmic)
        return Estimate(fmean(values.values()), len(values), over_seeds, self._over_images(terms, values, logarithmic))

    def _over_seeds(self, terms: Mapping[Term, float], count: int, logarithmic: bool) -> Uncertainty | None:
        """Rows are independent. They are paired by seed where their weights of a score add up to 0."""
        parts = []
        for score, rows in self._scores(terms).items():
            if all(metric.startswith(_EXACT) for metric, _ in score):
                parts.append(Uncertainty(0.0, math.inf))
                continue
            if all(metric in TIMED for metric, _ in score):
                parts.append(self._over_turns(score, rows, logarithmic))
                continue
            paired = math.isclose(math.fsum(rows.values()), 0.0, abs_tol=1e-9)
            key = score, logarithmic, paired
            if key not in self._noise:
                self._noise[key] = pool_noise(self._values(score, logarithmic), paired)
            parts.append(self._noise[key].of_sum(rows, count))
        return None if None in parts else combine(parts)

    def _over_turns(self, score: _Score, rows: Mapping[_JobIds, float], logarithmic: bool) -> Uncertainty | None:
        """Of medians over turns, as of independent normal values: no seed changes a time, but each turn does."""
        parts = []
        for job_ids, weight in rows.items():
            found = [s.result for i in job_ids if (s := self.statuses.get(i)) and s.result and TURNS in s.result]
            if not found:
                return None
            for metric, of_metric in score:
                low, high, turns = found[0][TURNS][metric]
                quartiles = math.log(high / low) if logarithmic else high - low
                deviation = quartiles / _QUARTILES * math.sqrt(math.pi / 2 / turns)
                parts.append(Uncertainty((weight * of_metric * deviation) ** 2, turns - 1))
        return combine(parts)

    def _over_images(self, terms: Mapping[Term, float], seeds: Iterable[int], logarithmic: bool) -> Uncertainty | None:
        """None where a job has no replicates: it cannot be paired with the others."""
        from numpy import log  # imported here: most commands need no interval

        parts, fewest = [], math.inf
        for ((row, metric), weight), seed in product(terms.items(), seeds):
            found = self.replicates.of(self.plan.rows[*row, seed], metric)
            if found is None:
                return None
            values, images = found
            fewest = min(fewest, images)
            parts.append(weight * (log(values) if logarithmic else values))
        return uncertainty_over_images(sum(parts) / len(set(seeds)), fewest)

    def _scores(self, terms: Mapping[Term, float]) -> dict[_Score, dict[_JobIds, float]]:
        """Rows and their weights by what is computed of them: AP75 - AP50 of a row is one number with one noise."""
        by_row: dict[_JobIds, dict[str, float]] = {}
        for (row, metric), weight in terms.items():
            metrics = by_row.setdefault(self._job_ids(row), {})
            metrics[metric] = metrics.get(metric, 0.0) + weight
        scores: dict[_Score, dict[_JobIds, float]] = {}
        for row, metrics in by_row.items():
            if used := sorted((metric, weight) for metric, weight in metrics.items() if weight):
                first = used[0][1]
                score = tuple((metric, round(weight / first, 9)) for metric, weight in used)
                scores.setdefault(score, {})[row] = first
        return scores

    def _job_ids(self, row: RowKey) -> _JobIds:
        return tuple(self.plan.rows.get((*row, seed), "") for seed in self.seeds)

    def _values(self, score: _Score, logarithmic: bool) -> dict[_JobIds, dict[int, float]]:
        """A score of every row and seed that has it."""
        scale: Callable[[float], float] = math.log if logarithmic else float
        found = {}
        for job_ids in dict.fromkeys(self._job_ids((table_id, row_id)) for table_id, row_id, _ in self.plan.rows):
            by_seed = {}
            for seed, identity in zip(self.seeds, job_ids, strict=True):
                values = [measure(self.statuses.get(identity), metric)[0] for metric, _ in score]
                if all(value is not None and (value > 0 or not logarithmic) for value in values):
                    by_seed[seed] = sum(w * scale(v) for (_, w), v in zip(score, values, strict=True))
            found[job_ids] = by_seed
        return found
