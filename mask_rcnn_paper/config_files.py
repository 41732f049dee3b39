"""Where config files lie, and what they are based on. Knows no key but `_BASE_`, and needs no detectron2."""

from pathlib import Path
from typing import Any

import yaml

SCALES = ("paper", "short", "mini", "smoke")
# Of these on COCO and Cityscapes, from ImageNet's weights; the others draw their data, and pre-train.
WHOLE_SCALES = ("paper", "short")
_PACKAGE = Path(__file__).resolve().parent
# Inside the package where it is installed, beside it in a checkout.
CONFIG_ROOT = next((p for p in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if p.is_dir()), _PACKAGE)


def find_config(config_file: str | Path) -> Path:
    """Path of a config given as a path, or as one of ours: "table2b/softmax.yaml", also with "configs/" before it.

    Raises:
        FileNotFoundError: neither is a file.
    """
    name = Path(config_file)
    inside = Path(*name.parts[1:]) if name.parts[:1] == ("configs",) else name
    for path in (name, CONFIG_ROOT / inside):
        if _is_file(path):
            return path
    raise FileNotFoundError(
        f"config file {str(config_file)[:200]!r} is not a file, nor is it under {CONFIG_ROOT}; "
        "`python -m ablations list` shows the rows and their configs"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long is none of a file
        return False


def lasting_name(config_file: str | Path) -> str:
    """A name that holds in every folder: "table2b/softmax.yaml" of one of ours, the absolute path of another."""
    path = find_config(config_file).resolve()
    return str(path.relative_to(CONFIG_ROOT) if path.is_relative_to(CONFIG_ROOT) else path)


def config_name(config_file: str | Path) -> str:
    """ "table2b/softmax" of a config under `configs/`; just the stem of one that lies elsewhere."""
    name = Path(lasting_name(config_file)).with_suffix("")
    return name.name if name.is_absolute() else str(name)


def with_bases(path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """A config file and those that it is based on, each with its content without `_BASE_`.

    `_BASE_` is a path from the folder of the file, or the name of one of ours as `find_config` takes it.

    Raises:
        FileNotFoundError: a base is not there.
        ValueError: a file is not plain YAML with a mapping of keys, or is based on itself.
    """
    found: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if path.resolve() in [earlier.resolve() for earlier, _ in found]:
            raise ValueError(f"config file {str(path)!r} is based on itself: mend its _BASE_")
        content = _read(path)
        base = content.pop("_BASE_", None)
        found.append((path, content))
        if base is None:
            return found
        if not isinstance(base, str):
            raise ValueError(f"config file {str(path)!r}: _BASE_ is {base!r}, not the path of one file")
        near = path.parent / Path(base).expanduser()
        try:
            path = near if _is_file(near) else find_config(base)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{base[:200]!r}, the _BASE_ of config file {str(path)!r}, is not a file"
            ) from error


class _PlainLoader(yaml.SafeLoader):
    """Plain YAML, and tuples as some of detectron2's configs write them: reading a config never runs anything."""


_PlainLoader.add_constructor(
    "tag:yaml.org,2002:python/tuple", lambda loader, node: tuple(loader.construct_sequence(node, deep=True))
)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _PlainLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # also numbers of thousands of digits
        raise ValueError(f"config file {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(f"config file {str(path)!r} is not a mapping of keys")
    return content
