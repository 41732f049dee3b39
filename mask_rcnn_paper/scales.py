"""Resolve a config: the row's YAML, then a scale, then the command line, then what follows from the user's own data.

A row's YAML states the paper's recipe. A scale, `configs/scales/<name>.yaml`, shrinks any row by the same rules:

    MULTIPLY: {KEY: factor}          numbers, also inside lists; whole numbers stay whole (rounded, at least 1)
    REPLACE:  {KEY: {old: new}}      values, also inside lists
    SET:      {KEY: value}           whatever the row says
    CASES:    [{WHERE: {KEY: value}, MULTIPLY: ..., ...}]    rules for the rows that have these values; they win

Rules for keys whose value a factor cannot change (strings, None) are errors. `paper` has no rules.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from detectron2.config import CfgNode, get_cfg

from mask_rcnn_paper import add_mask_rcnn_paper_config
from mask_rcnn_paper.config_files import CONFIG_ROOT, SCALES, find_config, with_bases
from mask_rcnn_paper.data.user_data import apply_own_data
from mask_rcnn_paper.imports import imported_versions

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
        ValueError, FileNotFoundError: as `apply_own_data`, for DATASETS.OWN, and as `imported_versions`.
    """
    if scale not in SCALES:
        raise ValueError(f"scale {scale!r}: choose from {', '.join(SCALES)}")
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    for path, content in reversed(with_bases(find_config(config_file))):
        with _named(f"config file {str(path)!r}", ValueError):
            cfg.merge_from_other_cfg(CfgNode(content))
    cfg.SCALE = scale
    if scale != "paper":
        apply_scale(cfg, load_scale(scale))
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE pairs {' '.join(opts)!r}: the last KEY has no VALUE")
    with _named("KEY VALUE pairs", KeyError):
        cfg.merge_from_list(list(opts))
    apply_own_data(cfg, given=opts[::2])
    cfg.IMPORTS.VERSIONS = imported_versions(cfg)
    return cfg


@contextlib.contextmanager
def _named(source: str, kind: type[Exception]) -> Iterator[None]:
    """Raise `kind`, with the source of the config, where detectron2 asserts or stumbles over what it cannot merge."""
    try:
        yield
    except (AssertionError, AttributeError, TypeError) as error:
        raise kind(f"{source}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


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
