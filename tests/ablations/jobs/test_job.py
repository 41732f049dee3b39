"""A job as data, and the command that is made of it."""

import importlib.util
import sys
from pathlib import Path

import pytest

from ablations.jobs.folder import BLOCKED, FAILED, WAITING, JobFolder, Status
from ablations.jobs.job import PROGRAMS, Job, read_statuses
from tests.ablations import fakes

FOLDER = JobFolder(Path("/out/mini/detector/row-seed0-0123abcd"), "row-seed0", "h")


def job(kind="detector", **changes):
    return Job(kind, "id", FOLDER, "table2b/softmax.yaml", "mini", ("SEED", "0"), **changes)


def test_a_job_of_the_cpu_is_its_program_config_scale_and_options():
    """In the order in which train_net.py and pre-training take them: KEY VALUE last."""
    words = ["--config-file", "table2b/softmax.yaml", "--scale", "mini", "SEED", "0"]
    assert job().command() == [sys.executable, "-m", "train_net", *words]
    assert job("pretrain").command() == [sys.executable, "-m", "mask_rcnn_paper.pretrain", *words]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_a_module(kind):
    """Python puts the folder of a file first on its path, and in site-packages a `typing` hides Python's own."""
    assert job(kind).command()[1:3] == ["-m", PROGRAMS[kind]]
    assert importlib.util.find_spec(PROGRAMS[kind]) is not None


def test_flags_come_before_the_options():
    """Resuming, one process a GPU with an address of its own, and the user's components."""
    flags = ["--resume", "--num-gpus", "4", "--dist-url", "auto", "--import", "/my/dice.py", "SEED", "0"]
    assert job(imports=("/my/dice.py",)).command(resume=True, gpus=4)[7:] == flags


@pytest.mark.parametrize("kind, gpus", [("detector", 0), ("detector", 1), ("pretrain", 4)])
def test_one_process_needs_no_flag(kind, gpus):
    """Pre-training always has one."""
    assert "--num-gpus" not in job(kind).command(gpus=gpus)


def test_a_label_names_kind_and_job():
    """As people see it."""
    assert job("rpn").label == "rpn row-seed0"


def test_a_note_says_what_the_job_is(tmp_path):
    """For people who look into the folder, and to find a changed config."""
    noted = fakes.job(tmp_path, "job")
    noted.note(Status(WAITING, "queued"), 7.0, "12_0")
    record = noted.folder.record
    assert (record["kind"], record["name"], record["identity"]) == ("detector", "job", "id-job")
    assert record["command"] == noted.command()
    assert (record["state"], record["reason"]) == (WAITING, "queued")
    assert (record["started"], record["slurm_job"]) == (7.0, "12_0")


def test_a_failed_input_blocks_what_needs_it_and_what_needs_that(tmp_path):
    """The reason names the first failure up the graph."""
    bad = fakes.job(tmp_path, "bad", kind="rpn")
    needs_bad = fakes.job(tmp_path, "needs_bad", inputs=[bad])
    needs_that = fakes.job(tmp_path, "needs_that", inputs=[needs_bad])
    bad.note(Status(FAILED, "no", seconds=1.0), 0.0)
    states = list(read_statuses(fakes.graph(bad, needs_bad, needs_that)).values())
    assert [status.state for status in states] == [FAILED, BLOCKED, BLOCKED]
    assert states[1].reason == states[2].reason == "needs rpn bad, which failed: no"
