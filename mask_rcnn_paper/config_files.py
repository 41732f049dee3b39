"""Where the configs lie. Knows nothing of what is in them, and needs no detectron2."""

from pathlib import Path

import yaml

SCALES = ("paper", "mini", "smoke")
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
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"config file {str(config_file)!r} is not a file, nor is it under {CONFIG_ROOT}; "
        "`python -m ablations list` shows the rows and their configs"
    )


def config_name(config_file: str | Path) -> str:
    """ "table2b/softmax" of a config under `configs/`; just the stem of one that lies elsewhere."""
    path = find_config(config_file).resolve().with_suffix("")
    return str(path.relative_to(CONFIG_ROOT)) if path.is_relative_to(CONFIG_ROOT) else path.name


def with_bases(path: Path) -> list[Path]:
    """A config file and those that it is based on, by `_BASE_`, as far as they can be read."""
    found: list[Path] = []
    while path not in found and path.is_file():
        found.append(path)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            break  # `load_cfg` says what is wrong
        base = content.get("_BASE_") if isinstance(content, dict) else None
        if not isinstance(base, str):
            break
        path = (path.parent / Path(base).expanduser()).absolute()
    return found
