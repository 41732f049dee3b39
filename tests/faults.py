"""train_net.py with a fault: `python -mtests.faults ARGUMENTS...`, where the variable FAULT is one of

die_in_step 3                SIGKILL before the fourth iteration
die_at_rename .pth 2         SIGKILL before a file whose path holds ".pth" gets its name for the second time
disk_full model_final.pth    no space for files whose temporary path holds this
wait_in_step 3               create `waiting` in OUTPUT_DIR before the fourth iteration, and wait
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import train_net
from mask_rcnn_paper.training.trainer import Trainer
from tests.dying import die, full_disk


def in_step(number: int, act: Callable[[Trainer], None]) -> None:
    """Act before an iteration, counted from 0."""
    run_step = Trainer.run_step

    def step(trainer: Trainer) -> None:
        if trainer.iter == number:
            act(trainer)
        run_step(trainer)

    Trainer.run_step = step


def die_at_rename(fragment: str, number: int) -> None:
    """Die when a file whose path holds `fragment` is written, but has not its name yet; the `number`-th time."""
    replace, times = os.replace, 0

    def counting(source: str | Path, target: str | Path) -> None:
        nonlocal times
        times += fragment in str(target)
        if fragment in str(target) and times == number:
            die()
        replace(source, target)

    os.replace = counting


def wait(trainer: Trainer) -> None:
    """Say so in OUTPUT_DIR, and wait for a signal."""
    Path(trainer.cfg.OUTPUT_DIR, "waiting").touch()
    time.sleep(60)


def install(fault: str) -> None:
    """Prepare this process for a fault."""
    kind, what, *number = fault.split()
    if kind == "die_in_step":
        in_step(int(what), die)
    elif kind == "wait_in_step":
        in_step(int(what), wait)
    elif kind == "die_at_rename":
        die_at_rename(what, int(number[0]))
    elif kind == "disk_full":
        full_disk(setattr, what)
    else:
        raise ValueError(f"FAULT={fault!r}: see {__file__}")


if __name__ == "__main__":
    if "FAULT" in os.environ:
        install(os.environ["FAULT"])
    train_net.main(train_net.argument_parser().parse_args(sys.argv[1:]))
