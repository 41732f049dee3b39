"""Stages whose files are gone."""

import dataclasses
import os

import pytest

from ablations.jobs.execute import execute
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, WAITING, Status
from ablations.jobs.job import read_statuses
from ablations.jobs.local import LocalLauncher
from ablations.jobs.lost_files import lost_files, mark_lost
from tests.ablations import fakes

LEAVE = "open(os.path.join(folder, '{}'), 'w').write('x'); finish()"


def pair(tmp_path, name, code=None):
    """A stage that leaves a file of this name, and a job that needs it."""
    stage = fakes.job(tmp_path, "stage", LEAVE.format(name) if code is None else code, kind="rpn")
    user = dataclasses.replace(fakes.job(tmp_path, "user", inputs=[stage]), needs=(stage.folder.path / name,))
    return stage, user


def run(*jobs):
    """Their states in the end."""
    return [s.state for s in execute(fakes.graph(*jobs), LocalLauncher(1, poll_seconds=0.01)).values()]


def runs(job):
    """How often a fake job has come to its end."""
    return len((job.folder.path / "runs").read_text().splitlines())


@pytest.mark.parametrize("name", ["model_final.pth", "model_final.pkl", "box_proposals.npz", "annotations.json"])
def test_a_stage_that_lost_a_file_runs_again(tmp_path, name):
    """Where a job that needs it has to run."""
    stage, user = pair(tmp_path, name)
    assert run(stage) == [FINISHED]
    (stage.folder.path / name).unlink()
    assert run(stage, user) == [FINISHED, FINISHED]
    assert (runs(stage), runs(user)) == (2, 1)


def test_nothing_is_looked_for_that_nobody_needs(tmp_path):
    """Numbers stay without the weights that they are of."""
    stage, user = pair(tmp_path, "model_final.pth")
    run(stage, user)
    (stage.folder.path / "model_final.pth").unlink()
    assert run(stage, user) == [FINISHED, FINISHED]
    assert runs(stage) == 1
    statuses = read_statuses(fakes.graph(stage, user))
    assert mark_lost(fakes.graph(stage, user), statuses) == []


def test_an_empty_file_is_lost_too_and_proposals_may_have_the_older_format(tmp_path):
    """detectron2's pickle stands for the archive."""
    stage, user = pair(tmp_path, "box_proposals.npz")
    stage.folder.path.mkdir()
    (stage.folder.path / "box_proposals.npz").touch()
    assert lost_files(user, stage) == ["box_proposals.npz"]
    (stage.folder.path / "box_proposals.npz").unlink()
    (stage.folder.path / "box_proposals.pkl").write_text("x")
    assert lost_files(user, stage) == []


def test_only_lost_weights_forget_the_checkpoint(tmp_path):
    """From a checkpoint at its end a training goes straight to evaluation, and writes no weights."""
    for name, resumed in (("box_proposals.npz", True), ("model_final.pth", False)):
        (root := tmp_path / name).mkdir()
        stage, user = pair(root, name)
        run(stage)
        (stage.folder.path / "last_checkpoint").write_text("model_0000009.pth")
        (stage.folder.path / name).unlink()
        run(stage, user)
        assert (stage.folder.path / "last_checkpoint").exists() == resumed
        assert ("--resume" in (stage.folder.path / "runs").read_text()) == resumed


def test_a_stage_that_never_leaves_the_file_has_failed(tmp_path):
    """It runs once more, and not for ever."""
    stage, user = pair(tmp_path, "model_final.pth", "finish()")
    run(stage)
    statuses = execute(fakes.graph(stage, user), LocalLauncher(1, poll_seconds=0.01))
    assert [s.state for s in statuses.values()] == [FAILED, BLOCKED]
    assert "lost model_final.pth, although it ran again" in statuses[stage.identity].reason


def test_a_chain_of_lost_files_is_followed(tmp_path):
    """The weights that an RPN needs to run again."""
    first = fakes.job(tmp_path, "first", LEAVE.format("model_final.pkl"), kind="pretrain")
    rpn = fakes.job(tmp_path, "rpn", LEAVE.format("box_proposals.npz"), [first], kind="rpn")
    rpn = dataclasses.replace(rpn, needs=(first.folder.path / "model_final.pkl",))
    user = dataclasses.replace(
        fakes.job(tmp_path, "user", inputs=[rpn]), needs=(rpn.folder.path / "box_proposals.npz",)
    )
    run(first, rpn)
    (first.folder.path / "model_final.pkl").unlink()
    (rpn.folder.path / "box_proposals.npz").unlink()
    statuses = read_statuses(fakes.graph(first, rpn, user))
    assert mark_lost(fakes.graph(first, rpn, user), statuses) == [rpn.identity, first.identity]
    assert statuses[first.identity] == Status(WAITING, "lost model_final.pkl: runs again")
    assert run(first, rpn, user) == [FINISHED] * 3


def test_another_runner_may_be_at_it(tmp_path):
    """Its job is waited for."""
    stage, user = pair(tmp_path, "model_final.pth")
    run(stage)
    (stage.folder.path / "model_final.pth").unlink()
    lock, looks = stage.folder.acquire_lock(), []

    def look(statuses):
        looks.append(statuses[stage.identity])
        if len(looks) == 2:
            os.close(lock)

    statuses = execute(fakes.graph(stage, user), LocalLauncher(1, poll_seconds=0.01), look)
    assert looks[0] == Status(WAITING, "running elsewhere")
    assert [s.state for s in statuses.values()] == [FINISHED, FINISHED]
