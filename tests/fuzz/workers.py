"""Cases in a process of their own: one that dies, or hangs where Python cannot interrupt it, is a failed case."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

from tests.fuzz.oracle import CPU_LIMIT, FAILED, WALL_LIMIT, Outcome

BORDERS = (
    *("annotations", "configs", "checkpoints", "proposals"),
    *("tables, claims, data", "jobs, results, times", "arguments"),
)
_PATIENCE = 2 * (WALL_LIMIT + CPU_LIMIT)


def run_all(cases: Sequence[tuple[str, int]], seed: int) -> Iterator[tuple[tuple[str, int], Outcome, str]]:
    """Run the cases, each a border and a number, in turn; yields each with what came of it and what was tried."""
    context, left = multiprocessing.get_context("spawn"), list(cases)
    while left:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(tuple(left), seed, sender))
        process.start()
        sender.close()
        try:
            while left:
                if not receiver.poll(_PATIENCE):
                    yield left.pop(0), Outcome(FAILED, f"no answer after {_PATIENCE:.0f} seconds"), ""
                    break
                outcome, about = receiver.recv()
                yield left.pop(0), outcome, about
        except EOFError:  # the process is dead
            process.join()
            yield left.pop(0), Outcome(FAILED, f"the process ended with {process.exitcode}"), ""
        finally:
            process.join(0 if left else _PATIENCE)
            process.kill()
            process.join()
            receiver.close()


def _work(cases: Sequence[tuple[str, int]], seed: int, sender: Connection) -> None:
    import torch

    import mask_rcnn_paper
    from tests.fuzz.cases import run_case

    torch.set_num_threads(1)
    mask_rcnn_paper.register_components()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):  # logs, outside of the cases
        for border, number in cases:
            sender.send(run_case(border, seed, number))
    sys.exit(0)
