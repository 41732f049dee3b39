"""All numbers behind a table, for programs: also those that it does not print."""

import dataclasses
from collections.abc import Mapping

from ablations.evidence.collect import Other, ResultRow, TableResults
from ablations.evidence.estimates import Estimator
from ablations.evidence.measure import measure, metrics_of
from ablations.jobs.folder import FINISHED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import OURS, Metric
from ablations.paper.terms import weights
from ablations.statistics.estimate import Estimate


def with_everything(
    results: TableResults, plan: Plan, statuses: Mapping[str, Status], estimator: Estimator
) -> TableResults:
    """The results with all that rows have measured, such as categories, times and memory, and its uncertainty.

    Rows that were trained by hand, of which the `estimator` knows nothing, have no intervals. Of differences of rows
    there is no more than `collect` finds.
    """
    columns = {metric.result for metric in results.table.metrics if not metric.note}

    def complete(row: ResultRow) -> ResultRow:
        if row.is_delta:
            return row
        others: dict[str, dict[int, float]] = {}
        for seed in results.seeds:
            status = statuses.get(plan.rows.get((results.table.id, row.id, seed), ""))
            for metric in metrics_of(status.result) if status and status.state == FINISHED else ():
                value, _ = measure(status, metric)
                if metric not in columns and value is not None:
                    others.setdefault(metric, {})[seed] = value
        pairs = zip(results.table.metrics, row.by_seed, strict=True)
        return dataclasses.replace(
            row,
            estimates=tuple(_estimate(results, row, metric, values, estimator) for metric, values in pairs),
            others={
                name: Other(values, _estimate(results, row, Metric(name, name), values, estimator))
                for name, values in others.items()
            },
        )

    return dataclasses.replace(results, rows=tuple(map(complete, results.rows)))


def _estimate(
    results: TableResults, row: ResultRow, metric: Metric, values: Mapping[int, float], estimator: Estimator
) -> Estimate | None:
    if not values or row.origin != OURS:
        return None
    terms = {((results.table.id, row.id), key): weight for key, weight in weights(metric.result).items()}
    return estimator.estimate(terms, values)
