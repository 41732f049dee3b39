"""Real trainings of a row that go wrong, and `run` again: the result must be that of a run where nothing went wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ablations.jobs import job
from tests.ablations.smoke_job import FAULTY, OPTS, ROW, assert_same_end, folder_of, run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def faulty_program(monkeypatch):
    """Detectors are trained by train_net.py, in which $FAULT goes wrong."""
    monkeypatch.setitem(job.PROGRAMS, "detector", "tests.faults")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Folder of the job in a run where nothing went wrong."""
    output = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(job.PROGRAMS, "detector", "tests.faults")
        assert run(output) == 0
    return folder_of(output)


@pytest.mark.parametrize(
    ("fault", "reason", "resumed_at"),
    [
        ("die_in_step 3", "killed by SIGKILL", 3),
        ("die_at_rename .pth 3", "killed by SIGKILL", 2),
        ("die_at_rename last_checkpoint 3", "killed by SIGKILL", 2),
        ("die_at_rename /inference/ 1", "killed by SIGKILL", 5),
        ("die_at_rename result.json 1", "killed by SIGKILL", 5),
        ("disk_full .model_0000002", r"disk full: cannot write .*/model_0000002.pth \(.* MB free there\)", 2),
        ("disk_full coco_instances_results", r"disk full: cannot write .*/inference/smoke_val \(", 5),
        ("disk_full result.json", r"disk full: cannot write .*/result.json \(", 5),
    ],
)
def test_a_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys, whole, fault, reason, resumed_at):
    """Killed in a step, a save, or the evaluation, or out of space: marked as failed; then resumed, to the same end."""
    monkeypatch.setenv("FAULT", fault)
    assert run(tmp_path) == 1
    assert re.search(f"failed: .*{reason}", capsys.readouterr().err)
    folder = folder_of(tmp_path)
    assert not (folder / "result.json").exists()
    monkeypatch.delenv("FAULT")
    assert run(tmp_path) == 0
    assert f"Starting training from iteration {resumed_at}" in log(folder)
    assert_same_end(folder, whole)


def log(folder: Path) -> str:
    """The console of the last run of the job, in which both providers say where the training starts."""
    text = (folder / "console.log").read_text()
    return text.replace("Training starts at iteration", "Starting training from iteration")


def test_a_progress_file_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch, whole):
    """The training goes on."""
    monkeypatch.setenv("FAULT", "disk_full progress.json")
    assert run(tmp_path) == 0
    assert_same_end(folder_of(tmp_path), whole)


@pytest.mark.parametrize("kept", [0, 1000])
def test_a_damaged_newest_checkpoint_is_skipped(tmp_path, monkeypatch, whole, kept):
    """Empty or truncated: with a message, the one before it is resumed, to the same end."""
    monkeypatch.setenv("FAULT", "die_in_step 4")
    assert run(tmp_path) == 1
    folder = folder_of(tmp_path)
    newest = folder / (folder / "last_checkpoint").read_text()
    newest.write_bytes(newest.read_bytes()[:kept])
    monkeypatch.delenv("FAULT")
    assert run(tmp_path) == 0
    assert f"{newest} is truncated or missing: resuming from {folder / 'model_0000002.pth'}" in log(folder)
    assert_same_end(folder, whole)


def test_ctrl_c(tmp_path, monkeypatch, whole):
    """SIGINT to the runner's process group: exit code 130, no process is left, and the run goes on to the same end."""
    runner = subprocess.Popen(
        [sys.executable, "-c", FAULTY, *ROW, "--output", str(tmp_path), *OPTS],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "FAULT": "wait_in_step 2"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.time() + 200
        while not list(tmp_path.rglob("waiting")):
            assert time.time() < deadline
            assert runner.poll() is None
            time.sleep(0.1)
        os.killpg(runner.pid, signal.SIGINT)
        _, text = runner.communicate(timeout=30)
    finally:
        runner.kill()
    assert runner.returncode == 130
    assert "interrupted; the same command goes on from here" in text
    folder = folder_of(tmp_path)
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(folder).encode() in _read(p)]
    assert json.loads((folder / "job.json").read_text())["reason"] == "interrupted"
    assert run(tmp_path) == 0
    assert "Starting training from iteration 2" in log(folder)
    assert_same_end(folder, whole)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""
