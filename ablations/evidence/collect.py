"""Collect the results of a table's rows: mean and spread over the seeds, or the reason why there is none."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from ablations.evidence.agreement import agreed, differing, protocols
from ablations.evidence.estimates import Estimator
from ablations.evidence.measure import groups, measure
from ablations.jobs.folder import FINISHED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import BY_HAND, OURS, Delta, Metric, Row, RowKey, Table
from ablations.paper.terms import weights
from ablations.statistics.estimate import Estimate

# Of tasks that a model may have no branch for.
_BRANCHES = {"segm": "mask", "keypoints": "keypoint"}
# A metric of a row: its values by seed, and why others have none.
_Column = tuple[Mapping[int, float], str]


@dataclass(frozen=True)
class Value:
    """Mean over `count` seeds, and their sample standard deviation (None for one seed)."""

    mean: float
    spread: float | None
    count: int

    @classmethod
    def of(cls, by_seed: Mapping[int, float]) -> "Value | None":
        """Of values by seed; None without any."""
        found = list(by_seed.values())
        return cls(fmean(found), stdev(found) if len(found) > 1 else None, len(found)) if found else None


@dataclass(frozen=True)
class Other:
    """A metric that a table does not print: its values by seed, at least one, and how uncertain their mean is."""

    by_seed: Mapping[int, float]
    estimate: Estimate | None = None


@dataclass(frozen=True)
class ResultRow:
    """A printed row. Per metric: our value or None, and in `notes` what is missing and why ("": nothing).

    `by_seed` has the values of each metric. A difference of two rows has `estimates` too, or None: how uncertain it is.
    So have other rows `with_everything`, and then `others` is all that their results have besides, by metric.
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
    by_seed: tuple[Mapping[int, float], ...] = ()
    others: Mapping[str, Other] = field(default_factory=dict)


@dataclass(frozen=True)
class TableResults:
    """A table with our numbers.

    `data` names data sets, `data_versions` has the version of each that a result names; `provider`, `coco_backend` and
    `precision` are "" without a result. `coco_backend` names protocols that are not COCO's too: "segm by ...".
    `own_data` names the user's own data, "" for the paper's; `differing` says what may differ among results, and does;
    `other_commits` says of runs that they are of other code than is here; `by_hand` names rows that were trained by
    hand, and where.
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
    by_hand: tuple[str, ...] = ()

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
    rows = []
    for row in table.rows:
        jobs = {seed: plan.job(table.id, row.id, seed) for seed in seeds}
        by_seed = {seed: statuses.get(job.identity) if job else None for seed, job in jobs.items()}
        if row.origin == BY_HAND:  # of one seed, and no other is missing
            by_seed = {seed: status for seed, status in by_seed.items() if status}
        lacking = _lacking(job.branches for job in jobs.values() if job)
        pairs = zip(table.metrics, row.paper, strict=True)
        columns[row.id] = [
            _column(*pair, by_seed, lacking) if row.can_be_measured else ({}, row.why_not_run) for pair in pairs
        ]
        if row.origin == BY_HAND:
            columns[row.id] = [(values, "; ".join(filter(None, (row.source, n)))) for values, n in columns[row.id]]
        ours, notes, values = _printed(columns[row.id])
        about = row.id, row.label, row.origin, row.descriptors, row.paper
        rows.append(ResultRow(*about, ours, notes, by_seed=values))
    deltas = [_delta(delta, table, columns, len(seeds), estimator) for delta in table.deltas]
    return dataclasses.replace(facts, rows=(*rows, *deltas))


def _lacking(branches: Iterable[Sequence[str] | None]) -> frozenset[str]:
    """Tasks that models with these branches have none for; of a model whose branches are not known (None) no task."""
    return frozenset(task for known in branches if known is not None for task in _BRANCHES.keys() - {*known})


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
    common = agreed(results, table.id, side_by_side)
    versions = {name: version for (_, name), version in common.items() if name}
    data, provider = ", ".join(dict.fromkeys(job.data for job in jobs)), common["provider", ""]
    evaluation = ", ".join(filter(None, (common["coco_backend", ""], *protocols(results, table, side_by_side))))
    facts = plan.scale, tuple(seeds), data, provider, evaluation, common["precision", ""]
    return TableResults(table, *facts, (), versions, plan.user_data, differing=differing(results.values()))


def _column(
    metric: Metric, paper: float | None, statuses: Mapping[int, Status | None], lacking: frozenset[str]
) -> _Column:
    """A metric of a row whose model has no branch for the tasks `lacking`."""
    if metric.note:
        return {}, metric.note
    tasks = {key.partition("/")[0] for key in metric.result.split(" - ")}
    if none := [name for task, name in _BRANCHES.items() if task in tasks & lacking]:
        return {}, f"the row has no {' and no '.join(none)} branch"
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
    for metric, paper, (of_upper, of_lower) in zip(table.metrics, delta.paper, pairs, strict=True):
        (upper, _), (lower, _) = of_upper, of_lower
        values = {seed: upper[seed] - lower[seed] for seed in upper if seed in lower}
        note = f"over {len(values)} of {seeds} seeds, those that both rows have"
        if len(values) == seeds or (paper is None and not values):
            note = ""
        elif not values:
            note = metric.note or foreign or _why_no_difference(ends, columns, (of_upper, of_lower))
        differences.append((values, note))
        of_rows = ((delta.minuend, 1), (delta.subtrahend, -1))
        of_metric = weights(metric.result)
        terms = {((table.id, row), key): sign * w for row, sign in of_rows for key, w in of_metric.items()}
        estimates.append(estimator.estimate(terms, values) if values else None)
    name = f"{delta.minuend}-{delta.subtrahend}"
    ours, notes, by_seed = _printed(differences)
    return ResultRow(name, delta.label, OURS, {}, delta.paper, ours, notes, True, tuple(estimates), by_seed)


def _why_no_difference(
    ends: Sequence[Row], columns: Mapping[str, Sequence[_Column]], of_ends: Sequence[_Column]
) -> str:
    """What is missing of two rows in a metric: a whole row, or this metric of one that has others."""
    if not all(any(values for values, _ in columns[row.id]) for row in ends):
        return "needs both rows"
    reasons = (f"{row.label}: {note}" for row, (values, note) in zip(ends, of_ends, strict=True) if not values and note)
    return "; ".join(reasons) or "no seed that both rows have"


def _printed(
    columns: Sequence[_Column],
) -> tuple[tuple[Value | None, ...], tuple[str, ...], tuple[Mapping[int, float], ...]]:
    """`ours`, `notes` and `by_seed` of a row."""
    ours = tuple(Value.of(values) for values, _ in columns)
    return ours, tuple(note for _, note in columns), tuple(values for values, _ in columns)
