"""`CfgNode` with errors that say which key, from which file, and how to mend it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from fvcore.common.config import BASE_KEY
from fvcore.common.config import CfgNode as _CfgNode
from iopath.common.file_io import g_pathmgr

VERSION = 2

UPSTREAM_ONLY = (
    "GLOBAL",
    "MODEL.ANCHOR_GENERATOR.ANGLES",
    "MODEL.PANOPTIC_FPN",
    "MODEL.RESNETS.DEFORM_MODULATED",
    "MODEL.RESNETS.DEFORM_NUM_GROUPS",
    "MODEL.RESNETS.DEFORM_ON_PER_STAGE",
    "MODEL.ROI_BOX_CASCADE_HEAD",
    "MODEL.ROI_BOX_HEAD.FED_LOSS_FREQ_WEIGHT_POWER",
    "MODEL.ROI_BOX_HEAD.FED_LOSS_NUM_CLASSES",
    "MODEL.ROI_BOX_HEAD.USE_FED_LOSS",
    "MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE",
    "MODEL.SEM_SEG_HEAD",
)
"""Legal detectron2 keys and nodes that the embedded core lacks."""


class CfgNode(_CfgNode):
    """Tree of configuration values, read as attributes and merged from YAML files or `KEY VALUE` lists.

    A YAML file may name one or several files to inherit from under `_BASE_`, relative to itself.
    """

    @classmethod
    def load_yaml_with_base(cls, filename: str, allow_unsafe: bool = False) -> dict[str, Any]:
        """Read a YAML file and everything it inherits from.

        Args:
            filename: Path of the file.
            allow_unsafe: Also accept YAML tags that evaluate Python; only for files you trust.

        Returns:
            The merged mapping, without `_BASE_`.

        Raises:
            FileNotFoundError: the file, or a file it inherits from, does not exist.
            ValueError: it is not YAML, not a mapping, or contradicts its base.
        """
        filename = str(filename)
        _spelled_in(filename)  # says what is wrong with the file itself, before it is merged with others
        try:
            return super().load_yaml_with_base(filename, allow_unsafe=allow_unsafe)
        except RecursionError:
            raise ValueError(f"config file {filename!r} inherits from itself through {BASE_KEY}") from None
        except (yaml.YAMLError, AssertionError) as error:
            raise ValueError(f"config file {filename!r}: {_one_line(error)}") from None

    def merge_from_file(self, cfg_filename: str, allow_unsafe: bool = True) -> None:
        """Merge a YAML file and everything it inherits from into this node.

        Args:
            cfg_filename: Path of the file.
            allow_unsafe: Also accept YAML tags that evaluate Python; only for files you trust.

        Raises:
            FileNotFoundError: the file, or a file it inherits from, does not exist.
            KeyError: a key is unknown; names the key and the file that holds it.
            ValueError: it is not a YAML mapping, a value has another type than the default, or its `VERSION`
                is not 2.
        """
        filename = str(cfg_filename)
        loaded = self.load_yaml_with_base(filename, allow_unsafe=allow_unsafe)
        if "VERSION" in self and loaded.get("VERSION", VERSION) != VERSION:
            found = f"VERSION={loaded['VERSION']!r} in {filename!r}"
            raise ValueError(f"{found}: the embedded core reads {VERSION}, install detectron2 to convert it")
        try:
            for key in self._unknown_keys(loaded):
                raise KeyError(self._describe_unknown(key, repr(_file_with(key, filename) or filename)))
            self.merge_from_other_cfg(type(self)(loaded))
        except (ValueError, AssertionError) as error:
            raise ValueError(f"config file {filename!r}: {_one_line(error)}") from None

    def merge_from_list(self, cfg_list: list[Any]) -> Callable[[], None]:
        """Merge `[KEY, VALUE, KEY, VALUE, ...]` into this node; text values are read as Python literals.

        Args:
            cfg_list: Full keys such as `"SOLVER.BASE_LR"`, each followed by its value.

        Raises:
            KeyError: a key is unknown.
            ValueError: the list has odd length, or a value has another type than the default.
        """
        if len(cfg_list) % 2:
            raise ValueError(f"KEY VALUE overrides {list(cfg_list)}: odd length, every KEY needs one VALUE")
        for key in map(str, cfg_list[0::2]):
            if not (self._is_retired(key) or key in self._all_keys()):
                raise KeyError(self._describe_unknown(key, "the KEY VALUE overrides"))
        try:
            return super().merge_from_list(cfg_list)
        except (ValueError, AssertionError) as error:
            raise ValueError(f"KEY VALUE overrides: {_one_line(error)}") from None

    def dump(self, *args: Any, **kwargs: Any) -> str:
        """The tree as YAML text.

        Args:
            *args: As for yacs's `CfgNode.dump`.
            **kwargs: Likewise, passed to `yaml.safe_dump`.
        """
        return super().dump(*args, **kwargs)

    def _is_retired(self, key: str) -> bool:
        return self.key_is_renamed(key) or key in self.__dict__[self.DEPRECATED_KEYS]

    def _all_keys(self, prefix: str = "") -> Iterator[str]:
        for name, value in self.items():
            yield f"{prefix}{name}"
            if isinstance(value, CfgNode):
                yield from value._all_keys(f"{prefix}{name}.")

    def _unknown_keys(self, other: dict, prefix: str = "", root: CfgNode | None = None) -> Iterator[str]:
        """Full names of the keys of `other` that this tree lacks and that it does not allow to be added."""
        root = self if root is None else root
        for name, value in other.items():
            key = f"{prefix}{name}"
            if name not in self:
                if not (self.is_new_allowed() or root._is_retired(key)):
                    yield key
            elif isinstance(self[name], CfgNode):
                if not isinstance(value, dict):
                    raise ValueError(f"config key {key!r}: {value!r} is not a mapping of further keys")
                yield from self[name]._unknown_keys(value, f"{key}.", root)

    def _describe_unknown(self, key: str, source: str) -> str:
        if any(key == known or key.startswith(f"{known}.") for known in UPSTREAM_ONLY):
            return f"config key {key!r} in {source}: the embedded core lacks it, install detectron2 to use it"
        near = difflib.get_close_matches(key, list(self._all_keys()), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown config key {key!r} in {source}{hint}"


def _spelled_in(filename: str) -> dict[str, Any]:
    """The mapping that one file spells out, every scalar as text: nothing is evaluated."""
    if not g_pathmgr.isfile(filename):
        raise FileNotFoundError(f"config file {filename!r} does not exist (working folder: {os.getcwd()})")
    try:
        with g_pathmgr.open(filename, "r") as file:
            content = yaml.load(file, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"config file {filename!r} is not valid YAML: {_one_line(error)}") from None
    if not isinstance(content, dict):
        raise ValueError(f"config file {filename!r} is not a YAML mapping: it needs lines like KEY: VALUE")
    return content


def _file_with(key: str, filename: str) -> str | None:
    """`filename` if it spells `key`, else the file it inherits from that does."""
    content = node = _spelled_in(filename)
    for part in key.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    if node is not None:
        return filename
    bases = content.get(BASE_KEY, [])
    bases = [bases] if isinstance(bases, str) else bases
    paths = (os.path.join(os.path.dirname(filename), os.path.expanduser(base)) for base in bases)
    return next(filter(None, (_file_with(key, path) for path in paths)), None)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
