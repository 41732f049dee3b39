"""Collect the results of a table's rows: mean and spread over the seeds, or the reason why there is none."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ablations.evidence.commits import short_commit
from ablations.evidence.estimates import Estimator
from ablations.evidence.measure import groups, measure
from ablations.jobs.folder import FINISHED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import OURS, Delta, Metric, RowKey, Table
from ablations.paper.terms import weights
from ablations.statistics.estimate import Estimate

# Of what an older result does not say.
UNKNOWN = "unknown"
# What all results of one table must agree in, besides the version of each dataset.
COMMON = ("scale", "provider", "coco_backend", "precision")
# What results say nothing of that are older than the choice.
_BEFORE = {"precision": "float32"}
# COCO backends whose numbers are equal, to the bit: tests/coco/test_backends.py.
_EQUAL_BACKENDS = {"hotcoco", "pycocotools"}

# What results of one table may differ in, since machines and code do, but not without a word.
_MAY_DIFFER: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "device": lambda result: result.get("device"),
    "threads": lambda result: result.get("threads"),
    "torch": lambda result: result.get("versions", {}).get("torch"),
    "commit": lambda result: result.get("git_commit") and short_commit(result["git_commit"]),
}

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
    """A printed row. Per metric: our value or None, and in `notes` what is missing and why ("": nothing).

    A difference of two rows has `estimates` too, or None: how uncertain it is.
    """

    id: str
    label: str
    origin: str
    descriptors: Mapping[str, Any]
    paper: tuple[float | None, ...]
    ours: tuple[Value | None, ...]
    notes: tuple[str, ...]
    is_delta: bool = False
    estimates: tuple[Estimate | None, ...] = ()


@dataclass(frozen=True)
class TableResults:
    """A table with our numbers.

    `data` names data sets, `data_versions` has the version of each that a result names; `provider`, `coco_backend` and
    `precision` are "" without a result. `coco_backend` names protocols that are not COCO's too: "segm by ...".
    `own_data` names the user's own data, "" for the paper's; `differing` says what may differ among results, and does;
    `other_commits` says of runs that they are of other code
    than is here.
    """

    table: Table
    scale: str
    seeds: tuple[int, ...]
    data: str
    provider: str
    coco_backend: str
    precision: str
    rows: tuple[ResultRow, ...]
    data_versions: Mapping[str, str] = field(default_factory=dict)
    own_data: str = ""
    other_commits: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value of ours."""
        return not any(value for row in self.rows for value in row.ours)


def collect(
    table: Table, plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status], estimator: Estimator
) -> TableResults:
    """Gather what there is for a table over these seeds; rows that the plan does not cover are "not selected".

    `statuses` are of the plan's jobs, by identity; `estimator` says how uncertain differences are. Raises as
    `shared_facts`.
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
    rows += [_delta(delta, table, columns, len(seeds), estimator) for delta in table.deltas]
    return dataclasses.replace(facts, rows=tuple(rows))


def shared_facts(
    table: Table,
    rows: Iterable[RowKey],
    plan: Plan,
    seeds: Sequence[int],
    statuses: Mapping[str, Status],
    side_by_side: bool = True,
) -> TableResults:
    """What the results of some rows have in common, without a row; all that they have, if they need not agree.

    Raises:
        ValueError: the results differ in scale, provider, COCO backend (unless both are proven equal), precision, the
            version of a dataset, or the protocol of a metric, so they cannot stand in one table.
    """
    jobs = [job for row in rows for seed in seeds if (job := plan.job(*row, seed))]
    results = {job.folder.path: s.result for job in jobs if (s := statuses[job.identity]).state == FINISHED}
    agreed = _agreed(results, table.id, side_by_side)
    versions = {name: version for (_, name), version in agreed.items() if name}
    data, provider = ", ".join(dict.fromkeys(job.data for job in jobs)), agreed["provider", ""]
    evaluation = ", ".join(filter(None, (agreed["coco_backend", ""], *_protocols(results, table, side_by_side))))
    facts = plan.scale, tuple(seeds), data, provider, evaluation, agreed["precision", ""]
    return TableResults(table, *facts, (), versions, plan.user_data, differing=_differing(results.values()))


def _column(metric: Metric, paper: float | None, statuses: Mapping[int, Status | None]) -> _Column:
    if metric.note:
        return {}, metric.note
    tasks = {key.partition("/")[0] for key in metric.result.split(" - ")}
    values, reasons = {}, {}
    for seed, status in statuses.items():
        finished = status is not None and status.state == FINISHED
        if paper is None and finished and not tasks <= groups(status.result).keys():
            continue  # No such branch: the paper's "-" says it.
        value, reason = measure(status, metric.result)
        if value is None:
            reasons.setdefault(reason, []).append(seed)
        else:
            values[seed] = value
    texts = (r if len(statuses) == 1 else f"seed {', '.join(map(str, who))}: {r}" for r, who in reasons.items())
    return values, "; ".join(texts)


def _delta(
    delta: Delta, table: Table, columns: Mapping[str, Sequence[_Column]], seeds: int, estimator: Estimator
) -> ResultRow:
    """Difference of two rows, seed by seed, over the seeds that both have."""
    ends = table.row(delta.minuend), table.row(delta.subtrahend)
    foreign = "; ".join(f"{row.label} is not a run of ours" for row in ends if row.origin != OURS)
    differences: list[_Column] = []
    estimates: list[Estimate | None] = []
    pairs = zip(*(columns[row.id] for row in ends), strict=True)
    for metric, paper, ((upper, _), (lower, _)) in zip(table.metrics, delta.paper, pairs, strict=True):
        values = {seed: upper[seed] - lower[seed] for seed in upper if seed in lower}
        note = f"over {len(values)} of {seeds} seeds, those that both rows have"
        if len(values) == seeds or (paper is None and not values):
            note = ""
        elif not values:
            note = metric.note or foreign or "needs both rows"
        differences.append((values, note))
        of_rows = ((delta.minuend, 1), (delta.subtrahend, -1))
        of_metric = weights(metric.result)
        terms = {((table.id, row), key): sign * w for row, sign in of_rows for key, w in of_metric.items()}
        estimates.append(estimator.estimate(terms, values) if values else None)
    name = f"{delta.minuend}-{delta.subtrahend}"
    return ResultRow(name, delta.label, OURS, {}, delta.paper, *_printed(differences), True, tuple(estimates))


def _printed(columns: Sequence[_Column]) -> tuple[tuple[Value | None, ...], tuple[str, ...]]:
    """`ours` and `notes` of a row."""
    found = [(list(values.values()), note) for values, note in columns]
    ours = (Value(fmean(v), stdev(v) if len(v) > 1 else None, len(v)) if v else None for v, _ in found)
    return tuple(ours), tuple(note for _, note in found)


def _agreed(results: Mapping[Path, Mapping[str, Any]], table_id: str, must_agree: bool) -> dict[tuple[str, str], str]:
    """What the results, by folder, agree in: (key, "") of `COMMON`, "" without results; ("data_version", dataset).

    COCO backends that are equal agree, and all of them are named.
    """
    found: dict[tuple[str, str], dict[str, Path]] = {(key, ""): {} for key in COMMON}
    for folder, result in results.items():
        facts = {(key, ""): _text(result.get(key, _BEFORE.get(key, UNKNOWN))) for key in COMMON}
        versions = result.get("data_version", {})
        names = dict.fromkeys(chain(*result.get("datasets", {}).values(), versions))
        facts |= {("data_version", name): versions.get(name, UNKNOWN) for name in names}
        for key, value in facts.items():
            found.setdefault(key, {})[value] = folder
    for key, folders in found.items():
        equal = key[0] == "coco_backend" and {value.split()[0] for value in folders} <= _EQUAL_BACKENDS
        if must_agree and len(folders) > 1 and not equal:
            examples = ", ".join(f"{value} in {folder}" for value, folder in folders.items())
            raise ValueError(
                f"table {table_id}: results of different {' of '.join(filter(None, key))} cannot stand in one table: "
                f"{examples}; run the rows anew with another --output"
            )
    return {key: ", ".join(sorted(folders)) for key, folders in found.items()}


def _differing(results: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What of `_MAY_DIFFER` the results differ in: "torch 2.6.0, 2.9.1"; nothing of what one of them does not say."""
    found: dict[str, dict[str, None]] = {name: {} for name in _MAY_DIFFER}
    for result in results:
        for name, fact in _MAY_DIFFER.items():
            if (value := fact(result)) is not None:
                found[name][str(value)] = None
    return tuple(f"{name} {', '.join(sorted(values))}" for name, values in found.items() if len(values) > 1)


def _protocols(results: Mapping[Path, Mapping[str, Any]], table: Table, must_agree: bool) -> list[str]:
    """ "segm by cityscapesscripts 2.3.0" for each task of a table, or of all, whose protocol is not COCO's."""
    tasks = {key.partition("/")[0] for metric in table.metrics for key in metric.result.split(" - ")}
    found: dict[str, dict[str, Path]] = {}
    for folder, result in results.items():
        of_result = result.get("protocols", {})
        for task in tasks or of_result:
            if task in result["metrics"]:
                found.setdefault(task, {})[of_result.get(task, "COCO's protocol")] = folder
    for task, folders in found.items():
        if must_agree and len(folders) > 1:
            examples = ", ".join(f"{text} in {folder}" for text, folder in folders.items())
            raise ValueError(f"table {table.id}: {task} of different protocols cannot stand in one table: {examples}")
    return [f"{task} by {text}" for task, texts in sorted(found.items()) for text in texts if text != "COCO's protocol"]


def _text(value: Any) -> str:
    """A provider is stored as {"name": ..., "detectron2": version}."""
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
