"""Training steps on the embedded core beside the same steps on the real detectron2, where that is installed.

A process has one provider, so each has a worker of its own: python -m benchmarks.providers KIND
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import mask_rcnn_paper  # noqa: F401  isort: skip  before detectron2, which it provides where that is not installed
import torch

from benchmarks.steps import FLOAT32, STOCK, cases
from mask_rcnn_paper.provider import ENV_VAR, LEGAL
from mask_rcnn_paper.timing.turns import Measured, side_by_side


def measure(kind: str, rounds: int) -> dict[str, Measured]:
    """CPU time of a step of a kind of `benchmarks.steps.KINDS`, with detectron2's modules and ours, on both providers.

    Raises:
        RuntimeError: a worker ended, as it does where detectron2 is not installed.
    """
    workers = {provider: _start(provider, kind) for provider in LEGAL}
    spent = [0.0]

    def turn(provider: str, case: str) -> Callable[[], None]:
        def take() -> None:
            spent[0] += _ask(workers[provider], case)

        return take

    try:
        names = {f"{case}, {provider}": (provider, case) for provider in LEGAL for case in (STOCK, FLOAT32)}
        return side_by_side({name: turn(*asked) for name, asked in names.items()}, rounds, lambda: spent[0])
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()


def _start(provider: str, kind: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "benchmarks.providers", kind]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, ENV_VAR: provider})


def _ask(worker: subprocess.Popen, case: str) -> float:
    """CPU seconds of one step in a worker."""
    try:
        worker.stdin.write(f"{case}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())
    except (BrokenPipeError, ValueError):
        raise RuntimeError("a worker ended, see above: is detectron2 installed?") from None


def _work(kind: str) -> None:
    """Take a step of each case that the standard input names, and print its CPU seconds."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    steps = cases(kind, "cpu")
    for line in sys.stdin:
        start = time.process_time()
        steps[line.strip()]()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    _work(sys.argv[1])
