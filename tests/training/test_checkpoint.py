"""Checkpoints under kills, full disks and damaged files."""

import logging
import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from mask_rcnn_paper.files import DiskFullError
from mask_rcnn_paper.plain_pickle import UnsafePickleError
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer, is_whole
from tests import dying
from tests.attacks import Payload
from tests.dying import names


def checkpointer(folder):
    """A checkpointer of one weight and the momentum of its optimiser."""
    model = nn.Linear(1, 1, bias=False)
    return SafeCheckpointer(model, str(folder), optimizer=torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))


def save(folder, *iterations):
    """Checkpoints of some iterations, whose weight is the iteration."""
    made = checkpointer(folder)
    for iteration in iterations:
        with torch.no_grad():
            made.model.weight.fill_(iteration)
        made.save(f"model_{iteration:07d}", iteration=iteration)


def resumed(folder):
    """Weight and iteration that a new run of the folder starts from; None for a run that begins anew."""
    made = checkpointer(folder)
    found = made.resume_or_load("", resume=True).get("iteration")
    assert (found is not None) == made.has_checkpoint()
    return None if found is None else (made.model.weight.item(), found)


def damage(path, kept):
    """Truncate a file to a share of its length; None removes it."""
    if kept is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])


def test_momentum_comes_back(tmp_path):
    """The optimiser's state is saved and resumed, in a file that torch reads without unpickling objects."""
    made = checkpointer(tmp_path)
    made.model(torch.ones(1, 1)).sum().backward()
    made.checkpointables["optimizer"].step()
    made.save("model_0000000", iteration=0)
    other = checkpointer(tmp_path)
    other.resume_or_load("")
    state, expected = (c.checkpointables["optimizer"].state_dict()["state"][0] for c in (other, made))
    assert torch.equal(state["momentum_buffer"], expected["momentum_buffer"])
    assert set(torch.load(tmp_path / "model_0000000.pth", weights_only=True)) == {"model", "optimizer", "iteration"}


def test_two_are_kept(tmp_path):
    """Of the numbered checkpoints the newest and the one before it stay; the final one has its own name."""
    save(tmp_path, 1, 3, 5, 7)
    assert names(tmp_path) == ["last_checkpoint", "model_0000005.pth", "model_0000007.pth"]
    checkpointer(tmp_path).save("model_final", iteration=8)
    assert names(tmp_path) == ["last_checkpoint", "model_0000007.pth", "model_final.pth"]
    assert resumed(tmp_path)[1] == 8


def test_the_only_whole_one_is_kept(tmp_path):
    """A truncated checkpoint does not count as one of the two."""
    save(tmp_path, 1, 3)
    damage(tmp_path / "model_0000003.pth", 0.5)
    save(tmp_path, 5)
    assert is_whole(tmp_path / "model_0000001.pth")


def test_checkpoints_of_a_longer_run_before_are_left_alone(tmp_path):
    """A run that begins anew in the folder of a longer one neither removes its checkpoints nor resumes from them."""
    save(tmp_path, 8, 9, 1, 3, 5)
    assert names(tmp_path)[1:] == [f"model_000000{number}.pth" for number in (3, 5, 8, 9)]
    damage(tmp_path / "model_0000005.pth", 0)
    assert resumed(tmp_path) == (3.0, 3)


@pytest.mark.parametrize("kept", [0, 0.5, 0.99, None])
def test_a_damaged_newest_checkpoint_is_skipped(tmp_path, caplog, kept):
    """Empty, truncated or missing: the one before it is resumed, which is said once."""
    save(tmp_path, 1, 3)
    damage(tmp_path / "model_0000003.pth", kept)
    assert resumed(tmp_path) == (1.0, 1)
    (message,) = (record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    assert "model_0000003.pth is truncated or missing: resuming from" in message
    assert "model_0000001.pth" in message


def test_a_flipped_bit_is_found(tmp_path):
    """A checkpoint of full length whose content has changed is not whole."""
    save(tmp_path, 1, 3)
    path = tmp_path / "model_0000003.pth"
    content = bytearray(path.read_bytes())
    position = content.index(torch.tensor([3.0]).numpy().tobytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert resumed(tmp_path) == (1.0, 1)


@pytest.mark.parametrize("tag", ["", "model_final.pth"])
def test_a_damaged_tag(tmp_path, caplog, tag):
    """Where `last_checkpoint` is empty, or names a file that is not there, the newest numbered one is resumed."""
    save(tmp_path, 1, 3)
    (tmp_path / "last_checkpoint").write_text(tag)
    assert resumed(tmp_path) == (3.0, 3)
    assert ("last_checkpoint is empty" if not tag else "model_final.pth is truncated or missing") in caplog.text


def test_nothing_whole_is_left(tmp_path, caplog):
    """The run begins anew, and says so."""
    save(tmp_path, 1)
    damage(tmp_path / "model_0000001.pth", 0.5)
    assert resumed(tmp_path) is None
    assert "so the run begins anew" in caplog.text


def test_without_a_tag_there_is_nothing_to_resume(tmp_path):
    """As in detectron2, checkpoints that no `last_checkpoint` stands by are not resumed; nor is an empty folder."""
    assert resumed(tmp_path) is None
    save(tmp_path, 1)
    (tmp_path / "last_checkpoint").unlink()
    assert resumed(tmp_path) is None


def save_and_die(folder, iteration, call, which):
    """Die in a checkpoint's `os.fsync` or `os.replace` of a file whose path holds `which`."""
    original = getattr(os, call)

    def fatal(first, *rest):
        path = str(rest[0]) if rest else os.readlink(f"/proc/self/fd/{first}")
        return dying.die() if which in path else original(first, *rest)

    setattr(os, call, fatal)
    save(folder, iteration)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(("which", "expected"), [(".pth", 3), ("last_checkpoint", 3)])
def test_killed_while_saving(tmp_path, call, which, expected):
    """Killed anywhere in a save, a run resumes from the checkpoint before it; the next save clears what was left."""
    save(tmp_path, 1, 3)
    dying.killed(save_and_die, tmp_path, 5, call, which)
    assert resumed(tmp_path) == (expected, expected)
    save(tmp_path, 5, 7)
    assert [name for name in names(tmp_path) if name.endswith(".pth.tmp") or "model" in name] == [
        "model_0000005.pth",
        "model_0000007.pth",
    ]


@pytest.mark.parametrize("fragment", ["model_0000005", "last_checkpoint"])
def test_a_full_disk(tmp_path, monkeypatch, fragment):
    """The error is one line with the file and the space; the run resumes from the checkpoint before."""
    save(tmp_path, 1, 3)
    dying.full_disk(monkeypatch.setattr, fragment)
    with pytest.raises(DiskFullError, match=rf"^disk full: cannot write {tmp_path}/{fragment}.* MB free"):
        save(tmp_path, 5)
    assert resumed(tmp_path) == (3.0, 3)
    assert not [name for name in names(tmp_path) if name.endswith(".tmp")]


def test_a_checkpointer_that_must_not_write(tmp_path):
    """Without a folder, or in a process other than the main one, nothing is written."""
    model = nn.Linear(1, 1)
    SafeCheckpointer(model, str(tmp_path), save_to_disk=False).save("model")
    SafeCheckpointer(model).save("model")
    assert names(tmp_path) == []


def test_a_file_that_may_not_be_read_is_an_error(tmp_path, monkeypatch):
    """It may be whole: beginning anew would lose it."""

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("zipfile.ZipFile", refuse)
    with pytest.raises(PermissionError):
        is_whole(tmp_path / "model.pth")


@pytest.mark.parametrize("place", [lambda p: {"model": {"w": p}, "__author__": "x"}, lambda p: {"blobs": {"w": p}}])
def test_code_in_weights_is_not_run(tmp_path, place):
    """Neither of detectron2's pickled weights, nor of Caffe2's; whether named by a path or with a query."""
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(place(Payload(tmp_path / "mark"))))
    for name in ("w.pkl", "w.pkl?matching_heuristics=True"):
        with pytest.raises(UnsafePickleError, match="w.pkl' is not a pickle .*nothing of it was run"):
            SafeCheckpointer(nn.Linear(1, 1)).load(str(tmp_path / name))
    assert not (tmp_path / "mark").exists()


def test_code_in_a_file_of_torch_is_not_run(tmp_path):
    """Nor where it stands beside the weights."""
    torch.save({"model": {}, "x": Payload(tmp_path / "mark")}, tmp_path / "w.pth")
    with pytest.raises((ValueError, pickle.UnpicklingError)):
        SafeCheckpointer(nn.Linear(1, 1)).load(str(tmp_path / "w.pth"))
    assert not (tmp_path / "mark").exists()


def test_pickled_weights_are_loaded(tmp_path):
    """As pre-training writes them."""
    weights = {"weight": np.full((1, 1), 7, np.float32)}
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"model": weights, "__author__": "x"}))
    model = nn.Linear(1, 1, bias=False)
    SafeCheckpointer(model).load(str(tmp_path / "w.pkl"))
    assert model.weight.item() == 7


def test_pickled_weights_that_are_not_there(tmp_path):
    """They are named; nothing is loaded."""
    with pytest.raises((FileNotFoundError, AssertionError), match="none.pkl"):
        SafeCheckpointer(nn.Linear(1, 1)).load(str(tmp_path / "none.pkl"))


def of_experiment(folder, experiment):
    """A checkpointer of one weight that knows its experiment."""
    return SafeCheckpointer(nn.Linear(1, 1), str(folder), experiment=experiment)


def test_a_checkpoint_of_another_experiment_is_not_resumed_from(tmp_path):
    """But loaded as weights; one that does not say which it is of is resumed from with a warning."""
    first, second = ({"config_hash": h, "config": "{}"} for h in ("a" * 64, "b" * 64))
    of_experiment(tmp_path, first).save("model_0000000", iteration=0)
    assert of_experiment(tmp_path, first).resume_or_load("")["experiment"] == first
    assert of_experiment(tmp_path, None).resume_or_load("")["iteration"] == 0
    with pytest.raises(ValueError, match="model_0000000.pth is of another config: its hash was aaaaaaaa and"):
        of_experiment(tmp_path, second).resume_or_load("")
    of_experiment(tmp_path, second).resume_or_load(str(tmp_path / "model_0000000.pth"), resume=False)


def test_a_checkpoint_of_an_earlier_version_is_resumed_from(tmp_path, caplog):
    """With a warning, since it does not say what it is of."""
    of_experiment(tmp_path, None).save("model_0000000", iteration=0)
    with caplog.at_level(logging.WARNING):
        found = of_experiment(tmp_path, {"config_hash": "a", "config": "{}"}).resume_or_load("")
    assert found["iteration"] == 0
    assert "does not say which config it is of" in caplog.text


@pytest.mark.parametrize("name", ["x.pth", "x.pkl"])
@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(999), b"\x80\x04]"])
def test_what_is_no_checkpoint_is_one_line(tmp_path, name, content):
    """Whatever its readers raise, also where a training starts from it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}' (cannot be read as weights|is not a pickle)"):
        SafeCheckpointer(torch.nn.Linear(1, 1)).load(str(tmp_path / name))
