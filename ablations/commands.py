"""The commands that show results, `list`, `status`, `table`, `claims` and `publish`; each returns its exit code."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence import sources
from ablations.evidence.commits import other_commit
from ablations.evidence.sources import publish, scales_with_results
from ablations.evidence.times import publish_times
from ablations.jobs.folder import RUNNING, WAITING
from ablations.jobs.job import Job
from ablations.jobs.progress_view import progress_text
from ablations.paper.tables import list_pending
from ablations.published_page import write_page
from ablations.query import Asked, Query, make_query
from ablations.render import FOR_PROGRAMS, FORMATS, usual_format
from ablations.render.claims import claims_json, claims_text
from ablations.render.screen import claims_screen, is_terminal
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.terminal import say


def list_tables(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`list`: tables, rows, and the state of each row's job of seed 0."""
    with one_line_errors("ablations"):
        if opts:
            raise ValueError(f"list takes no KEY VALUE: {' '.join(opts)}")
        query = make_query(Asked.from_arguments(args, opts), seeds=[0])
        states = {key[:2]: _state(query, identity) for key, identity in query.plan.rows.items()}
    state_of = {(t.id, r.id): states.get((t.id, r.id)) or r.why_not_run for t in query.shown for r in t.rows}
    if args.format == "json":
        entries = [dataclasses.asdict(table) for table in query.shown]
        for entry in entries:
            for row in entry["rows"]:
                row["state"] = state_of[entry["id"], row["id"]]
        say(json.dumps(entries, indent=1, ensure_ascii=False))
        return 0
    say(f"states at scale {query.scale} under {query.source.folder}, seed 0\n")
    for table in query.shown:
        say(f"{table.id}  {table.heading}")
        lines = [[f"    {row.id}", row.label, row.config, state_of[table.id, row.id]] for row in table.rows]
        say(tabulate(lines, tablefmt="plain", disable_numparse=True, preserve_whitespace=True) + "\n")
    return 0


def _state(query: Query, identity: str) -> str:
    """One or two words, but for a result that is stale or of another commit."""
    status = query.statuses[identity]
    if status.state == WAITING:
        return status.reason
    note = "" if query.source.published else other_commit(status)
    return f"{status.state}, {note}" if note else status.state


def show_status(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`status`: the jobs' states, from their folders."""
    with one_line_errors("ablations"):
        query = make_query(Asked.from_arguments(args, opts))
        jobs, statuses = query.plan.jobs, query.statuses
    if args.format == "json":
        entries = [dataclasses.asdict(job) | _facts(job) | dataclasses.asdict(statuses[i]) for i, job in jobs.items()]
        say(json.dumps(entries, indent=1, default=str))
        return 0
    lines = []
    for identity, status in statuses.items():
        job, seconds = jobs[identity], "" if status.seconds is None else f"{status.seconds:.0f}"
        detail = progress_text(status.progress) if status.state == RUNNING else status.reason or other_commit(status)
        lines.append([job.kind, job.folder.path.name, status.state, seconds, detail])
    say(f"folders under {query.source.folder}")
    say(tabulate(lines, ["kind", "folder", "state", "seconds", "detail"], disable_numparse=True))
    if query.pending:
        say(f"without a job: {list_pending(query.pending)}")
    return 0


def _facts(job: Job) -> dict[str, Any]:
    folder = job.folder
    return {"name": folder.name, "folder": folder.path, "config_hash": folder.config_hash, "command": job.command()}


def print_tables(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`table`: the tables with the results there are."""
    with one_line_errors("ablations"):
        query = make_query(Asked.from_arguments(args, opts), fall_back=True)
        form = args.format or usual_format()
        results = [query.results(table, everything=form in FOR_PROGRAMS) for table in query.shown]
        text = FORMATS[form](results)
    say(text, end="")
    if all(result.is_empty for result in results):
        _point_to_results(query)
    return 0


def _point_to_results(query: Query) -> None:
    """Say at which other scales there are results."""
    others = scales_with_results(query.output, query.data.name if query.data else "")
    if found := " or ".join(f"--scale {scale}" for scale in others if scale != query.scale):
        say(f"ablations: no results at scale {query.scale}: {found} has some", file=sys.stderr)


def judge_claims(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`claims`: print a verdict for each claim."""
    with one_line_errors("ablations"):
        query = make_query(Asked.from_arguments(args, opts), of_tables=False, of_claims=True, fall_back=True)
        findings, evidence = query.findings()
    text = claims_screen if is_terminal() else claims_text
    say({"text": text, "json": claims_json}[args.format](findings, evidence), end="")
    return 0


def publish_results(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`publish`: copy the results of finished jobs to where `--published` finds them, and show them all in a page."""
    with one_line_errors("ablations"):
        query = make_query(Asked.from_arguments(args, opts))
        written = publish(query.plan.jobs.values())
        times = publish_times(query.source.folder, sources.PUBLISHED / query.scale / query.plan.user_data)
        page = write_page(query)
    for path in (*written, *times, page):
        say(path)
    say(f"{len(written)} of {len(query.plan.jobs)} jobs are finished and published", file=sys.stderr)
    return 0 if written else 1
