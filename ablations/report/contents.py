"""What a report shows, read from the results and the folders of runs; nothing is drawn here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ablations.evidence.collect import TableResults
from ablations.evidence.findings import Finding
from ablations.jobs.status import FINISHED
from ablations.paper.tables import Table
from ablations.query import Query
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


def gather(query: Query) -> Contents:
    """Read everything there is.

    Args:
        query: About tables and claims.

    Raises:
        ValueError: the results of a table, or of the claims, cannot stand beside each other.
    """
    findings, _ = query.findings()
    contents = []
    for table in query.shown:
        runs = ({}, {}) if query.source.published else _runs(table, query)
        contents.append(TableContent(query.results(table), *runs))
    folder = query.source.folder
    place = f"published with the project, ablations/results/{query.scale}" if query.source.published else _shown(folder)
    facts = run_facts(query.scale, query.seeds, list(query.statuses.values()), place)
    return Contents(query.scale, query.seeds, facts, findings, contents, query.tables, not query.source.published)


def _shown(folder: Path) -> str:
    """Without what lies above the current folder, which is nobody's business who reads the report."""
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)


def _runs(table: Table, query: Query) -> tuple[dict[str, list[Mapping[str, Curve]]], dict[tuple[str, int], Path]]:
    """Curves and folders of a table. Runs that failed or go on have curves too."""
    curves: dict[str, list[Mapping[str, Curve]]] = {}
    folders: dict[tuple[str, int], Path] = {}
    for row in table.rows:
        label = row_label(table, row)
        for seed in query.seeds:
            job = query.plan.job(table.id, row.id, seed)
            if job is None:
                continue
            if found := read_curves(job.folder.path):
                curves.setdefault(label, []).append(found)
            if query.statuses[job.identity].state == FINISHED:
                folders[label, seed] = job.folder.path
    return curves, folders
