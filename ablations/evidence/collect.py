"""Collect the results of a table's rows: mean and spread over the seeds, or the reason why there is none."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import OURS, Delta, Metric, RowKey, Table
from mask_rcnn_paper.coco.values import is_number

# Of what an older result does not say.
UNKNOWN = "unknown"
# What all results of one table must agree in, besides the version of each dataset.
COMMON = ("scale", "provider", "coco_backend")
# What a result has besides metrics of its evaluation.
COSTS = ("count", "time")
# COCO's areas, in pixels.
_SIZES = {"APs": "small size (below 32²)", "APm": "medium size (32² to 96²)", "APl": "large size (above 96²)"}

# A metric of a row: its values by seed, and why others have none.
_Column = tuple[Mapping[int, float], str]


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

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value of ours."""
        return not any(value for row in self.rows for value in row.ours)


def collect(table: Table, plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]) -> TableResults:
    """Gather what there is for a table over these seeds; rows that the plan does not cover are "not selected".

    `statuses` are of the plan's jobs, by identity. Raises as `shared_facts`.
    """
    facts = shared_facts(table, [(table.id, row.id) for row in table.rows], plan, seeds, statuses)
    columns: dict[str, list[_Column]] = {}
    for row in table.rows:
        by_seed = {seed: statuses.get(plan.rows.get((table.id, row.id, seed), "")) for seed in seeds}
        pairs = zip(table.metrics, row.paper, strict=True)
        columns[row.id] = [_column(*pair, by_seed) if row.config else ({}, row.why_not_run) for pair in pairs]
    rows = [
        ResultRow(row.id, row.label, row.origin, row.descriptors, row.paper, *_printed(columns[row.id]))
        for row in table.rows
    ]
    rows += [_delta(delta, table, columns, len(seeds)) for delta in table.deltas]
    return dataclasses.replace(facts, rows=tuple(rows))


def shared_facts(
    table: Table, rows: Iterable[RowKey], plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]
) -> TableResults:
    """What the results of some rows have in common, without a row.

    Raises:
        ValueError: the results differ in scale, provider, COCO backend or the version of a dataset, so they cannot
            stand in one table.
    """
    jobs = [job for row in rows for seed in seeds if (job := plan.job(*row, seed))]
    results = {job.folder.path: s.result for job in jobs if (s := statuses[job.identity]).state == FINISHED}
    agreed = _agreed(results, table.id)
    versions = {name: version for (_, name), version in agreed.items() if name}
    data, provider = ", ".join(dict.fromkeys(job.data for job in jobs)), agreed["provider", ""]
    facts = plan.scale, tuple(seeds), data, provider, agreed["coco_backend", ""]
    return TableResults(table, *facts, (), versions, plan.user_data)


def _column(metric: Metric, paper: float | None, statuses: Mapping[int, Status | None]) -> _Column:
    if metric.note:
        return {}, metric.note
    tasks = {key.partition("/")[0] for key in metric.result.split(" - ")}
    values, reasons = {}, {}
    for seed, status in statuses.items():
        finished = status is not None and status.state == FINISHED
        if paper is None and finished and not tasks <= _groups(status.result).keys():
            continue  # No such branch: the paper's "-" says it.
        value, reason = measure(status, metric.result)
        if value is None:
            reasons.setdefault(reason, []).append(seed)
        else:
            values[seed] = value
    texts = (r if len(statuses) == 1 else f"seed {', '.join(map(str, who))}: {r}" for r, who in reasons.items())
    return values, "; ".join(texts)


def measure(status: Status | None, result: str) -> tuple[float | None, str]:
    """Value of "task/metric", or of the difference of two, in a job's result; or None and the reason."""
    if status is None:
        return None, "not selected"
    if status.state in (FAILED, BLOCKED):
        return None, f"{status.state}: {status.reason}"
    if status.state != FINISHED:
        return None, status.reason or status.state
    total = 0.0
    for sign, key in zip((1, -1), result.split(" - "), strict=False):
        value, reason = _metric_value(_groups(status.result), key)
        if value is None:
            return None, reason
        total += sign * value
    return total, ""


def _groups(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Measured values of a result by task: those of its evaluation, and its costs."""
    return result["metrics"] | {cost: result.get(cost, {}) for cost in COSTS}


def _metric_value(groups: Mapping[str, Any], key: str) -> tuple[float | None, str]:
    task, _, name = key.partition("/")
    group = groups.get(task)
    if not isinstance(group, Mapping):
        return None, f"the result has no {task} metrics: no predictions, or no such branch"
    if name not in group:
        return None, f"the result has no {key}"
    value = group[name]
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return None, f"the result's {key} is {value!r}, not a number"
    if is_number(value):
        return float(value), ""
    if is_number(group.get("AP")):
        return None, f"no ground truth of {_SIZES.get(name, 'this kind')}"
    return None, "no predictions, or no ground truth"


def _delta(delta: Delta, table: Table, columns: Mapping[str, Sequence[_Column]], seeds: int) -> ResultRow:
    """Difference of two rows, seed by seed, over the seeds that both have."""
    ends = table.row(delta.minuend), table.row(delta.subtrahend)
    foreign = "; ".join(f"{row.label} is not a run of ours" for row in ends if row.origin != OURS)
    differences: list[_Column] = []
    pairs = zip(*(columns[row.id] for row in ends), strict=True)
    for metric, paper, ((upper, _), (lower, _)) in zip(table.metrics, delta.paper, pairs, strict=True):
        values = {seed: upper[seed] - lower[seed] for seed in upper if seed in lower}
        note = f"over {len(values)} of {seeds} seeds, those that both rows have"
        if len(values) == seeds or (paper is None and not values):
            note = ""
        elif not values:
            note = metric.note or foreign or "needs both rows"
        differences.append((values, note))
    name = f"{delta.minuend}-{delta.subtrahend}"
    return ResultRow(name, delta.label, OURS, {}, delta.paper, *_printed(differences), is_delta=True)


def _printed(columns: Sequence[_Column]) -> tuple[tuple[Value | None, ...], tuple[str, ...]]:
    """`ours` and `notes` of a row."""
    found = [(list(values.values()), note) for values, note in columns]
    ours = (Value(fmean(v), stdev(v) if len(v) > 1 else None, len(v)) if v else None for v, _ in found)
    return tuple(ours), tuple(note for _, note in found)


def _agreed(results: Mapping[Path, Mapping[str, Any]], table_id: str) -> dict[tuple[str, str], str]:
    """What the results, by folder, agree in: (key, "") of `COMMON`, "" without results; ("data_version", dataset)."""
    found: dict[tuple[str, str], dict[str, Path]] = {(key, ""): {} for key in COMMON}
    for folder, result in results.items():
        facts = {(key, ""): _text(result.get(key, UNKNOWN)) for key in COMMON}
        versions = result.get("data_version", {})
        names = dict.fromkeys(chain(*result.get("datasets", {}).values(), versions))
        facts |= {("data_version", name): versions.get(name, UNKNOWN) for name in names}
        for key, value in facts.items():
            found.setdefault(key, {})[value] = folder
    for key, folders in found.items():
        if len(folders) > 1:
            examples = ", ".join(f"{value} in {folder}" for value, folder in folders.items())
            raise ValueError(
                f"table {table_id}: results of different {' of '.join(filter(None, key))} cannot stand in one table: "
                f"{examples}; run the rows anew with another --output"
            )
    return {key: next(iter(folders), "") for key, folders in found.items()}


def _text(value: Any) -> str:
    """A provider is stored as {"name": ..., "detectron2": version}."""
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
