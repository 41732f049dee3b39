"""A folder that is complete whenever it is visible."""

import multiprocessing
import os
from pathlib import Path

import pytest

from mask_rcnn_paper.files import DiskFullError
from mask_rcnn_paper.generated.cache import CACHE_VARIABLE, cache_root, cached_folder
from tests import dying


def _fill(folder: Path) -> None:
    (folder / "data").write_text("complete")
    with open(folder.parent / "builds", "a") as log:
        log.write("x")


def _die(folder: Path) -> None:
    (folder / "data").write_text("half")
    os._exit(1)


def _in_process(*arguments) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=cached_folder, args=arguments)
    process.start()
    return process


def test_root_follows_environment(monkeypatch, tmp_path):
    """The variable names the root; without it the root is in the user's cache folder."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    assert cache_root() == Path.home() / ".cache" / "mask_rcnn_paper"


def test_built_once(tmp_path):
    """The second request finds the folder and builds nothing."""
    for _ in range(2):
        assert (cached_folder(tmp_path / "set", _fill) / "data").read_text() == "complete"
    assert (tmp_path / "builds").read_text() == "x"


def test_concurrent_requests_build_once(tmp_path):
    """Of several processes that ask at once one builds, and all return."""
    processes = [_in_process(tmp_path / "set", _fill) for _ in range(4)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert (tmp_path / "builds").read_text() == "x"


def test_killed_builder_leaves_nothing(tmp_path):
    """A builder that dies leaves no folder and no lock, and the next one removes what it wrote."""
    process = _in_process(tmp_path / "set", _die)
    process.join()
    assert not (tmp_path / "set").exists()
    assert (cached_folder(tmp_path / "set", _fill) / "data").read_text() == "complete"
    assert not list(tmp_path.glob(".set.tmp*"))


def test_failed_build_leaves_nothing(tmp_path):
    """An exception of the builder reaches the caller and its files are dropped."""

    def fail(folder: Path) -> None:
        (folder / "data").write_text("half")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cached_folder(tmp_path / "set", fail)
    assert not (tmp_path / "set").exists()
    assert not list(tmp_path.glob(".set.tmp*"))


def test_unwritable_root_names_the_variable(tmp_path):
    """A root that cannot be made is an error that says how to choose another."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=CACHE_VARIABLE):
        cached_folder(tmp_path / "file" / "set", _fill)


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    """The error names the folder and the free space; the next call builds anew."""
    dying.full_disk(monkeypatch.setattr, "data")
    with pytest.raises(DiskFullError, match=f"disk full: cannot write {tmp_path / 'full'} .* MB free"):
        cached_folder(tmp_path / "full", _fill)
    monkeypatch.undo()
    assert not list(tmp_path.glob("*full*/"))
    assert cached_folder(tmp_path / "full", _fill).is_dir()
