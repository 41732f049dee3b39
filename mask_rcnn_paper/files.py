"""Write files so that a reader sees either the whole new file or the old one, never a half."""

import json
import os
from pathlib import Path
from typing import Any


def write_bytes_atomically(path: str | Path, content: bytes) -> None:
    """Write `content` to a temporary file in the same folder, sync it, and rename it to `path`.

    Args:
        path: Final place; its folder is made if it is not there.
        content: Whole content.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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


def read_json(path: str | Path) -> Any | None:
    """Content of a JSON file, or None where there is no such file or it is not (yet) JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
