"""Known breakages of upstream's detectron2, looked for in the text of its files and in metadata."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path

from mask_rcnn_paper.doctor import checks
from mask_rcnn_paper.doctor.checks import AFFECTED, NOT_RELEVANT, OK, Check, Outcome


def check_model_zoo(upstream: Path) -> Outcome:
    """`detectron2.model_zoo` imports pkg_resources, which setuptools 82 removed."""
    return checks.needs_pkg_resources(upstream / "model_zoo/model_zoo.py", "detectron2.model_zoo; the plugin does not")


def check_weights_only(upstream: Path) -> Outcome:
    """fvcore calls torch.load without `weights_only`, whose default became True in torch 2.6."""
    explicit = "weights_only" in checks.text_of(checks.folder("fvcore") / "common" / "checkpoint.py")
    if explicit or not checks.accepts(">=2.6", checks.version("torch") or "0"):
        return OK, "fvcore and torch agree"
    return AFFECTED, "fvcore's Checkpointer cannot load .pth files with other than tensors and plain values"


def check_cityscapes(upstream: Path) -> Outcome:
    """Since commit 4823082a (2024-12-19) upstream imports a package that only its authors have."""
    files = (upstream / "data" / "datasets" / "cityscapes.py", upstream / "evaluation" / "cityscapes_evaluation.py")
    private = ", ".join(path.name for path in files if "deeplearning.projects" in checks.text_of(path))
    return (AFFECTED, f"deeplearning.projects is imported by {private}") if private else (OK, "public imports")


def check_pillow(upstream: Path) -> Outcome:
    """v0.6 uses `Image.LINEAR`, which Pillow 10 removed."""
    return _removed_attributes(upstream, "PIL.Image", "Image", ("ANTIALIAS", "CUBIC", "LINEAR"))


def check_numpy(upstream: Path) -> Outcome:
    """v0.6 uses aliases that numpy 1.24 removed, and `np.array(copy=False)`, which numpy 2 made strict."""
    import numpy as np

    state, detail = _removed_attributes(upstream, "numpy", "np", ("bool", "complex", "float", "int", "object", "str"))
    if state == OK and checks.accepts(">=2", np.__version__):
        for path, _ in _sources(upstream, r"\bnp\.array\([^()\n]*copy=False"):
            return AFFECTED, f"{path} calls np.array(copy=False), which numpy {np.__version__} refuses"
    return state, detail


def _sources(upstream: Path, pattern: str) -> Iterator[tuple[Path, str]]:
    """Files in whose text the pattern occurs; to parse every file of detectron2 takes seconds."""
    for path in sorted(upstream.rglob("*.py")):
        if re.search(pattern, text := checks.text_of(path)):
            yield path.relative_to(upstream), text


def _removed_attributes(upstream: Path, module: str, alias: str, names: tuple[str, ...]) -> Outcome:
    """Affected where upstream's code uses attributes that a module lost; comments and strings do not count."""
    used: dict[str, Path] = {}  # the first file that uses each
    for path, source in _sources(upstream, rf"\b{alias}\.({'|'.join(names)})\b"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == alias:
                used.setdefault(node.attr, path)
    now = importlib.import_module(module)
    removed = [f"{alias}.{name} ({path})" for name, path in used.items() if not hasattr(now, name)]
    return (AFFECTED, f"uses what is gone: {', '.join(removed)}") if removed else (OK, "uses nothing that is gone")


def check_pins(upstream: Path) -> Outcome:
    """What detectron2's metadata demand of other packages, such as iopath<0.1.10, against what is installed."""
    from packaging.requirements import Requirement

    try:
        pins = [Requirement(text) for text in metadata.requires("detectron2") or []]
    except metadata.PackageNotFoundError:
        return OK, "detectron2 is on the path without metadata"
    asked = [(p, checks.version(p.name)) for p in pins if not p.marker or p.marker.evaluate({"extra": ""})]
    clashes = [f"{p.name}{p.specifier}, not {v}" for p, v in asked if v and not checks.accepts(str(p.specifier), v)]
    if clashes:
        return AFFECTED, f"detectron2 asks for {'; '.join(clashes)}"
    absent = ", ".join(pin.name for pin, installed in asked if not installed)  # such as black, which it never imports
    return OK, f"all that are installed fit; not installed: {absent}" if absent else "all are met"


_MAIN_BRANCH = "install detectron2 from a commit of its main branch instead of v0.6"
_CHECKS = (
    ("upstream's model_zoo", check_model_zoo, "pip install 'setuptools<82'"),
    ("upstream, weights_only", check_weights_only, "for trusted files, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"),
    ("upstream's Cityscapes", check_cityscapes, "where Cityscapes is used, install a commit before 4823082a"),
    ("upstream with Pillow", check_pillow, _MAIN_BRANCH),
    ("upstream with numpy", check_numpy, _MAIN_BRANCH),
    ("upstream's pins", check_pins,
     "the plugin runs without; where another package needs them, pip install those versions"),
)  # fmt: skip


def upstream_checks(upstream: Path | None) -> list[Check]:
    """Checks of the folder of upstream's package; not relevant with the embedded core, where it is None."""
    embedded = NOT_RELEVANT, "the embedded core does not have it"
    return [Check(name, partial(run, upstream) if upstream else lambda: embedded, cure) for name, run, cure in _CHECKS]
