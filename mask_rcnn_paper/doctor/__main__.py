"""`python -m mask_rcnn_paper.doctor`: the report and the exit code."""

import argparse
import contextlib
import sys
import warnings
from collections.abc import Sequence
from functools import partial

from mask_rcnn_paper.doctor import checks
from mask_rcnn_paper.doctor.checks import BROKEN, Check, Result, examine
from mask_rcnn_paper.doctor.upstream import upstream_checks
from mask_rcnn_paper.terminal import say

_EXIT_CODES = (
    "Exit code: 0 where everything needed works, 1 where something is broken, 2 on bad usage. Known breakages of "
    "upstream detectron2 are 'affected', which does not change it."
)


def diagnose() -> list[Result]:
    """Every result, in the order of the report; never raises."""
    upstream = None
    with contextlib.suppress(Exception):  # the first check fails in the same way and reports it
        from mask_rcnn_paper.provider import PROVIDER

        upstream = checks.folder("detectron2") if PROVIDER == "upstream" else None
    cure = "unset MASK_RCNN_PAPER_DETECTRON2, or install detectron2 anew"
    provider = Check("detectron2", partial(checks.check_provider, upstream), cure)
    every = (provider, *checks.requirement_checks(), *checks.MACHINE, *upstream_checks(upstream))
    return [examine(check) for check in every]


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


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report and return the exit code; bad usage exits with 2."""
    description = "Show what this machine has, what it lacks, and the cure."
    parser = argparse.ArgumentParser("python -m mask_rcnn_paper.doctor", description=description, epilog=_EXIT_CODES)
    _, unknown = parser.parse_known_args(argv)
    if unknown:
        say(f"doctor: error: unrecognized arguments: {' '.join(unknown)}; --help shows the usage", file=sys.stderr)
        sys.exit(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn on import; the report is the only output
        results = diagnose()
    say(render(results))
    return int(any(r.state == BROKEN for r in results))


if __name__ == "__main__":
    sys.exit(main())
