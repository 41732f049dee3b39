"""Resolve a config: the row's YAML, then a scale, then the command line, then what follows from the user's own data.

A row's YAML states the paper's recipe. A scale, `configs/scales/<name>.yaml`, shrinks any row by the same rules:

    MULTIPLY: {KEY: factor}          numbers, also inside lists; whole numbers stay whole (rounded, at least 1)
    REPLACE:  {KEY: {old: new}}      values, also inside lists
    SET:      {KEY: value}           whatever the row says
    CASES:    [{WHERE: {KEY: value}, MULTIPLY: ..., ...}]    rules for the rows that have these values; they win

Rules for keys whose value a factor cannot change (strings, None) are errors. `paper` has no rules.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from detectron2.config import CfgNode

SCALES = ("paper", "mini", "smoke")
_PACKAGE = Path(__file__).resolve().parent
# Inside the package where it is installed, beside it in a checkout.
CONFIG_ROOT = next((p for p in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if p.is_dir()), _PACKAGE)
_RULES = ("MULTIPLY", "REPLACE", "SET")


def load_cfg(config_file: str | Path, scale: str = "paper", opts: Sequence[str] = ()) -> CfgNode:
    """The config of a run.

    Args:
        config_file: YAML of a row or an RPN, as `find_config` takes it.
        scale: One of `SCALES`.
        opts: KEY VALUE pairs; they win over the scale and over what `data/user_data.py` takes from DATASETS.OWN.

    Returns:
        The config, not frozen, with `cfg.SCALE == scale`.

    Raises:
        ValueError: unknown scale, a scale's rule does not fit the config, a file that is not a mapping of keys, or a
            KEY without a VALUE.
        FileNotFoundError: no such config file.
        KeyError: a key that does not exist.
        ValueError, FileNotFoundError: as `apply_own_data`, for DATASETS.OWN.
    """
    if scale not in SCALES:
        raise ValueError(f"scale {scale!r}: choose from {', '.join(SCALES)}")
    # Not above: who only looks for a config's file need not wait for detectron2.
    from detectron2.config import get_cfg

    from mask_rcnn_paper.config import add_mask_rcnn_paper_config

    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    path = find_config(config_file)
    with _named(f"config file {str(path)!r}", ValueError):
        cfg.merge_from_file(str(path))
    cfg.SCALE = scale
    if scale != "paper":
        apply_scale(cfg, load_scale(scale))
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE pairs {' '.join(opts)!r}: the last KEY has no VALUE")
    with _named("KEY VALUE pairs", KeyError):
        cfg.merge_from_list(list(opts))
    if cfg.DATASETS.OWN.NAME or cfg.DATASETS.OWN.TRAIN or cfg.DATASETS.OWN.VAL:
        from mask_rcnn_paper.data.user_data import apply_own_data  # imports torch, which other configs do not need

        apply_own_data(cfg, given=opts[::2])
    return cfg


@contextlib.contextmanager
def _named(source: str, kind: type[Exception]) -> Iterator[None]:
    """Raise `kind`, with the source of the config, where detectron2 asserts or stumbles over what it cannot merge."""
    try:
        yield
    except (AssertionError, AttributeError, RecursionError, TypeError) as error:
        raise kind(f"{source}: {error}") from error


def find_config(config_file: str | Path) -> Path:
    """Path of a config.

    Args:
        config_file: A path, or the name of one of the project's configs: "table2b/softmax.yaml", or
            "configs/table2b/softmax.yaml" as commands are written, also where the current folder has no `configs`.

    Raises:
        FileNotFoundError: neither is a file.
    """
    path = Path(config_file)
    name = path.relative_to("configs") if path.is_relative_to("configs") else path
    for place in (path, CONFIG_ROOT / name):
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"config file {str(config_file)!r} is not a file, nor is it under {CONFIG_ROOT}; "
        "`python -m ablations list` shows the rows and their configs"
    )


def config_name(config_file: str | Path) -> str:
    """ "table2b/softmax" of a config under `configs/`; just the stem of one that lies elsewhere."""
    path = find_config(config_file).resolve().with_suffix("")
    return str(path.relative_to(CONFIG_ROOT)) if path.is_relative_to(CONFIG_ROOT) else path.name


def load_scale(name: str) -> dict[str, Any]:
    """Rules of `configs/scales/<name>.yaml`; those of its `_BASE_` scale come first and lose to its own."""
    with open(CONFIG_ROOT / "scales" / f"{name}.yaml", encoding="utf-8") as file:
        rules = yaml.safe_load(file)
    base = load_scale(rules.pop("_BASE_")) if "_BASE_" in rules else {}
    merged = {kind: {**base.get(kind, {}), **rules.get(kind, {})} for kind in _RULES}
    return {**merged, "CASES": base.get("CASES", []) + rules.get("CASES", [])}


def apply_scale(cfg: CfgNode, rules: dict[str, Any]) -> None:
    """Change `cfg` in place by the rules of a scale.

    Args:
        cfg: Config of a row at paper scale, which is what the conditions of CASES are about.
        rules: As `load_scale` gives them.

    Raises:
        KeyError: a rule names a key that `cfg` does not have.
        ValueError: a factor for a value that is not a number or a list of numbers.
    """
    rules = {kind: dict(rules[kind]) for kind in _RULES} | {"CASES": rules["CASES"]}
    for case in rules["CASES"]:
        if all(_value(cfg, key) == value for key, value in case["WHERE"].items()):
            for kind in _RULES:
                rules[kind] |= case.get(kind, {})
    for key, factor in rules["MULTIPLY"].items():
        _update(cfg, key, lambda value, key=key, factor=factor: _multiplied(value, Fraction(factor), key))
    for key, table in rules["REPLACE"].items():
        _update(cfg, key, lambda value, table=table: _replaced(value, table))
    for key, value in rules["SET"].items():
        _update(cfg, key, lambda _old, value=value: value)


def _value(cfg: CfgNode, key: str) -> Any:
    return reduce(getitem, key.split("."), cfg)


def _update(cfg: CfgNode, key: str, change: Callable[[Any], Any]) -> None:
    cfg.merge_from_list([key, change(_value(cfg, key))])


def _multiplied(value: Any, factor: Fraction, key: str) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_multiplied(item, factor, key) for item in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a scale multiplies {key} by {factor}, but its value {value!r} is not a number")
    if isinstance(value, int):
        return max(1, round(value * factor))
    return float(value * float(factor))


def _replaced(value: Any, table: dict[Any, Any]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, table) for item in value)
    return table.get(value, value)
