"""What a report shows, read from the results and the folders of runs; nothing is drawn here."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablations.evidence.collect import TableResults
from ablations.evidence.commits import short_commit
from ablations.evidence.findings import Finding
from ablations.evidence.shown_scores import USUAL_RULE, ScoreRule
from ablations.jobs.folder import FINISHED, Status
from ablations.paper.tables import Table
from ablations.query import Query
from ablations.render.names import row_label
from ablations.render.units import duration, gigabytes
from ablations.report.runs import RowRuns, runs_of_rows
from ablations.user_data import classes_of

NO_PREDICTIONS = "no finished run has left predictions"
RESULTS = "coco_instances_results.json"
# That the head of a page names; COCO has 80.
_MOST_CLASSES = 20


@dataclass(frozen=True)
class TableContent:
    """A table: its results, and by (label of the row, seed) what its runs left, to be read by who shows it.

    `runs` are the folders of all runs, finished or not; `predictions` those of finished ones, files by dataset;
    `matches` files of what their evaluations matched, which published results have too. `of_rows` has the configs,
    logs, times and memory of the rows.
    """

    results: TableResults
    runs: Mapping[tuple[str, int], Path] = field(default_factory=dict)
    predictions: Mapping[tuple[str, int], Mapping[str, Path]] = field(default_factory=dict)
    matches: Mapping[tuple[str, int], Path] = field(default_factory=dict)
    of_rows: Sequence[RowRuns] = ()


@dataclass(frozen=True)
class Contents:
    """A report: `facts` by name, `shown` tables, and all `tables` by id, which the claims name rows of.

    `rule` says which predictions are drawn; `own_data` names the user's own data, "" for the paper's: of these there
    are no findings, since no claim of the paper is about them.
    """

    scale: str
    seeds: Sequence[int]
    facts: Mapping[str, str]
    findings: Sequence[Finding]
    shown: Sequence[TableContent]
    tables: Mapping[str, Table]
    has_runs: bool
    rule: ScoreRule = USUAL_RULE
    own_data: str = ""


def gather(query: Query, rule: ScoreRule = USUAL_RULE, page: Path = Path("report.html")) -> Contents:
    """Read everything there is on tables and claims; pictures are drawn by the `rule`, links start from the `page`.

    Raises:
        ValueError: the results of a table, or of the claims, cannot stand beside each other.
    """
    published, folder = query.source.published, query.source.folder
    findings = [] if query.data else query.findings()[0]
    contents = [_table_content(table, query, page) for table in query.shown]
    if published:
        place = f"published with the project, ablations/results/{query.scale}"
    else:  # What lies above the current folder is nobody's business who reads the report.
        place = str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
    facts = run_facts(query.scale, query.seeds, list(query.statuses.values()), place)
    own_data = ""
    if query.data:
        own_data = query.data.name
        facts = {"own data": own_data, "classes": _listed(classes_of(query.data)), **facts}
    return Contents(query.scale, query.seeds, facts, findings, contents, query.tables, not published, rule, own_data)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_CLASSES
    return ", ".join(names[:_MOST_CLASSES]) + (f" and {more} more" if more > 0 else "")


def _table_content(table: Table, query: Query, page: Path) -> TableContent:
    results, of_rows = query.results(table), runs_of_rows(table, query, page)
    runs, predictions, matches = {}, {}, {}
    for row, seed in itertools.product(table.rows, query.seeds):
        if job := query.plan.job(table.id, row.id, seed):
            key, status = (row_label(table, row), seed), query.statuses[job.identity]
            runs[key] = job.folder.path
            if status.state == FINISHED:
                predictions[key] = predictions_of(runs[key])
                if file := query.source.matches_file(job, status):
                    matches[key] = file
    return (
        TableContent(results, matches=matches, of_rows=of_rows)
        if query.source.published
        else TableContent(results, runs, predictions, matches, of_rows)
    )


def commonest(seeds: Iterable[int]) -> int:
    """The seed that occurs most often, of equals the first; 0 without any."""
    counts = Counter(seeds)
    return max(sorted(counts), key=lambda seed: counts[seed], default=0)


def predictions_of(folder: Path) -> dict[str, Path]:
    """Files of predictions that the evaluations of a job left, by the name of the dataset."""
    return {path.parent.name: path for path in sorted((folder / "inference").glob(f"*/{RESULTS}"))}


def run_facts(scale: str, seeds: Sequence[int], statuses: Sequence[Status], place: str) -> dict[str, str]:
    """Facts for the head of a report, in the order to be shown; what no result says is left out.

    The `statuses` are of all jobs, stages before the detectors included; `place` is where the results were read from.
    """
    finished = [status for status in statuses if status.state == FINISHED]
    results = [status.result for status in finished]
    facts = {
        "scale": scale,
        "seeds": ", ".join(map(str, seeds)),
        "jobs": f"{len(finished)} of {len(statuses)} finished",
        "data": _different(f"{name} {version}" for r in results for name, version in r.get("data_version", {}).items()),
        "provider": _different(" ".join(map(str, r.get("provider", {}).values())) for r in results),
        "COCO evaluation": _different(result.get("coco_backend") for result in results),
        "torch": _different(result.get("versions", {}).get("torch") for result in results),
        "device": _different(result.get("device") for result in results),
        "commit": _different(short_commit(result.get("git_commit") or "") for result in results),
        "finished": _span(results),
        "computing time": duration(sum(status.seconds or 0 for status in finished)) if finished else "",
        "largest memory": _largest_memory(results),
        "results": place,
    }
    return {name: text for name, text in facts.items() if text}


def _largest_memory(results: Sequence[Mapping[str, Any]]) -> str:
    """Of a process, "" where no result says it."""
    found = [memory for result in results if (memory := result.get("peak_memory", {}).get("process"))]
    return gigabytes(max(found)) if found else ""


def _different(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(filter(None, values)))


def _span(results: Sequence[Mapping[str, Any]]) -> str:
    """When the first and the last of these were written, to the minute."""
    times = sorted(f"{time[:10]} {time[11:16]}" for result in results if (time := result.get("finished")))
    return f"{' to '.join(dict.fromkeys((times[0], times[-1])))} UTC" if times else ""
