"""Reasons from what torch, Python and both providers of detectron2 leave in a log."""

import pytest

from ablations.jobs.failure import exception_line, failure_reason

TRACEBACK = ["Traceback (most recent call last):", '  File "train_net.py", line 1, in main', "    train()"]


@pytest.mark.parametrize(
    "line, kind, reason",
    [
        (
            "FloatingPointError: the loss is nan at iteration 7 (loss_cls=nan): lower SOLVER.BASE_LR, ...",
            "detector",
            "the loss became NaN or infinite at iteration 7: lower SOLVER.BASE_LR",
        ),
        (
            "FloatingPointError: Loss became infinite or NaN at iteration=12!",
            "rpn",
            "the loss became NaN or infinite at iteration 12: lower SOLVER.BASE_LR",
        ),
        (
            "FloatingPointError: loss inf at iteration 3: lower PRETRAIN.BASE_LR",
            "pretrain",
            "the loss became NaN or infinite at iteration 3: lower PRETRAIN.BASE_LR",
        ),
        ("FloatingPointError: divide by zero", "rpn", "FloatingPointError: divide by zero"),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.0 GiB.",
            "rpn",
            "out of GPU memory: give a job",
        ),
        ("RuntimeError: CUDA error: out of memory", "rpn", "out of GPU memory: give a job more GPUs (--gpus-per-job)"),
        (
            "MemoryError",
            "rpn",
            "out of memory: run fewer jobs at once (--jobs), or make DATALOADER.NUM_WORKERS smaller",
        ),
        ("MemoryError: Unable to allocate 3 GiB", "rpn", "out of memory: run fewer jobs at once"),
        ("RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried", "rpn", "out of memory: run fewer"),
        ("OSError: [Errno 12] Cannot allocate memory", "rpn", "out of memory: run fewer"),
        ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.", "rpn", "out of memory: run fewer"),
        ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Bus error.", "rpn", "out of memory: run fewer"),
        (
            "torch.multiprocessing.spawn.ProcessExitedException: process 1 terminated with signal SIGKILL",
            "rpn",
            "one of its processes was killed by SIGKILL (out of memory?)",
        ),
        ("KeyError: 'annotations'", "rpn", "KeyError: 'annotations'"),
    ],
)
def test_the_exception_tells_the_reason(line, kind, reason):
    """Not finite, out of memory of either sort, a killed child; anything else in its own words."""
    assert failure_reason(1, [*TRACEBACK, line], kind).startswith(reason)


@pytest.mark.parametrize(
    "code, lines, reason",
    [
        (-9, ["iter: 3"], "killed by SIGKILL (out of memory?); last line: iter: 3"),
        (-6, [], "killed by SIGABRT"),
        (-40, [], "killed by signal 40"),
        (2, ["train_net.py: error: no such file"], "exit code 2; last line: train_net.py: error: no such file"),
        (3, [], "exit code 3"),
    ],
)
def test_without_a_traceback_exit_code_and_last_line_are_the_reason(code, lines, reason):
    """Signals by name."""
    assert failure_reason(code, lines) == reason


def test_the_exception_is_the_last_one_and_need_not_be_the_last_line():
    """Of a chain the final one counts; what other processes print after it does not; nor do its further lines."""
    first = [*TRACEBACK, "KeyError: 1", "During handling of the above exception, another exception occurred:"]
    log = [*first, *TRACEBACK, "ValueError: bad", "  in two lines", "W0101 rank 1: a warning"]
    assert exception_line(log) == "ValueError: bad"
    assert exception_line(["no traceback"]) == exception_line(TRACEBACK) == ""
