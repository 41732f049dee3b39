"""Why a job failed, in one line, from its exit code and the end of its log."""

import re
import signal
from collections.abc import Sequence

# What torch, its allocators and Python print when memory runs out.
_GPU_MEMORY = re.compile(r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED")
_HOST_MEMORY = re.compile(
    r"^MemoryError\b|can't allocate memory|Cannot allocate memory|DataLoader worker .*killed by signal: (?:Killed|Bus)"
)
_NOT_FINITE = re.compile(r"\bFloatingPointError: .*?iteration[ =](\d+)")
_CHILD_KILLED = re.compile(r"process \d+ terminated with signal (SIG[A-Z]+)")
# Real-time signals have no name.
_SIGNALS = {number.value: number.name for number in signal.Signals}
_TRACEBACK = "Traceback (most recent call last):"


def failure_reason(exit_code: int, lines: Sequence[str], kind: str = "detector") -> str:
    """One line that says what went wrong, and the cure where there is one.

    `exit_code` is not 0, and negative for a signal; `lines` are the last of the job's log, oldest first, without line
    ends; its `kind` decides whose learning rate is named.
    """
    last = f"; last line: {lines[-1]}" if lines else ""
    if exit_code < 0:
        return _killed_by(_SIGNALS.get(-exit_code, f"signal {-exit_code}")) + last
    text = "\n".join(lines)
    if found := _NOT_FINITE.findall(text):
        key = "PRETRAIN.BASE_LR" if kind == "pretrain" else "SOLVER.BASE_LR"
        return f"the loss became NaN or infinite at iteration {found[-1]}: lower {key}"
    for line in reversed(lines):
        if _GPU_MEMORY.search(line):
            cure = "give a job more GPUs (--gpus-per-job), or make SOLVER.IMS_PER_BATCH and SOLVER.BASE_LR smaller"
            return f"out of GPU memory: {cure}"
        if _HOST_MEMORY.search(line):
            cure = "run fewer jobs at once (--jobs), or make DATALOADER.NUM_WORKERS smaller"
            return f"out of memory: {cure}; the log says: {line}"
    if found := _CHILD_KILLED.findall(text):
        return f"one of its processes was {_killed_by(found[-1])}"
    return exception_line(lines) or f"exit code {exit_code}{last}"


def exception_line(lines: Sequence[str]) -> str:
    """`ValueError: text` of the last traceback in a log, "" where there is none."""
    starts = [n for n, line in enumerate(lines) if line.strip() == _TRACEBACK]
    after = lines[starts[-1] + 1 :] if starts else []
    return next((line for line in after if not line[0].isspace()), "")


def _killed_by(name: str) -> str:
    return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
