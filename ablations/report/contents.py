"""What a report shows, read from the results and the folders of runs; nothing is drawn here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ablations.claims import Claim
from ablations.findings import Finding, StatusOf, find
from ablations.job import Job
from ablations.plan import Plan
from ablations.report.curves import Curve, read_curves
from ablations.report.facts import run_facts
from ablations.report.labels import row_label
from ablations.results import TableResults, collect
from ablations.store import FINISHED, Status
from ablations.tables import Table


@dataclass(frozen=True)
class TableContent:
    """A table: its results, curves of each seed by label of the row, folders of finished runs by (label, seed)."""

    results: TableResults
    curves: Mapping[str, Sequence[Mapping[str, Curve]]] = field(default_factory=dict)
    folders: Mapping[tuple[str, int], Path] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value of ours."""
        return not any(value for row in self.results.rows for value in row.ours)


@dataclass(frozen=True)
class Contents:
    """A report: seeds of the detectors, facts by name, findings, tables, all tables by id; `has_runs`: whether folders of runs were read."""

    scale: str
    seeds: Sequence[int]
    facts: Mapping[str, str]
    findings: Sequence[Finding]
    shown: Sequence[TableContent]
    tables: Mapping[str, Table]
    has_runs: bool


def gather(
    shown: Sequence[Table],
    claims: Sequence[Claim],
    tables: Mapping[str, Table],
    plan: Plan,
    seeds: Sequence[int],
    status_of: StatusOf,
    place: str,
    has_runs: bool,
) -> Contents:
    """Read everything there is.

    Args:
        shown: Tables to show.
        claims: Claims to judge.
        tables: All tables by id.
        plan: Covers the rows of both that have a config.
        seeds: Seeds of the detectors.
        status_of: (job, all jobs) -> status; asked once for each job.
        place: Where the results are, for people.
        has_runs: Whether the jobs' folders may be read; not so for published results.

    Raises:
        ValueError: the results of a table, or of the claims, cannot stand beside each other.
    """
    statuses = {identity: status_of(job, plan.jobs) for identity, job in plan.jobs.items()}

    def known(job: Job, jobs: Mapping[str, Job]) -> Status:
        return statuses[job.identity]

    findings, evidence = find(claims, tables, plan, seeds, known)
    contents = [_content(table, plan, seeds, statuses, collect(table, plan, seeds, known), has_runs) for table in shown]
    facts = run_facts(evidence, list(statuses.values()), place)
    return Contents(plan.scale, seeds, facts, findings, contents, tables, has_runs)


def _content(
    table: Table,
    plan: Plan,
    seeds: Sequence[int],
    statuses: Mapping[str, Status],
    results: TableResults,
    has_runs: bool,
) -> TableContent:
    jobs = {
        (row_label(table, row), seed): plan.rows[table.id, row.id, seed]
        for row in table.rows
        for seed in seeds
        if has_runs and (table.id, row.id, seed) in plan.rows
    }
    curves: dict[str, list[Mapping[str, Curve]]] = {}
    for (label, _), identity in jobs.items():
        if found := read_curves(plan.jobs[identity].folder):
            curves.setdefault(label, []).append(found)
    folders = {key: plan.jobs[i].folder for key, i in jobs.items() if statuses[i].state == FINISHED}
    return TableContent(results, curves, folders)
