"""Results kept in the repository, so that a reader sees our numbers without training: `ablations/results/<scale>/`.

A published result is a job's result.json under the name of its folder, which holds the identity of its config and
inputs: a result whose recipe has changed since is not found, and never shown for another recipe.
README.md beside them shows all tables.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ablations.job import Job
from ablations.plan import make_plan
from ablations.render import render
from ablations.results import collect
from ablations.selection import select_rows
from ablations.store import WAITING, Status, load_finished, status_of_result
from ablations.tables import load_tables
from mask_rcnn_paper.files import read_json, write_json_atomically, write_text_atomically
from mask_rcnn_paper.results import config_hash
from mask_rcnn_paper.scales import load_cfg

PUBLISHED = Path(__file__).with_name("results")
_PAGE_HEAD = """# Results at {scale} scale

Written by `python -m ablations publish` from the files beside this page, which say of each run what it was: commit,
versions, seed, seconds. To make them anew:

    {command}
"""


def published_folder(scale: str) -> Path:
    """Folder of the published results of a scale."""
    return PUBLISHED / scale


def published_file(job: Job) -> Path:
    """Where the result of a job is published: `results/<scale>/<kind>/<name>-<hash8>.json`."""
    kind = job.folder.parent
    return published_folder(kind.parent.name) / kind.name / f"{job.folder.name}.json"


def publish(jobs: Iterable[Job]) -> list[Path]:
    """Copy the results of the finished jobs.

    Args:
        jobs: Jobs of a plan, in any state.

    Returns:
        The files written, in the order of `jobs`; unfinished jobs have none.
    """
    written = []
    for job in jobs:
        status = load_finished(job)
        if status is not None:
            path = published_file(job)
            # The process's own time, which includes its start: what a reader's machine would take.
            write_json_atomically(path, {**status.result, "seconds": status.seconds, "identity": job.identity})
            written.append(path)
    return written


def published_status(job: Job, jobs: Mapping[str, Job]) -> Status:
    """As `store.read_status`, of the published results instead of a folder of runs.

    Args:
        job: The job.
        jobs: Not needed: a published result stands for itself.
    """
    status = status_of_result(job, read_json(published_file(job)) or {})
    return Status(WAITING, "no published result of this recipe") if status is None else status


def write_page(scale: str) -> Path:
    """Write `published_page` as README.md beside the published results, and return its path."""
    path = published_folder(scale) / "README.md"
    write_text_atomically(path, published_page(scale))
    return path


def published_page(scale: str) -> str:
    """All tables that have a published result at this scale, over all published seeds, as a page in Markdown."""
    folder = published_folder(scale)
    seeds = sorted({read_json(path)["seed"] for path in (folder / "detector").glob("*.json")}) or [0]
    tables = list(load_tables().values())
    plan = make_plan(select_rows(tables, [])[0], seeds, scale, PUBLISHED, load_cfg, config_hash)
    results = [collect(table, plan, seeds, published_status) for table in tables]
    shown = [result for result in results if any(value for row in result.rows for value in row.ours)]
    names = " ".join(result.table.id for result in shown)
    command = f"python -m ablations run {names} --scale {scale} --seeds {' '.join(map(str, seeds))}"
    return f"{_PAGE_HEAD.format(scale=scale, command=command)}\n{render(shown, 'md')}"
