"""What a command is about: made once from its arguments, and handed on."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ablations.evidence.collect import TableResults, collect
from ablations.evidence.commits import other_commit
from ablations.evidence.findings import Finding, find
from ablations.evidence.sources import Source, published_results, runs_of, runs_or_published, seeds_of
from ablations.jobs.folder import Status
from ablations.jobs.plan import Plan, make_plan
from ablations.paper.claims import Claim, claims_about, load_claims, select_claims
from ablations.paper.tables import Row, RowKey, Table, load_tables, select_rows, select_tables
from ablations.user_data import UserData, fit_to_data, parse_data
from mask_rcnn_paper.config_files import SCALES
from mask_rcnn_paper.imports import Import, find_import


@dataclass(frozen=True)
class Asked:
    """The words of a command line that say what it is about; a command that has no such option asks for the default.

    Attributes:
        scale: Name of the scale.
        output: Folder of all jobs.
        tables: Ids of tables, none for all.
        rows: Ids of rows, none for all.
        claims: Ids of claims or tables, none for all.
        seeds: Of detectors; None: those that the source has.
        data: What `--data` says.
        imports: What each `--import` names.
        more_tables: Files of tables beside the paper's.
        more_claims: Files of claims beside the paper's.
        published: Read what the repository keeps, not the runs.
        opts: KEY VALUE list.
    """

    scale: str = "paper"
    output: str = "output"
    tables: Sequence[str] = ()
    rows: Sequence[str] = ()
    claims: Sequence[str] = ()
    seeds: Sequence[int] | None = None
    data: str | None = None
    imports: Sequence[str] = ()
    more_tables: Sequence[str] = ()
    more_claims: Sequence[str] = ()
    published: bool = False
    opts: Sequence[str] = ()

    @classmethod
    def from_arguments(cls, args: argparse.Namespace, opts: Sequence[str]) -> "Asked":
        """What the parser of a command found; None counts as not said."""
        words = {name: value for name, value in vars(args).items() if name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in words.items() if value is not None}, opts=tuple(opts))


@dataclass(frozen=True)
class Query:
    """What a command is about, resolved.

    Attributes:
        asked: The words it was made from.
        output: Absolute folder of all jobs.
        data: The user's own data, None for the paper's.
        imports: Modules with the user's own components.
        source: Where results are read.
        seeds: Of detectors.
        tables: All tables by id, fitted to the data.
        shown: Those that the command shows.
        rows: Rows that can run, by (table id, row id), in printed order.
        pending: Rows of this paper that cannot: not built yet, or not for the data.
        claims: Claims that the command judges.
        plan: Jobs of the rows.
    """

    asked: Asked
    output: Path
    data: UserData | None
    imports: Sequence[Import]
    source: Source
    seeds: tuple[int, ...]
    tables: Mapping[str, Table]
    shown: Sequence[Table]
    rows: Mapping[RowKey, Row]
    pending: Mapping[RowKey, Row]
    claims: Sequence[Claim]
    plan: Plan

    @property
    def scale(self) -> str:
        """Name of the scale."""
        return self.asked.scale

    @cached_property
    def statuses(self) -> Mapping[str, Status]:
        """Status of each job of the plan by identity, read once."""
        return self.source.statuses(self.plan.jobs)

    def results(self, table: Table) -> TableResults:
        """The table with our numbers, over the seeds asked for, else over those that it has.

        Raises:
            ValueError: results that cannot stand in one table.
        """
        seeds = self.seeds
        if self.asked.seeds is None:
            seeds = seeds_of(table, self.plan, seeds, self.statuses)
        results = collect(table, self.plan, seeds, self.statuses)
        if self.source.published:  # what the repository keeps is of the commit before, or of an earlier one
            return results
        jobs = [job for row in table.rows for seed in seeds if (job := self.plan.job(table.id, row.id, seed))]
        notes = dict.fromkeys(other_commit(self.statuses[job.identity]) for job in jobs)
        return replace(results, other_commits=tuple(filter(None, notes)))

    def findings(self) -> tuple[list[Finding], TableResults]:
        """A finding for each claim, and the results of all their rows as one table; raises as `results`."""
        return find(self.claims, self.tables, self.plan, self.seeds, self.statuses)


def make_query(
    asked: Asked,
    *,
    of_tables: bool = True,
    of_claims: bool = False,
    fall_back: bool = False,
    seeds: Sequence[int] | None = None,
    to_run: bool = False,
) -> Query:
    """Resolve what a command is about.

    Args:
        asked: The words.
        of_tables: It is about tables and their rows.
        of_claims: It is about claims and their rows: those about its tables, or without tables those asked for.
        fall_back: Where nothing has been run, it shows what the repository keeps.
        seeds: Of detectors, where none are asked for; None: those that the source has.
        to_run: The rows are to be run, so what they cannot do without is an error.

    Raises:
        ValueError, FileNotFoundError, KeyError: something asked for is wrong or not there; the message says what.
    """
    if asked.scale not in SCALES:
        raise ValueError(f"scale {asked.scale!r}: choose from {', '.join(SCALES)}")
    seeds = tuple(dict.fromkeys(seeds if asked.seeds is None and seeds is not None else asked.seeds or ()))
    if asked.seeds is not None and min(seeds) < 0:
        raise ValueError(f"--seeds {min(seeds)}: must be at least 0, so that a run can be repeated")
    data, imports = parse_data(asked.data), [find_import(name) for name in asked.imports]
    output = Path(asked.output).resolve()
    tables = load_tables(more=asked.more_tables)
    shown = select_tables(tables, asked.tables) if of_tables else []
    claims = _select_claims(asked, tables, shown if of_tables else None) if of_claims else []
    keys = _keys(shown, asked.rows, claims)
    source = _choose_source(asked, output, data, fall_back)
    if data is not None:
        fitted = fit_to_data(tables.values(), data, asked.scale, asked.opts, keys, to_run)
        tables = {table.id: table for table in fitted}
        shown = [tables[table.id] for table in shown]
    rows = {key: tables[key[0]].row(key[1]) for key in keys}
    can_run = {key: row for key, row in rows.items() if row.config}
    seeds = seeds or tuple(source.seeds)
    plan = make_plan(can_run, seeds, asked.scale, output, asked.opts, data, imports)
    pending = {key: row for key, row in rows.items() if not row.config}
    return Query(asked, output, data, imports, source, seeds, tables, shown, can_run, pending, claims, plan)


def _select_claims(asked: Asked, tables: Mapping[str, Table], shown: Sequence[Table] | None) -> list[Claim]:
    claims = load_claims(tables, more=asked.more_claims)
    return select_claims(claims, asked.claims) if shown is None else claims_about(claims, shown)


def _keys(shown: Sequence[Table], row_ids: Sequence[str], claims: Sequence[Claim]) -> list[RowKey]:
    """Rows of this paper that the command is about, each once."""
    of_claims = [key for claim in claims if not claim.pending for key in claim.rows]
    if not shown:
        return list(dict.fromkeys(of_claims))
    return list(dict.fromkeys([*select_rows(shown, row_ids), *of_claims]))


def _choose_source(asked: Asked, output: Path, data: UserData | None, fall_back: bool) -> Source:
    name = "" if data is None else data.name
    if asked.published:
        return published_results(asked.scale, name)
    return (runs_or_published if fall_back else runs_of)(output, asked.scale, name)
