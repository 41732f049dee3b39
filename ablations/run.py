"""`run`: execute the plan, then print tables, failures and times."""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from ablations.evidence.sources import PUBLISHED
from ablations.jobs.execute import Launcher, execute
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, WAITING, Status
from ablations.jobs.job import Job, read_statuses
from ablations.jobs.known_times import with_known_times
from ablations.jobs.launcher import make_launcher
from ablations.jobs.lost_files import mark_lost
from ablations.jobs.progress_estimate import estimate
from ablations.jobs.progress_view import ProgressView, clock
from ablations.jobs.rehearsal import rehearse
from ablations.jobs.required_data import require_data
from ablations.paper.tables import list_pending
from ablations.query import Asked, Query, make_query
from ablations.render import FOR_PROGRAMS, FOR_READERS, FORMATS, usual_format
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import disk_full_explained
from mask_rcnn_paper.terminal import say


def run(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`run`; returns 0, or 1 if a job failed, 130 after Ctrl-C; bad input ends the program with 2."""
    with one_line_errors("ablations"):
        query = make_query(Asked.from_arguments(args, opts), seeds=[0], to_run=True)
        _report_pending(query)
        jobs = with_known_times(query.plan.jobs, PUBLISHED / query.scale)
        launcher = make_launcher(args, jobs)
        if args.dry_run:
            say(_planned(jobs, query.statuses, launcher), end="")
            return 0
        if opts or query.imports:  # our own configs need no rehearsal
            rehearse(jobs.values(), query.imports)
        if args.launcher == "local":  # nodes of a cluster may have data that a login node has not
            require_data(jobs, read_statuses(jobs), query.imports)
        query.output.mkdir(parents=True, exist_ok=True)
        if args.force:
            for job in jobs.values():
                job.folder.forget()
    statuses = _execute(jobs, launcher, query.output)
    if statuses is None:
        return 130
    with one_line_errors("ablations"):
        form = args.format or usual_format()
        everything = form in FOR_PROGRAMS
        text = FORMATS[form]([query.results(table, everything) for table in query.shown])
    say(f"\n{text}\n{_times(jobs, statuses)}" if form in FOR_READERS else text, end="")
    for identity, status in statuses.items():
        if status.state == FAILED:
            say(_failure_text(jobs[identity], status), file=sys.stderr)
    if blocked := [jobs[identity].label for identity, status in statuses.items() if status.state == BLOCKED]:
        say(f"ablations: blocked by that: {', '.join(blocked)}", file=sys.stderr)
    states = [status.state for status in statuses.values()]
    if all(state == FINISHED for state in states):
        return 0
    counts = ", ".join(f"{states.count(state)} {state}" for state in (FINISHED, FAILED, BLOCKED))
    say(f"ablations: {len(states)} jobs: {counts}", file=sys.stderr)
    return 1


def _execute(jobs: Mapping[str, Job], launcher: Launcher, output: Path) -> dict[str, Status] | None:
    """Final statuses, or None after Ctrl-C, which is reported here."""
    view = ProgressView(jobs, launcher.workers)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with one_line_errors("ablations", OSError), disk_full_explained(output):
            return execute(jobs, launcher, view)
    except KeyboardInterrupt:
        view.close()  # before the text: the terminal's lines go below what is printed
        text = f"interrupted; the same command goes on from here. {launcher.left_behind()}".rstrip()
        say(f"ablations: {text}", file=sys.stderr)
        return None
    finally:
        signal.signal(signal.SIGTERM, before)
        view.close()


def _report_pending(query: Query) -> None:
    """Say which rows a run skips; ValueError if nothing is left to run."""
    skipped = list_pending(query.pending)
    if not query.rows:
        names = ", ".join(table.id for table in query.shown)
        raise ValueError(f"nothing to run: {skipped or f'no row of table {names} is of this paper'}")
    if skipped:
        say(f"ablations: skipped, {skipped}", file=sys.stderr)


def _planned(jobs: Mapping[str, Job], states: Mapping[str, Status], launcher: Launcher) -> str:
    """What a run would do: each job with its state, what it costs and waits for, and its command."""
    statuses = {
        i: status if status.state == FINISHED else replace(status, state=WAITING) for i, status in states.items()
    }
    lost = mark_lost(jobs, statuses)
    expected = estimate(jobs, statuses, launcher.workers)
    lines = []
    for identity, job in jobs.items():
        cost = f"about {clock(expected.left[identity])}" if identity in expected.left else ""
        state = WAITING if identity in lost else states[identity].state
        lines.append([job.label, state, cost, ", ".join(jobs[i].label for i in job.inputs)])
    grid = tabulate(lines, ["job", "state", "cost", "needs"], disable_numparse=True)
    commands = "\n".join(f"  {launcher.describe(job)}" for i, job in jobs.items() if i in expected.left)
    cost = f"about {clock(expected.seconds)} with {launcher.workers} at once"
    total = f"{len(expected.left)} of {len(jobs)} jobs to run, {cost}"
    return "\n\n".join(filter(None, (grid, total, commands))) + "\n"


def _times(jobs: Mapping[str, Job], statuses: Mapping[str, Status]) -> str:
    lines = [
        [jobs[identity].label, f"{status.seconds:.0f} s", "" if status.state == FINISHED else status.state]
        for identity, status in statuses.items()
        if status.seconds is not None
    ]
    return "Wall-clock time of each job\n" + tabulate(lines, tablefmt="plain", disable_numparse=True) + "\n"


def _failure_text(job: Job, status: Status) -> str:
    first = f"ablations: {job.label} failed: {status.reason}"
    return "\n    ".join((first, *status.tail, f"whole log: {job.folder.log}"))
