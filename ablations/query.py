"""What a command is about: made once from its arguments, and handed on."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ablations.evidence.by_hand import place, read_by_hand
from ablations.evidence.collect import TableResults, collect
from ablations.evidence.commits import other_commit
from ablations.evidence.estimates import Estimator
from ablations.evidence.everything import with_everything
from ablations.evidence.findings import Finding, find
from ablations.evidence.image_replicates import ImageReplicates
from ablations.evidence.sources import Source, find_source, seeds_of
from ablations.jobs.folder import FINISHED, Status
from ablations.jobs.job import Job
from ablations.jobs.plan import DETECTORS, Plan, make_plan
from ablations.paper.claims import Claim, claims_about, load_claims, select_claims
from ablations.paper.tables import OURS, Row, RowKey, Table, load_tables, runs_of, select_rows, select_tables
from ablations.user_data import UserData, fit_to_data, parse_data
from mask_rcnn_paper.config_files import SCALES
from mask_rcnn_paper.imports import Import, find_import

# As config_checks.py has it, for which a command that reads need not wait.
_HIGHEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Asked:
    """The words of a command line that say what it is about; a command that has no such option asks for the default.

    No ids of tables, rows or claims stand for all; no `seeds` for those that the source has. `more_tables` and
    `more_claims` are files beside the paper's. `results` are folders of what was trained by hand. `published`: read
    what the repository keeps, not the runs. `vary`: what seeds vary, of `plan.VARY`.
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
    results: Sequence[str] = ()
    published: bool = False
    vary: str = DETECTORS
    opts: Sequence[str] = ()

    @classmethod
    def from_arguments(cls, args: argparse.Namespace, opts: Sequence[str]) -> "Asked":
        """What the parser of a command found; None counts as not said."""
        words = {name: value for name, value in vars(args).items() if name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in words.items() if value is not None}, opts=tuple(opts))


@dataclass(frozen=True)
class Query:
    """What a command is about, resolved.

    `tables` are all tables by id, fitted to the user's own data if there are any; `shown` those that the command shows.
    `rows` can run, `pending` cannot though they are of this paper: not built yet, or not for the data; both in printed
    order. `claims` are to be judged. `source` is where results are read, `plan` has the jobs of the rows. `by_hand`
    says by table which rows were trained by hand.
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
    by_hand: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def scale(self) -> str:
        """Name of the scale."""
        return self.asked.scale

    @cached_property
    def statuses(self) -> Mapping[str, Status]:
        """Status of each job of the plan by identity, read once."""
        return self.source.statuses(self.plan.jobs)

    def has_folder(self, job: Job) -> bool:
        """Whether a job's result is read from its own folder, where its log is too."""
        return not self.source.published or job.identity in self.source.by_hand

    def results(self, table: Table, everything: bool = False) -> TableResults:
        """The table with our numbers, over the seeds asked for, else over those that it has; raises as `collect`.

        With `everything` also what it does not print, for programs.
        """
        seeds = self.seeds
        if self.asked.seeds is None:
            seeds = seeds_of(table, self.plan, seeds, self.statuses)
        results = collect(table, self.plan, seeds, self.statuses, self.estimator)
        results = replace(results, by_hand=self.by_hand.get(table.id, ()))
        if everything:
            results = with_everything(results, self.plan, self.statuses, self.estimator)
        if self.source.published:  # what the repository keeps is of the commit before, or of an earlier one
            return results
        jobs = [job for row in table.rows for seed in seeds if (job := self.plan.job(table.id, row.id, seed))]
        notes = dict.fromkeys(other_commit(self.statuses[job.identity]) for job in jobs)
        return replace(results, other_commits=tuple(filter(None, notes)))

    def findings(self) -> tuple[list[Finding], TableResults]:
        """As `find`."""
        findings, evidence = find(self.claims, self.tables, self.plan, self.seeds, self.statuses, self.estimator)
        measured = {table_id for claim in self.claims for table_id, _ in claim.rows}
        by_hand = (text for table_id, texts in self.by_hand.items() if table_id in measured for text in texts)
        return findings, replace(evidence, by_hand=tuple(dict.fromkeys(by_hand)))

    @cached_property
    def estimator(self) -> Estimator:
        """From all results of the scale and data: those of the source, and what the repository keeps beside runs."""
        kept = find_source(self.output, self.scale, self.data.name if self.data else "", published=True)
        sources = list(dict.fromkeys((self.source, kept)))
        seeds = sorted({*self.seeds, *(seed for source in sources for seed in source.seeds)})
        try:
            plan = self._plan_of_all_rows(seeds)
        except (ValueError, KeyError, FileNotFoundError):  # KEY VALUE that suit what was asked for, and not all others
            plan, seeds = self.plan, self.seeds
        found = [self.statuses, *(source.statuses(plan.jobs) for source in sources)]
        finished = ({i: status for i, status in of.items() if status.state == FINISHED} for of in reversed(found))
        statuses = {i: status for of in finished for i, status in of.items()}
        replicates = ImageReplicates(lambda i: self.source.matches(self.plan.jobs[i], self.statuses[i]))
        return Estimator(plan, seeds, statuses, replicates)

    def _plan_of_all_rows(self, seeds: Sequence[int]) -> Plan:
        tables = self.tables
        keys = [(table.id, row.id) for table in tables.values() for row in table.rows if row.origin == OURS]
        if self.data:
            fitted = fit_to_data(tables.values(), self.data, self.scale, self.asked.opts, keys, to_run=False)
            tables = {table.id: table for table in fitted}
        rows = {(table_id, row_id): tables[table_id].row(row_id) for table_id, row_id in keys}
        can_run = {key: row for key, row in rows.items() if row.config}
        asked, runs = self.asked, runs_of(self.tables.values())
        return make_plan(can_run, seeds, self.scale, self.output, asked.opts, self.data, self.imports, asked.vary, runs)


def _output(folder: str) -> Path:
    try:
        Path(folder).is_dir()  # a name that is too long
        return Path(folder).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, before Python 3.13, and a null character
        reason = getattr(error, "strerror", None) or str(error)[:60]
        raise ValueError(f"--output {folder[:60]!r} is no place for a folder ({reason}): name another") from error


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
    chosen = tuple(dict.fromkeys((seeds if asked.seeds is None else asked.seeds) or ()))
    if chosen and min(chosen) < 0:
        raise ValueError(f"--seeds {min(chosen)}: must be at least 0, so that a run can be repeated")
    if chosen and max(chosen) > _HIGHEST_SEED:
        raise ValueError(f"--seeds {max(chosen)}: must be at most {_HIGHEST_SEED}")
    data, imports = parse_data(asked.data), [find_import(name) for name in asked.imports]
    tables = load_tables(more=asked.more_tables)
    shown = select_tables(tables, asked.tables) if of_tables else []
    claims: list[Claim] = []
    if of_claims:
        known = load_claims(tables, more=asked.more_claims)
        claims = claims_about(known, [t.id for t in shown]) if of_tables else select_claims(known, asked.claims)
    measured = (key for claim in claims if not claim.pending for key in claim.rows)
    keys = list(dict.fromkeys([*select_rows(shown, asked.rows), *measured]))
    output, name = _output(asked.output), data.name if data else ""
    by_hand = read_by_hand(asked.results, asked.scale)
    # What one has trained oneself is shown beside published results where these are asked for, and not by surprise.
    fall_back = fall_back and not by_hand
    source = find_source(output, asked.scale, name, published=asked.published, fall_back=fall_back)
    if data is not None:
        fitted = fit_to_data(tables.values(), data, asked.scale, asked.opts, keys, to_run)
        tables = {table.id: table for table in fitted}
        shown = [tables[table.id] for table in shown]
    rows = {key: tables[key[0]].row(key[1]) for key in keys}
    can_run = {key: row for key, row in rows.items() if row.config}
    pending = {key: row for key, row in rows.items() if not row.config}
    chosen = tuple(dict.fromkeys((*(chosen or source.seeds), *(hand.seed for hand in by_hand))))
    runs = runs_of(tables.values())
    plan = make_plan(can_run, chosen, asked.scale, output, asked.opts, data, imports, asked.vary, runs)
    placed = place(by_hand, plan, tables, [table.id for table in shown] if asked.tables else [])
    source, shown = replace(source, by_hand=placed.identities), [placed.tables[table.id] for table in shown]
    about = placed.tables, shown, can_run, pending, claims
    return Query(asked, output, data, imports, source, chosen, *about, placed.plan, placed.said)
