"""Files that a finished stage has lost, and that a job which is to run builds on: the stage runs again by itself."""

import time
from collections.abc import Mapping

from ablations.jobs.folder import FAILED, FINISHED, WAITING, Status
from ablations.jobs.job import Job
from mask_rcnn_paper.proposal_files import PROPOSALS, find_proposals
from mask_rcnn_paper.stages import PRETRAINED_WEIGHTS, WEIGHTS


def lost_files(job: Job, stage: Job) -> list[str]:
    """Names of what `job` needs of a finished stage, and is not in its folder; an empty file is not there either."""
    needed = (path for path in job.needs if path.is_relative_to(stage.folder.path))
    places = {path: find_proposals(path) if path.name == PROPOSALS else path for path in needed}
    return [path.name for path, place in places.items() if not (place and place.is_file() and place.stat().st_size)]


def mark_lost(jobs: Mapping[str, Job], statuses: dict[str, Status]) -> list[str]:
    """Let finished jobs wait that have lost what a waiting one needs; their identities.

    Nothing is looked for that no job needs: a table has its numbers without the weights that they are of.
    """
    found = []
    for identity in reversed(jobs):  # users come after their inputs
        if statuses[identity].state != WAITING:
            continue
        for i in jobs[identity].inputs:
            if statuses[i].state == FINISHED and (lost := lost_files(jobs[identity], jobs[i])):
                statuses[i] = Status(WAITING, f"lost {', '.join(dict.fromkeys(lost))}: runs again")
                found.append(i)
    return found


def run_lost_again(jobs: Mapping[str, Job], statuses: dict[str, Status], tried: set[str]) -> None:
    """Let what `mark_lost` finds run now; one that has been `tried` before, to which others are added, has failed."""
    for identity in mark_lost(jobs, statuses):
        if identity in tried:
            lost = statuses[identity].reason.partition(":")[0]
            statuses[identity] = Status(
                FAILED, f"{lost}, although it ran again: {jobs[identity].folder.log} may say why"
            )
        elif _release(jobs[identity], statuses[identity]):
            tried.add(identity)
        else:
            statuses[identity] = jobs[identity].folder.running_elsewhere()


def _release(job: Job, status: Status) -> bool:
    """Let a job run again; False where another runner is at it.

    Without its weights from nothing: a checkpoint at the end of a training makes none. Else it only evaluates anew.
    """
    weights_lost = any(name in status.reason for name in (WEIGHTS, PRETRAINED_WEIGHTS))
    try:
        job.folder.forget(checkpoint=weights_lost)
    except ValueError:
        return False
    if not weights_lost:
        job.note(status, time.time())
    return True
