"""Whether a result was made by the code that is here now."""

from functools import cache

from ablations.jobs.folder import FINISHED, Status
from mask_rcnn_paper.commit import CHANGES, git_commit

_DIGITS = 10
_here = cache(git_commit)


def short_commit(commit: str) -> str:
    """The first digits of a commit, and "+changes" where there were."""
    digits, plus, rest = commit.partition("+")
    return digits[:_DIGITS] + plus + rest


def other_commit(status: Status) -> str:
    """What to say of a finished result that another commit made, or uncommitted changes; "" of any other job.

    Nothing is said where the result or this code is of no checkout.
    """
    made_by = status.result.get("git_commit") if status.state == FINISHED else None
    if not made_by or not (here := _here()) or (made_by == here and not made_by.endswith(CHANGES)):
        return ""
    return f"of commit {short_commit(made_by)}, this is {short_commit(here)}"
