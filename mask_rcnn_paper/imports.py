"""Components from a user's own files: `--import FILE_OR_MODULE`.

What is imported registers components (RoI layers, mask losses, heads) in the registries, where a config names them.
Only the command line runs such files: opening a stranger's YAML runs nothing. A config may say which it needs
(IMPORTS.NEEDED). The checksum of an imported file is part of the identity of every run whose config names one of its
components, so editing the file makes results of it stale, and leaves others alone.
"""

import argparse
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectron2.config import CfgNode
    from fvcore.common.registry import Registry

# Names registered by each import of this process.
_registered: dict["Import", frozenset[str]] = {}


@dataclass(frozen=True)
class Import:
    """A module to import: `name` without folder and suffix, `place` for `--import`, `checksum` of its file."""

    name: str
    place: str
    checksum: str

    @property
    def version(self) -> str:
        """What a result says of it."""
        return f"{self.name} sha256:{self.checksum[:16]}"


def find_import(text: str) -> Import:
    """What `--import` names, a Python file or the dotted name of a module that can be imported; it is not run yet.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there is no such module, or none with a source file.
    """
    path = Path(text).expanduser()
    is_module = path.suffix != ".py" and not path.is_file()
    if is_module:
        path = _module_file(text)
    if not path.is_file():
        raise FileNotFoundError(f"--import {text!r}: there is no such file; give a Python file, or a module's name")
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if is_module and "." in text:
        return Import(text, text, checksum)  # a module within a package, which it may need
    return Import(path.stem, str(path.absolute()), checksum)  # found also by jobs, which run in another folder


def add_import_option(parser: argparse.ArgumentParser) -> None:
    """Add `--import` to a command: `imports` is a list of `Import`, empty without it."""

    def found(text: str) -> Import:
        try:
            return find_import(text)
        except (FileNotFoundError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    option = {"dest": "imports", "action": "append", "default": [], "metavar": "FILE|MODULE"}
    option["help"] = "a Python file or module that registers your own components; may be given several times"
    parser.add_argument("--import", type=found, **option)


def import_components(imports: Sequence[Import]) -> None:
    """Run the modules, each once in a process.

    Raises:
        ImportError: a module fails; the message names it and what it raised.
    """
    for wanted in imports:
        if wanted in _registered:
            continue
        before = _all_names()
        try:
            _run(wanted)
        except Exception as error:  # whatever a user's file raises
            raise ImportError(f"--import {wanted.place}: {type(error).__name__}: {error}") from error
        _registered[wanted] = _all_names() - before


def imported_versions(cfg: "CfgNode") -> tuple[str, ...]:
    """Versions of the imports of this process that a config names a component of, or says it needs.

    Raises:
        ValueError: it needs one that was not imported.
    """
    given = {wanted.name for wanted in _registered}
    if missing := [name for name in cfg.IMPORTS.NEEDED if name not in given]:
        raise ValueError(f"IMPORTS.NEEDED: the config needs {', '.join(missing)}: add --import with its file or module")
    texts = _texts(cfg)
    return tuple(sorted(w.version for w, names in _registered.items() if names & texts or w.name in cfg.IMPORTS.NEEDED))


def _module_file(name: str) -> Path:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise ValueError(f"--import {name!r}: there is no such module or file; give a Python file, or a module's name")
    return Path(spec.origin)


def _run(wanted: Import) -> None:
    if not wanted.place.endswith(".py"):
        importlib.import_module(wanted.place)
        return
    if wanted.name in sys.modules:
        raise ValueError(f"a module {wanted.name!r} is imported already: give the file another name")
    spec = importlib.util.spec_from_file_location(wanted.name, wanted.place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[wanted.name] = module  # for what looks its own module up, such as dataclasses and pickle
    spec.loader.exec_module(module)


def registries() -> tuple["Registry", ...]:
    """Every registry that a config names components of."""
    from detectron2 import modeling as d2
    from detectron2.modeling.roi_heads import ROI_BOX_HEAD_REGISTRY

    from mask_rcnn_paper.modeling import MASK_LOSS_REGISTRY, ROI_LAYER_REGISTRY

    return (
        *(d2.META_ARCH_REGISTRY, d2.BACKBONE_REGISTRY, d2.PROPOSAL_GENERATOR_REGISTRY, d2.ROI_HEADS_REGISTRY),
        *(ROI_BOX_HEAD_REGISTRY, d2.ROI_MASK_HEAD_REGISTRY, d2.ROI_KEYPOINT_HEAD_REGISTRY),
        *(MASK_LOSS_REGISTRY, ROI_LAYER_REGISTRY),
    )


def _all_names() -> frozenset[str]:
    return frozenset(name for registry in registries() for name, _ in registry)


def _texts(value: Any) -> set[str]:
    if isinstance(value, (dict, list, tuple)):
        return set().union(*map(_texts, value.values() if isinstance(value, dict) else value))
    return {value} if isinstance(value, str) else set()
