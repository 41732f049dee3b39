"""What a report shows, read from the results and the folders of runs; nothing is drawn here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ablations.evidence.collect import TableResults, collect
from ablations.evidence.findings import Finding, find
from ablations.evidence.sources import Source, seeds_of
from ablations.jobs.job import Job
from ablations.jobs.plan import Plan
from ablations.jobs.store import FINISHED, Status
from ablations.paper.claims import Claim
from ablations.paper.tables import Table
from ablations.report.curves import Curve, read_curves
from ablations.report.facts import run_facts
from ablations.report.labels import row_label


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
    """A report: `facts` by name, `shown` tables, and all `tables` by id, which the claims name rows of."""

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
    source: Source,
) -> Contents:
    """Read everything there is.

    Args:
        shown: Tables to show.
        claims: Claims to judge.
        tables: All tables by id.
        plan: Covers the rows of both that have a config.
        seeds: Seeds of the detectors.
        source: Asked once for each job.

    Raises:
        ValueError: the results of a table, or of the claims, cannot stand beside each other.
    """
    statuses = {identity: source.status_of(job, plan.jobs) for identity, job in plan.jobs.items()}

    def known(job: Job, jobs: Mapping[str, Job]) -> Status:
        return statuses[job.identity]

    findings, _ = find(claims, tables, plan, seeds, known)
    contents = []
    for table in shown:
        results = collect(table, plan, seeds_of(table, plan, seeds, known), known)
        runs = ({}, {}) if source.published else _runs(table, plan, seeds, statuses)
        contents.append(TableContent(results, *runs))
    place = f"published with the project, ablations/results/{plan.scale}" if source.published else _shown(source.folder)
    facts = run_facts(plan.scale, seeds, list(statuses.values()), place)
    return Contents(plan.scale, seeds, facts, findings, contents, tables, has_runs=not source.published)


def _shown(folder: Path) -> str:
    """Without what lies above the current folder, which is nobody's business who reads the report."""
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)


def _runs(
    table: Table, plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]
) -> tuple[dict[str, list[Mapping[str, Curve]]], dict[tuple[str, int], Path]]:
    """Curves and folders of a table. Runs that failed or go on have curves too."""
    curves: dict[str, list[Mapping[str, Curve]]] = {}
    folders: dict[tuple[str, int], Path] = {}
    for row in table.rows:
        label = row_label(table, row)
        for seed in seeds:
            identity = plan.rows.get((table.id, row.id, seed))
            if identity is None:
                continue
            folder = plan.jobs[identity].folder
            if found := read_curves(folder):
                curves.setdefault(label, []).append(found)
            if statuses[identity].state == FINISHED:
                folders[label, seed] = folder
    return curves, folders
