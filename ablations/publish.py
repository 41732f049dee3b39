"""Results kept in the repository, so that a reader sees our numbers without training: `ablations/results/<scale>/`.

A published result is a job's result.json under the name of its folder, which holds the identity of its config and
inputs: a result whose recipe has changed since is not found, and never shown for another recipe.
README.md beside them shows all tables. Those of the user's own data are in a folder of its name below the scale's.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ablations.job import Job
from ablations.own_data import fit_to_data, parse_data
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


def published_folder(scale: str, own_data: str = "") -> Path:
    """Folder of the published results of a scale, and of the user's own data of this name."""
    return PUBLISHED / scale / own_data


def published_file(job: Job) -> Path:
    """Where the result of a job is published: `results/<scale>/<kind>/<name>-<hash8>.json`."""
    # <scale>/[<own data>/]<kind>/<name>
    depth = 4 if job.own_data else 3
    return PUBLISHED.joinpath(*job.folder.parts[-depth:-1], f"{job.folder.name}.json")


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


def write_page(scale: str, data: str | None = None) -> Path:
    """Write `published_page` as README.md beside the published results, and return its path."""
    folder = published_folder(scale, parse_data(data).name if data else "")
    write_text_atomically(folder / "README.md", published_page(scale, data))
    return folder / "README.md"


def published_page(scale: str, data: str | None = None) -> str:
    """All tables that have a published result, over all published seeds, as a page in Markdown.

    Args:
        scale: Name of the scale.
        data: What `--data` says, for the page of the user's own data.
    """
    tables = list(load_tables().values())
    own, tables = fit_to_data(data, tables, scale, (), keys=select_rows(tables, [])[0], to_run=False)
    folder = published_folder(scale, own.name if own else "")
    seeds = sorted({read_json(path)["seed"] for path in (folder / "detector").glob("*.json")}) or [0]
    plan = make_plan(select_rows(tables, [])[0], seeds, scale, PUBLISHED, load_cfg, config_hash, own_data=own)
    results = [collect(table, plan, seeds, published_status) for table in tables]
    shown = [result for result in results if any(value for row in result.rows for value in row.ours)]
    names = " ".join(result.table.id for result in shown)
    # Without the user's paths.
    on = " --data FILE.yaml" if own else ""
    command = f"python -m ablations run {names}{on} --scale {scale} --seeds {' '.join(map(str, seeds))}"
    return f"{_PAGE_HEAD.format(scale=scale, command=command)}\n{render(shown, 'md')}"
