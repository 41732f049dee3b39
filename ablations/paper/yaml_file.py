"""Read YAML files: those that hold the paper as data, `tables.yaml` and `claims.yaml`, and what a user describes."""

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: str | Path) -> Any:
    """Content of a file; FileNotFoundError if there is none, ValueError if it is not YAML."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def load_list(path: str | Path, key: str) -> list[Any]:
    """The list that a file has at its top under `key`; ValueError if there is none, else as `read_yaml`."""
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise ValueError(f"{path} has no list {key!r} at its top")
    return content[key]


def check_keys(entry: Any, where: str, required: set[str], optional: set[str]) -> None:
    """Refuse an entry that is no mapping with all the required keys and at most the optional ones besides.

    Raises:
        ValueError: the message begins with `where`.
    """
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: is {entry!r}, not a mapping with {', '.join(sorted(required))}")
    if missing := sorted(required - set(entry)):
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    if unknown := sorted(map(str, set(entry) - required - optional)):
        legal = ", ".join(sorted(required | optional))
        raise ValueError(f"{where}: unknown key {', '.join(unknown)}: choose from {legal}")
