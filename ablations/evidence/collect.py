"""Collect the results of a table's rows: mean and spread over the seeds, or the reason why there is none."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean, stdev
from typing import Any

from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import OURS, Delta, Metric, Row, Table

# Of what an older result does not say.
UNKNOWN = "unknown"
# What all results of one table must agree in, besides the version of each dataset.
COMMON = ("scale", "provider", "coco_backend")
# COCO's areas, in pixels.
_SIZES = {"APs": "small size (below 32²)", "APm": "medium size (32² to 96²)", "APl": "large size (above 96²)"}


@dataclass(frozen=True)
class Value:
    """Mean over `count` seeds, and their sample standard deviation (None for one seed)."""

    mean: float
    spread: float | None
    count: int


@dataclass(frozen=True)
class ResultRow:
    """A printed row. Per metric: our value or None, and in `notes` what is missing and why ("": nothing)."""

    id: str
    label: str
    origin: str
    descriptors: Mapping[str, Any]
    paper: tuple[float | None, ...]
    ours: tuple[Value | None, ...]
    notes: tuple[str, ...]
    is_delta: bool = False


@dataclass(frozen=True)
class TableResults:
    """A table with our numbers.

    `data` names data sets, `data_versions` has the version of each that a result names; `provider` and
    `coco_backend` are "" without a result. `own_data` names the user's own data, "" for the paper's;
    `other_commits` says of runs that they are of other code than is here.
    """

    table: Table
    scale: str
    seeds: tuple[int, ...]
    data: str
    provider: str
    coco_backend: str
    rows: tuple[ResultRow, ...]
    data_versions: Mapping[str, str] = field(default_factory=dict)
    own_data: str = ""
    other_commits: tuple[str, ...] = ()


def collect(table: Table, plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]) -> TableResults:
    """Gather what there is for a table.

    Args:
        table: The table.
        plan: Plan that covers the rows to show results of; other rows are shown as not selected.
        seeds: Seeds to average over.
        statuses: Of the plan's jobs, by identity.

    Raises:
        ValueError: the results differ in scale, provider, COCO backend or the version of a dataset, so they cannot
            stand in one table.
    """
    planned = {(row.id, seed): plan.job(table.id, row.id, seed) for row in table.rows for seed in seeds}
    jobs = {key: job for key, job in planned.items() if job is not None}
    by_seed = {key: statuses[job.identity] for key, job in jobs.items()}
    found = {jobs[key].folder.path: status.result for key, status in by_seed.items() if status.state == FINISHED}
    common, versions = _common(found, table.id), _data_versions(found, table.id)
    columns = {
        row.id: [_column(row, *column, by_seed, seeds) for column in zip(table.metrics, row.paper, strict=True)]
        for row in table.rows
        if row.config
    }
    rows = [_row(row, columns.get(row.id)) for row in table.rows]
    rows += [_delta(delta, table, columns, len(seeds)) for delta in table.deltas]
    data = ", ".join(dict.fromkeys(job.data for job in jobs.values()))
    facts = plan.scale, tuple(seeds), data, common["provider"], common["coco_backend"]
    return TableResults(table, *facts, tuple(rows), versions, plan.user_data)


@dataclass(frozen=True)
class _Column:
    """A metric of a row by seed, and the reasons for the seeds that have none."""

    values: Mapping[int, float]
    reasons: tuple[str, ...]


def _column(
    row: Row,
    metric: Metric,
    paper: float | None,
    statuses: Mapping[tuple[str, int], Status],
    seeds: Sequence[int],
) -> _Column:
    if metric.note:
        return _Column({}, (metric.note,))
    values, reasons = {}, {}
    for seed in seeds:
        status = statuses.get((row.id, seed))
        if paper is None and _has_no_branch(status, metric.result):
            continue  # The paper's "-" says it.
        value, reason = _measured(status, metric.result)
        if value is None:
            reasons.setdefault(reason, []).append(seed)
        else:
            values[seed] = value
    texts = (r if len(seeds) == 1 else f"seed {', '.join(map(str, who))}: {r}" for r, who in reasons.items())
    return _Column(values, tuple(texts))


def _has_no_branch(status: Status | None, result: str) -> bool:
    """Whether a finished job reports nothing for a task of "task/metric"."""
    if status is None or status.state != FINISHED:
        return False
    return any(key.partition("/")[0] not in status.result["metrics"] for key in result.split(" - "))


def _measured(status: Status | None, result: str) -> tuple[float | None, str]:
    """Value of "task/metric", or of the difference of two, in a job's result; or None and the reason."""
    if status is None:
        return None, "not selected"
    if status.state in (FAILED, BLOCKED):
        return None, f"{status.state}: {status.reason}"
    if status.state != FINISHED:
        return None, status.reason or status.state
    total = 0.0
    for sign, key in zip((1, -1), result.split(" - "), strict=False):
        value, reason = _metric_value(status.result["metrics"], key)
        if value is None:
            return None, reason
        total += sign * value
    return total, ""


def _metric_value(metrics: Mapping[str, Any], key: str) -> tuple[float | None, str]:
    task, _, name = key.partition("/")
    group = metrics.get(task)
    value = group.get(name) if isinstance(group, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return None, f"the result's {key} is {value!r}, not a number"
    if not isinstance(group, Mapping):
        return None, f"the result has no {task} metrics: no predictions, or no such branch"
    if name not in group:
        return None, f"the result has no {key}"
    if not _is_number(value):
        return None, _why_not_a_number(name, evaluated=_is_number(group.get("AP")))
    return float(value), ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _why_not_a_number(name: str, evaluated: bool) -> str:
    """Why the evaluation has no value, where its AP over all objects is a number, or is none either."""
    if not evaluated:
        return "no predictions, or no ground truth"
    return f"no ground truth of {_SIZES.get(name, 'this kind')}"


def _row(row: Row, columns: Sequence[_Column] | None) -> ResultRow:
    if columns is None:
        columns = [_Column({}, (row.why_not_run,))] * len(row.paper)
    ours = tuple(_value(list(column.values.values())) for column in columns)
    notes = tuple("; ".join(column.reasons) for column in columns)
    return ResultRow(row.id, row.label, row.origin, row.descriptors, row.paper, ours, notes)


def _delta(delta: Delta, table: Table, columns: Mapping[str, Sequence[_Column]], seeds: int) -> ResultRow:
    """Difference of two rows, seed by seed, over the seeds that both have."""
    ours, notes = [], []
    nothing = [_Column({}, ())] * len(table.metrics)
    ends = table.row(delta.minuend), table.row(delta.subtrahend)
    foreign = [f"{row.label} is not a run of ours" for row in ends if row.origin != OURS]
    pairs = zip(columns.get(delta.minuend, nothing), columns.get(delta.subtrahend, nothing), strict=True)
    for metric, paper, (upper, lower) in zip(table.metrics, delta.paper, pairs, strict=True):
        shared = [seed for seed in upper.values if seed in lower.values]
        ours.append(_value([upper.values[seed] - lower.values[seed] for seed in shared]))
        partial = f"over {len(shared)} of {seeds} seeds, those that both rows have"
        missing = partial if shared else metric.note or "; ".join(foreign) or "needs both rows"
        silent = len(shared) == seeds or (paper is None and not shared)
        notes.append("" if silent else missing)
    name = f"{delta.minuend}-{delta.subtrahend}"
    return ResultRow(name, delta.label, OURS, {}, delta.paper, tuple(ours), tuple(notes), is_delta=True)


def _value(values: Sequence[float]) -> Value | None:
    if not values:
        return None
    return Value(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def _common(results: Mapping[Any, Mapping[str, Any]], table_id: str) -> dict[str, str]:
    """What all results agree in, as text ("" without results)."""
    return {
        key: _agreed({_text(result.get(key, UNKNOWN)): folder for folder, result in results.items()}, key, table_id)
        for key in COMMON
    }


def _data_versions(results: Mapping[Any, Mapping[str, Any]], table_id: str) -> dict[str, str]:
    """Version of each dataset that a result names; where a result does not say, it is unknown."""
    found: dict[str, dict[str, Any]] = {}
    for folder, result in results.items():
        versions = result.get("data_version", {})
        for name in dict.fromkeys(chain(*result.get("datasets", {}).values(), versions)):
            found.setdefault(name, {})[versions.get(name, UNKNOWN)] = folder
    return {name: _agreed(folders, f"data_version of {name}", table_id) for name, folders in found.items()}


def _agreed(folders: Mapping[str, Any], key: str, table_id: str) -> str:
    """The only value; `folders` has an example of each."""
    if len(folders) > 1:
        examples = ", ".join(f"{value} in {folder}" for value, folder in folders.items())
        raise ValueError(
            f"table {table_id}: results of different {key} cannot stand in one table: {examples}; "
            "run the rows anew with another --output"
        )
    return next(iter(folders), "")


def _text(value: Any) -> str:
    """A provider is stored as {"name": ..., "detectron2": version}."""
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
