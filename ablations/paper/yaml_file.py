"""Read YAML files: those that hold the paper as data, `tables.yaml` and `claims.yaml`, and what a user describes."""

import re
from pathlib import Path
from typing import Any

import yaml

# Of ids and runs, which become parts of file names, of addresses within a page, and of command lines.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def read_yaml(path: str | Path) -> Any:
    """Content of a file; FileNotFoundError if there is none, ValueError if it is not YAML."""
    # libyaml is four times as fast, but a file that is nested deeply ends the process: it reads ours alone.
    ours = Path(path).resolve().parent == Path(__file__).resolve().parent
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if ours else yaml.SafeLoader
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def load_list(path: str | Path, key: str) -> list[Any]:
    """The list that a file has at its top under `key`; ValueError if there is none, else as `read_yaml`."""
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise ValueError(f"{path} has no list {key!r} at its top")
    return content[key]


def check_name(value: Any, where: str, what: str) -> str:
    """A name as text; YAML reads some, such as 2, as numbers.

    Raises:
        ValueError: it is not of `NAME`; the message begins with `where`, and `what` says which name it is.
    """
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or not NAME.fullmatch(str(value)):
        legal = "letters, digits, '.', '_' and '-', at most 100, the first a letter or digit"
        raise ValueError(f"{where}: {what} is {value!r}: use {legal}")
    return str(value)
