"""What each command of `python -m ablations` does with its arguments; returns the exit code."""

import argparse
import dataclasses
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import collect
from ablations.evidence.publish import publish
from ablations.evidence.sources import Source, choose_source, seeds_of
from ablations.jobs.execute import execute
from ablations.jobs.job import Job
from ablations.jobs.options import make_launcher
from ablations.jobs.plan import Plan, make_plan
from ablations.jobs.progress_view import ProgressView, progress_text
from ablations.jobs.store import BLOCKED, FAILED, FINISHED, LOG_NAME, RUNNING, WAITING, Status, read_status
from ablations.paper.selection import list_pending, select_rows, select_tables
from ablations.paper.tables import Row, Table, load_tables
from ablations.render import render
from ablations.render.published_page import write_page
from ablations.user_data import fit_to_data, name_of_data
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import disk_full_explained
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash


def _prepare(args: argparse.Namespace, opts: Sequence[str], seeds: Sequence[int] = (0,)) -> tuple[list[Table], Plan]:
    """Tables and plan of a command, for its --seeds or else `seeds`; bad input ends the program here."""
    seeds = seeds if args.seeds is None else args.seeds
    with one_line_errors("ablations"):
        if min(seeds) < 0:
            raise ValueError(f"--seeds {min(seeds)}: must be at least 0, so that a run can be repeated")
        tables = select_tables(load_tables(more=args.more_tables), args.tables)
        to_run, keys = args.command == "run", select_rows(tables, args.rows)[0]
        data, tables = fit_to_data(args.data, tables, args.scale, opts, keys, to_run)
        rows, pending = select_rows(tables, args.rows)
        if to_run:
            _report_pending(tables, rows, pending)
        output = Path(args.output).resolve()
        return tables, make_plan(rows, seeds, args.scale, output, load_cfg, config_hash, opts, data)


def _report_pending(tables: Sequence[Table], rows: Mapping[Any, Row], pending: Mapping[Any, Row]) -> None:
    """Say which rows a run skips.

    Raises:
        ValueError: nothing is left to run.
    """
    skipped = list_pending(pending)
    if not rows:
        names = ", ".join(table.id for table in tables)
        raise ValueError(f"nothing to run: {skipped or f'no row of table {names} is of this paper'}")
    if skipped:
        print(f"ablations: skipped, {skipped}", file=sys.stderr)


def list_tables(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`list`: tables, rows, and the state of each row's job of seed 0."""
    tables, plan = _prepare(args, opts)
    source = _source(args)
    states = {key[:2]: _state(source.status_of(plan.jobs[i], plan.jobs)) for key, i in plan.rows.items()}
    state_of = {(t.id, r.id): states.get((t.id, r.id)) or r.why_not_run for t in tables for r in t.rows}
    if args.format == "json":
        entries = [dataclasses.asdict(table) for table in tables]
        for entry in entries:
            for row in entry["rows"]:
                row["state"] = state_of[entry["id"], row["id"]]
        print(json.dumps(entries, indent=1, ensure_ascii=False))
        return 0
    print(f"states at scale {args.scale} under {source.folder}, seed 0\n")
    for table in tables:
        print(f"{table.id}  {table.heading}")
        lines = [[f"    {row.id}", row.label, row.config, state_of[table.id, row.id]] for row in table.rows]
        print(tabulate(lines, tablefmt="plain", disable_numparse=True, preserve_whitespace=True) + "\n")
    return 0


def _state(status: Status) -> str:
    """One or two words, but for a result that is stale."""
    return status.reason if status.state == WAITING else status.state


def run(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`run`: execute the plan, then print tables, failures and times."""
    tables, plan = _prepare(args, opts)
    jobs = plan.jobs
    with one_line_errors("ablations"):
        launcher = make_launcher(args, jobs)
        Path(args.output).mkdir(parents=True, exist_ok=True)
    view = ProgressView(jobs, launcher.workers)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with one_line_errors("ablations", OSError), disk_full_explained(args.output):
            statuses = execute(jobs, launcher, view)
    except KeyboardInterrupt:
        text = " ".join(["interrupted; the same command goes on from here.", launcher.left_behind()]).rstrip()
        print(f"\nablations: {text}", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
        view.close()
    text = _tables_text(tables, plan, args, _source(args))
    print(f"\n{text}\n{_times(jobs, statuses)}" if args.format == "md" else text, end="")
    for identity, status in statuses.items():
        if status.state in (FAILED, BLOCKED):
            print(_failure_text(jobs[identity], status), file=sys.stderr)
    if any(status.state != FINISHED for status in statuses.values()):
        print(f"ablations: {_counts(statuses)}", file=sys.stderr)
    return 0 if all(status.state == FINISHED for status in statuses.values()) else 1


def show_status(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`status`: the jobs' states, from their folders."""
    _, plan = _prepare(args, opts, _source(args).seeds)
    jobs = plan.jobs
    statuses = {identity: read_status(job, jobs) for identity, job in jobs.items()}
    if args.format == "json":
        entries = [dataclasses.asdict(jobs[i]) | dataclasses.asdict(status) for i, status in statuses.items()]
        print(json.dumps(entries, indent=1, default=str))
        return 0
    lines = []
    for identity, status in statuses.items():
        job, seconds = jobs[identity], "" if status.seconds is None else f"{status.seconds:.0f}"
        detail = progress_text(status.progress) if status.state == RUNNING else status.reason
        lines.append([job.kind, job.folder.name, status.state, seconds, detail])
    print(f"folders under {Path(args.output).resolve() / args.scale / plan.own_data}")
    print(tabulate(lines, ["kind", "folder", "state", "seconds", "detail"], disable_numparse=True))
    return 0


def print_tables(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`table`: the tables with the results there are."""
    source = _source(args, fall_back=True)
    print(_tables_text(*_prepare(args, opts, source.seeds), args, source), end="")
    return 0


def _tables_text(tables: Sequence[Table], plan: Plan, args: argparse.Namespace, source: Source) -> str:
    """The tables over the plan's seeds; of those, if none are named, over the seeds that a table has."""
    with one_line_errors("ablations"):
        planned = list(dict.fromkeys(seed for _, _, seed in plan.rows)) or [0]
        seeds = {t.id: seeds_of(t, plan, planned, source.status_of) if args.seeds is None else planned for t in tables}
        return render([collect(t, plan, seeds[t.id], source.status_of) for t in tables], args.format)


def _source(args: argparse.Namespace, fall_back: bool = False) -> Source:
    with one_line_errors("ablations"):
        own_data = name_of_data(args.data)
    return choose_source(Path(args.output).resolve(), args.scale, args.published, fall_back, own_data)


def publish_results(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`publish`: copy the results of finished jobs to where `--published` finds them, and show them all in a page."""
    _, plan = _prepare(args, opts, _source(args).seeds)
    with one_line_errors("ablations"):
        written = publish(plan.jobs.values())
        page = write_page(args.scale, args.data)
    for path in (*written, page):
        print(path)
    print(f"{len(written)} of {len(plan.jobs)} jobs are finished and published", file=sys.stderr)
    return 0 if written else 1


def _times(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> str:
    lines = [
        [jobs[identity].label, f"{status.seconds:.0f} s", "" if status.state == FINISHED else status.state]
        for identity, status in statuses.items()
        if status.seconds is not None
    ]
    return "Wall-clock time of each job\n" + tabulate(lines, tablefmt="plain", disable_numparse=True) + "\n"


def _counts(statuses: Mapping[str, Status]) -> str:
    states = [status.state for status in statuses.values()]
    return f"{len(states)} jobs: " + ", ".join(f"{states.count(s)} {s}" for s in (FINISHED, FAILED, BLOCKED))


def _failure_text(job: Job, status: Status) -> str:
    if status.state == BLOCKED:
        return f"ablations: {job.label} blocked: {status.reason}"
    first, last = f"ablations: {job.label} failed: {status.reason}", f"whole log: {job.folder / LOG_NAME}"
    return "\n    ".join((first, *status.tail, last))
