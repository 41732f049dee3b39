"""Known breakages of upstream's detectron2, looked for in the text of its files and in metadata."""

from importlib import metadata
from pathlib import Path
from types import ModuleType

from mask_rcnn_paper.doctor import probes
from mask_rcnn_paper.doctor.check import AFFECTED, NOT_RELEVANT, OK, Check, Outcome

_EMBEDDED = (NOT_RELEVANT, "the embedded core does not have it")


def check_model_zoo(upstream: Path | None) -> Outcome:
    """`detectron2.model_zoo` imports pkg_resources, which setuptools 82 removed."""
    if upstream is None:
        return _EMBEDDED
    return _needs_pkg_resources(upstream / "model_zoo" / "model_zoo.py", "detectron2.model_zoo; the plugin does not")


def check_tensorboard(upstream: Path | None) -> Outcome:
    """The tensorboard command imports pkg_resources up to 2.20; writing scalars does not."""
    return _needs_pkg_resources(
        probes.folder("tensorboard") / "default.py", "the tensorboard command; training does not"
    )


def _needs_pkg_resources(path: Path, who: str) -> Outcome:
    if "import pkg_resources" not in probes.text(path):
        return OK, "pkg_resources is not used"
    if probes.has_module("pkg_resources"):
        return OK, "pkg_resources is there"
    return AFFECTED, f"setuptools has no pkg_resources any more, which is needed by {who}"


def check_weights_only(upstream: Path | None) -> Outcome:
    """fvcore calls torch.load without `weights_only`, whose default became True in torch 2.6."""
    if upstream is None:
        return _EMBEDDED
    explicit = "weights_only" in probes.text(probes.folder("fvcore") / "common" / "checkpoint.py")
    if explicit or not probes.accepts(">=2.6", probes.version("torch") or "0"):
        return OK, "fvcore and torch agree"
    return AFFECTED, "fvcore's Checkpointer cannot load .pth files with other than tensors and plain values"


def check_cityscapes(upstream: Path | None) -> Outcome:
    """Since commit 4823082a (2024-12-19) upstream imports a package that only its authors have."""
    if upstream is None:
        return _EMBEDDED
    files = (upstream / "data" / "datasets" / "cityscapes.py", upstream / "evaluation" / "cityscapes_evaluation.py")
    private = [path.name for path in files if "deeplearning.projects" in probes.text(path)]
    return (
        (AFFECTED, f"deeplearning.projects is imported by {', '.join(private)}") if private else (OK, "public imports")
    )


def check_pillow(upstream: Path | None) -> Outcome:
    """v0.6 uses `Image.LINEAR`, which Pillow 10 removed."""
    from PIL import Image

    return _removed_attributes(upstream, Image, "Image", ("ANTIALIAS", "CUBIC", "LINEAR"))


def check_numpy(upstream: Path | None) -> Outcome:
    """v0.6 uses aliases that numpy 1.24 removed, and `np.array(copy=False)`, which numpy 2 made strict."""
    import numpy as np

    state, detail = _removed_attributes(upstream, np, "np", ("bool", "complex", "float", "int", "object", "str"))
    if state == OK and probes.accepts(">=2", np.__version__):
        path = probes.first_match(upstream, r"\bnp\.array\([^()\n]*copy=False")
        if path:
            return AFFECTED, f"{path} calls np.array(copy=False), which numpy {np.__version__} refuses"
    return state, detail


def _removed_attributes(upstream: Path | None, module: ModuleType, alias: str, names: tuple[str, ...]) -> Outcome:
    if upstream is None:
        return _EMBEDDED
    used = probes.used_attributes(upstream, alias, names)
    removed = [f"{alias}.{name} ({path})" for name, path in used.items() if not hasattr(module, name)]
    return (AFFECTED, f"uses what is gone: {', '.join(removed)}") if removed else (OK, "uses nothing that is gone")


def check_pins(upstream: Path | None) -> Outcome:
    """What detectron2's metadata demand of other packages, such as iopath<0.1.10, against what is installed."""
    from packaging.requirements import Requirement

    if upstream is None:
        return _EMBEDDED
    try:
        pins = [Requirement(text) for text in metadata.requires("detectron2") or []]
    except metadata.PackageNotFoundError:
        return OK, "detectron2 is on the path without metadata"
    clashes, absent = [], []
    for pin in pins:
        if pin.marker is not None and not pin.marker.evaluate({"extra": ""}):
            continue
        installed = probes.version(pin.name)
        if not installed:
            absent.append(pin.name)
        elif not probes.accepts(str(pin.specifier), installed):
            clashes.append(f"{pin.name}{pin.specifier}, not {installed}")
    if clashes:
        return AFFECTED, f"detectron2 asks for {'; '.join(clashes)}"
    # Some, such as black, are asked for and never imported.
    return OK, f"all that are installed fit; not installed: {', '.join(absent)}" if absent else "all are met"


_MAIN_BRANCH = "install detectron2 from a commit of its main branch instead of v0.6"
UPSTREAM = (
    Check("tensorboard command", check_tensorboard, "pip install 'tensorboard>=2.21'"),
    Check("upstream's model_zoo", check_model_zoo, "pip install 'setuptools<82'"),
    Check("upstream, weights_only", check_weights_only, "for trusted files, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"),
    Check("upstream's Cityscapes", check_cityscapes, "where Cityscapes is used, install a commit before 4823082a"),
    Check("upstream with Pillow", check_pillow, _MAIN_BRANCH),
    Check("upstream with numpy", check_numpy, _MAIN_BRANCH),
    Check(
        "upstream's pins",
        check_pins,
        "the plugin runs without; where another package needs them, pip install those versions",
    ),
)
