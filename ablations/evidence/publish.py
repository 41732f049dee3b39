"""Results kept in the repository, so that a reader sees our numbers without training: `ablations/results/<scale>/`.

A published result is a job's result.json under the name of its folder, which holds the identity of its config and
inputs: a result whose recipe has changed since is not found, and never shown for another recipe.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ablations.jobs.job import Job
from ablations.jobs.store import WAITING, Status, load_finished, status_of_result
from mask_rcnn_paper.files import read_json, write_json_atomically

PUBLISHED = Path(__file__).parents[1] / "results"


def published_folder(scale: str, own_data: str = "") -> Path:
    """Folder of the published results of a scale, and there of the user's own data of this name."""
    return PUBLISHED / scale / own_data


def published_file(job: Job) -> Path:
    """Where the result of a job is published: `results/<scale>/<kind>/<name>-<hash8>.json`, as the job's own folder."""
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
