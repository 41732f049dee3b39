"""Which value of a column is the best."""

from collections.abc import Callable, Iterable, Sequence

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.paper.tables import Metric


def rounded(value: Value) -> float:
    """A mean as printed, so that a reader who compares or subtracts agrees with the table; never -0.0."""
    return round(value.mean, 1) + 0.0


def best_values(results: TableResults) -> list[tuple[float | None, float | None]]:
    """The best value per metric: of the paper among all rows, and of ours, rounded as printed.

    Delta rows do not compete. None: a single value, or values that have no better and worse.
    """
    rows = [row for row in results.rows if not row.is_delta]
    best = []
    for n, metric in enumerate(results.table.metrics):
        choose = _ranking(metric, rows)
        ours = (None if row.ours[n] is None else rounded(row.ours[n]) for row in rows)
        best.append((_best((row.paper[n] for row in rows), choose), _best(ours, choose)))
    return best


def _ranking(metric: Metric, rows: Sequence[ResultRow]) -> Callable[[Iterable[float]], float] | None:
    """max, min, or None where no order makes sense: gaps between two metrics, counts, times in different units."""
    task = metric.result.partition("/")[0]
    if " - " in metric.result or task == "count":
        return None
    if task == "time":
        return min if len({row.descriptors.get("unit") for row in rows}) == 1 else None
    return max


def _best(values: Iterable[float | None], choose: Callable[[Iterable[float]], float] | None) -> float | None:
    found = [value for value in values if value is not None]
    return choose(found) if choose and len(found) > 1 else None
