"""A folder of generated data that is complete whenever it is visible.

A folder is built under a temporary name, synced and renamed whole. Processes that want the same folder wait for one
builder; the lock belongs to the open file, so the system drops it if the builder dies.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mask_rcnn_paper.files import disk_full_explained, sync_folder

CACHE_VARIABLE = "MASK_RCNN_PAPER_CACHE"


def cache_root() -> Path:
    """Return ``$MASK_RCNN_PAPER_CACHE``, or ``~/.cache/mask_rcnn_paper`` if it is not set."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/mask_rcnn_paper").expanduser().absolute()


def cached_folder(folder: Path, build: Callable[[Path], None]) -> Path:
    """Return ``folder``, whose name must identify its content; `build` fills it first if it does not exist.

    Raises:
        ValueError: the cache cannot be written.
        DiskFullError: there is no space for the folder; nothing is left of it.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = open(folder.with_name(f".{folder.name}.lock"), "a")
    except OSError as error:
        raise ValueError(
            f"cannot write generated data to {folder.parent} ({error.strerror}): "
            f"set {CACHE_VARIABLE} to a folder that can be written"
        ) from error
    with lock:
        alone = _locked(lock.fileno())
        if folder.is_dir():
            return folder
        if alone:  # what an earlier, dead builder has left
            for leftover in folder.parent.glob(f".{folder.name}.tmp*"):
                shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.tmp", dir=folder.parent))
        try:
            with disk_full_explained(folder):
                build(temporary)
                sync_folder(temporary)
            temporary.chmod(0o755)
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, where files cannot be locked
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def discard_folder(folder: Path) -> None:
    """Let `cached_folder` build a damaged folder anew; who has files of it open keeps them."""
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.tmp", dir=folder.parent))
    with contextlib.suppress(FileNotFoundError):  # another process was first
        folder.rename(aside / folder.name)
    shutil.rmtree(aside, ignore_errors=True)


def _locked(descriptor: int) -> bool:
    """Wait for the lock of an open file, which its closing ends; False on systems and file systems that have none."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return False
    return True
