"""What this machine has, what it lacks, and the cure: `python -m mask_rcnn_paper.doctor`.

The exit code is 0 where everything needed works, else 1. Known breakages of upstream detectron2 are "affected", which
does not change the exit code. Modules of this package import only the standard library at their top: what is reported
as missing cannot be needed for the report.
"""

import warnings
from functools import partial

from mask_rcnn_paper.doctor import probes
from mask_rcnn_paper.doctor.check import BROKEN, Check, Outcome, Result, examine
from mask_rcnn_paper.doctor.machine import MACHINE, PROVIDER, check_requirement
from mask_rcnn_paper.doctor.upstream import UPSTREAM

__all__ = ["diagnose", "main", "render"]


def diagnose() -> list[Result]:
    """Every result, in the order of the report; never raises."""
    try:
        upstream = probes.find_upstream()
    except Exception:
        upstream = None  # the first check fails in the same way and reports it
    return [examine(check, upstream) for check in (PROVIDER, *_requirements(), *MACHINE, *UPSTREAM)]


def _requirements() -> list[Check]:
    try:
        texts = probes.requirements()
    except Exception as error:
        return [Check("requirements", partial(_unknown, error), "from the checkout: pip install -e .")]
    return [Check(probes.split(t)[0], partial(check_requirement, t), f"pip install '{t}'") for t in texts]


def _unknown(error: Exception, upstream: object) -> Outcome:
    return BROKEN, f"neither installed metadata nor setup.py: {error!r}"


def render(results: list[Result]) -> str:
    """One screen: a table of results, then what to do."""
    rows = [(r.name, r.state, r.detail) for r in results]
    try:
        from tabulate import tabulate

        table = tabulate(rows, headers=("", "state", "detail"), maxcolwidths=[None, None, 78], disable_numparse=True)
    except Exception:
        table = "\n".join(f"{name:<24}  {state:<17}  {detail}" for name, state, detail in rows)
    cures = [f"  {r.name}: {r.cure}" for r in results if r.cure]
    return "\n".join([table, *(["", "What to do:", *cures] if cures else [])])


def main() -> int:
    """Print the report and return the exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn on import; the report is the only output
        results = diagnose()
    print(render(results))
    return int(any(r.state == BROKEN for r in results))
