"""Write files so that a reader sees either the whole new file or the old one, never a half."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class DiskFullError(OSError):
    """There is no space, or no quota, left for a file."""


@contextlib.contextmanager
def disk_full_explained(path: str | Path) -> Iterator[None]:
    """Let a full disk be reported by the file, or the folder that others write to, and the space there is.

    Raises:
        DiskFullError: in place of the system's own error.
    """
    try:
        yield
    except DiskFullError:
        raise
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        reason = "disk quota exceeded" if error.errno == errno.EDQUOT else "disk full"
        raise DiskFullError(
            f"{reason}: cannot write {error.filename or path} ({_free_space(Path(path))}); what was finished before is "
            "whole: free some space and run the same command again"
        ) from error


def _free_space(path: Path) -> str:
    folder = next((p for p in (path, *path.absolute().parents) if p.is_dir()), Path("/"))
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB free there"
    except OSError as error:
        return f"free space unknown: {error.strerror}"


def write_bytes_atomically(path: str | Path, content: bytes | memoryview) -> None:
    """Write `content` to a temporary file in the folder of `path`, made if need be, sync it, and rename it to `path`.

    Raises:
        DiskFullError: there is no space; the old file is as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_full_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 with `write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode())


def write_json_atomically(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with `write_text_atomically`."""
    write_text_atomically(path, json.dumps(value, indent=1) + "\n")


def remove_leftovers(folder: str | Path, name: str) -> None:
    """Remove what killed writers have left of `write_bytes_atomically`, for final names such as "*.pth"."""
    for temporary in Path(folder).glob(f".{name}.*.tmp"):
        try:
            os.kill(int(temporary.name.split(".")[-2]), 0)
        except ProcessLookupError:
            temporary.unlink(missing_ok=True)
        except (ValueError, OverflowError, PermissionError):
            pass  # not such a file, or its writer lives


def sync_folder(folder: str | Path) -> None:
    """Let every file under a folder reach the disk, so that a renamed folder is whole even after a power cut."""
    for path in Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())


def read_json(path: str | Path) -> Any | None:
    """Content of a JSON file, or None where there is no such file or it is not (yet) JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
