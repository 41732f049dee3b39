"""Kills of smoke-scale runs at random: run again, they must end as one that was left alone, to the bit.

A kill is of the runner, of its job, or of both, at any moment from the first import to the last file; or of the job in
a step, or while it writes a file, which moments alone would seldom meet.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.ablations.smoke_job import FAULTY, ITERATIONS, OPTS, ROW, assert_same_end, folder_of

ROOT = Path(__file__).resolve().parents[2]
# Seconds that a run may take; it takes ten.
LIMIT = 600.0
_FILES = (".pth", "last_checkpoint", "/inference/", "result.json", "job.json", "progress.json", "matches.npz")
_MOST_KILLS = 3


@dataclass(frozen=True)
class Kill:
    """Of the "runner", the "job" or "both" after this share of a run's time; or a `fault` of tests/faults.py."""

    what: str = "both"
    share: float = 0.0
    fault: str = ""


def draw_kills(count: int, seed: int) -> list[list[Kill]]:
    """So many kills, by run: each is killed up to three times before it may end."""
    rng, runs = random.Random(f"{seed} kills"), []
    while count > 0:
        number = min(count, rng.randint(1, _MOST_KILLS))
        runs.append([_draw(rng) for _ in range(number)])
        count -= number
    return runs


def _draw(rng: random.Random) -> Kill:
    kind = rng.randrange(4)
    if kind == 0:
        return Kill(fault=f"die_in_step {rng.randrange(ITERATIONS)}")
    if kind == 1:
        return Kill(fault=f"die_at_rename {rng.choice(_FILES)} {rng.randint(1, 4)}")
    return Kill(rng.choice(("runner", "job", "both", "both")), rng.uniform(0.05, 0.95))


def kill_runs(count: int, seed: int) -> list[str]:
    """Kill runs so often in all; what went wrong, "" for nothing, by run."""
    if not count:
        return []
    with tempfile.TemporaryDirectory(prefix="fuzz_kills_") as folder:
        whole = Path(folder, "whole")
        started = time.monotonic()
        code, said = _finish(whole)
        seconds = time.monotonic() - started
        if code:
            return [f"kills: a run that was left alone ended with {code}: {said}"]
        failed = []
        for number, kills in enumerate(draw_kills(count, seed)):
            fault = _fault_of(Path(folder, str(number)), kills, whole, seconds)
            print(f"kills, run {number}: {kills}: {fault or 'the same to the bit'}", file=sys.stderr, flush=True)
            failed += [f"kills, run {number} --seed {seed}: {kills}: {fault}"] if fault else []
        return failed


def _fault_of(output: Path, kills: list[Kill], whole: Path, seconds: float) -> str:
    for kill in kills:
        _run_and_kill(output, kill, seconds)
    code, said = _finish(output)
    if code:
        return f"run again it ended with {code}: {said}"
    try:
        assert_same_end(folder_of(output), folder_of(whole))
    except Exception:
        return f"another end: {' '.join(traceback.format_exc().split())[-300:]}"
    return ""


def _start(output: Path, fault: str = "") -> subprocess.Popen:
    environment = {key: value for key, value in os.environ.items() if key != "FAULT"}
    command = [sys.executable, "-c", FAULTY, *ROW, "--output", str(output), *OPTS]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=environment | ({"FAULT": fault} if fault else {}), **pipes)


def _finish(output: Path) -> tuple[int, str]:
    """Exit code of a run that is left alone, and the end of what it said."""
    runner = _start(output)
    try:
        _, said = runner.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        _kill(runner, "both")
        return -1, f"still at it after {LIMIT:.0f} seconds"
    return runner.returncode, " ".join(said.split())[-300:]


def _run_and_kill(output: Path, kill: Kill, seconds: float) -> None:
    """One go; a fault that never comes, or a moment after the end, is none."""
    runner = _start(output, kill.fault)
    try:
        runner.communicate(timeout=LIMIT if kill.fault else kill.share * seconds)
    except subprocess.TimeoutExpired:
        _kill(runner, kill.what)
        runner.communicate(timeout=LIMIT)  # one whose job was killed says so, and ends


def _kill(runner: subprocess.Popen, what: str) -> None:
    """SIGKILL; a job has a session of its own."""
    jobs = _children(runner.pid)
    if what in ("runner", "both"):
        runner.kill()
    for job in jobs if what in ("job", "both") else ():
        try:
            os.killpg(job, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
