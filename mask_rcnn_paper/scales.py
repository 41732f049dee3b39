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
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from detectron2.config import CfgNode, get_cfg

from mask_rcnn_paper.config_files import CONFIG_ROOT, SCALES, find_config, with_bases
from mask_rcnn_paper.data.distilled import register_distilled
from mask_rcnn_paper.data.user_data import apply_own_data
from mask_rcnn_paper.imports import imported_versions
from mask_rcnn_paper.registration import add_mask_rcnn_paper_config

_RULES = ("MULTIPLY", "REPLACE", "SET")


def load_cfg(config_file: str | Path, scale: str = "paper", opts: Sequence[str] = ()) -> CfgNode:
    """The config of a run, not frozen, with `cfg.SCALE == scale`.

    Args:
        config_file: YAML of a row or an RPN, as `find_config` takes it.
        scale: One of `SCALES`.
        opts: KEY VALUE pairs; they win over the scale and over what `data/user_data.py` takes from DATASETS.OWN.

    Raises:
        ValueError: unknown scale, a scale's rule does not fit the config, a file that is not a mapping of keys, a
            KEY without a VALUE, or an option among them.
        FileNotFoundError: no such config file.
        KeyError: a key that does not exist.
        ValueError, FileNotFoundError: as `apply_own_data`, for DATASETS.OWN, as `register_distilled`, and as
            `imported_versions`.
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
    if late := next((key for key in opts[::2] if key.startswith("-")), None):
        raise ValueError(f"KEY VALUE pairs: {late} stands where a KEY is due; give options before the pairs")
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE pairs {' '.join(opts)!r}: the last KEY has no VALUE")
    with _named("KEY VALUE pairs", KeyError):
        cfg.merge_from_list(list(opts))
    apply_own_data(cfg, given=opts[::2])
    register_distilled(cfg)
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
    except KeyError as error:  # of an unknown key; str() would quote it
        raise KeyError(f"{source}: {error.args[0]}") from error


def load_scale(name: str) -> dict[str, Any]:
    """Rules of `configs/scales/<name>.yaml`; those of its `_BASE_` scale come first and lose to its own."""
    with open(CONFIG_ROOT / "scales" / f"{name}.yaml", encoding="utf-8") as file:
        rules = yaml.safe_load(file)
    base = load_scale(rules.pop("_BASE_")) if "_BASE_" in rules else {}
    merged = {kind: {**base.get(kind, {}), **rules.get(kind, {})} for kind in _RULES}
    return {**merged, "CASES": base.get("CASES", []) + rules.get("CASES", [])}


def apply_scale(cfg: CfgNode, rules: dict[str, Any]) -> None:
    """Change a config at paper scale, which is what the conditions of CASES are about, by the rules of `load_scale`.

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
        multiply = partial(_multiplied, factor=Fraction(factor), key=key)
        cfg.merge_from_list([key, _each(_value(cfg, key), multiply)])
    for key, table in rules["REPLACE"].items():
        cfg.merge_from_list([key, _each(_value(cfg, key), lambda value, table=table: table.get(value, value))])
    for key, value in rules["SET"].items():
        _value(cfg, key)
        cfg.merge_from_list([key, value])


def _value(cfg: CfgNode, key: str) -> Any:
    return reduce(getitem, key.split("."), cfg)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The changed value, or a list with each of its values changed."""
    return type(value)(_each(v, change) for v in value) if isinstance(value, (list, tuple)) else change(value)


def _multiplied(value: Any, factor: Fraction, key: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a scale multiplies {key} by {factor}, but its value {value!r} is not a number")
    return max(1, round(value * factor)) if isinstance(value, int) else float(value * float(factor))
