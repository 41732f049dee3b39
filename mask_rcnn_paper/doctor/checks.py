"""What a check is, and the checks of what the plugin needs, whoever provides detectron2."""

import ast
import importlib.util
import os
import platform
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

OK, INFO, AFFECTED, NOT_RELEVANT, BROKEN = "ok", "info", "affected", "not relevant here", "broken"
SETUP = Path(__file__).resolve().parents[2] / "setup.py"
Outcome = tuple[str, str]  # state, detail

# Distributions whose module has another name, and other distributions of the same module.
_MODULES = {"fonttools": "fontTools", "opencv-python-headless": "cv2", "pillow": "PIL", "pyyaml": "yaml"}
_ALTERNATIVES = {"opencv-python-headless": ("opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")}


@dataclass(frozen=True)
class Check:
    """One question to the machine. What `run` raises is broken; the cure is shown where something is wrong."""

    name: str
    run: Callable[[], Outcome]
    cure: str = ""


@dataclass(frozen=True)
class Result:
    """The answer to a `Check`; `cure` is empty where nothing is to be done."""

    name: str
    state: str
    detail: str
    cure: str


def examine(check: Check) -> Result:
    """Run one check; whatever it raises becomes the detail of a broken result."""
    try:
        state, detail = check.run()
    except Exception as error:
        message = textwrap.shorten(str(error), 300)
        state, detail = BROKEN, message if isinstance(error, ImportError) else f"{type(error).__name__}: {message}"
    return Result(check.name, state, detail, check.cure if state in (AFFECTED, BROKEN) else "")


def folder(package: str) -> Path:
    """Folder of a package, which is not imported; raises ModuleNotFoundError where it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {package!r}")
    return Path(spec.origin).parent


def has_module(name: str) -> bool:
    """Whether a top-level module could be imported; does not import it."""
    return importlib.util.find_spec(name) is not None


def version(distribution: str) -> str | None:
    """Installed version, or None."""
    return next((found.version for found in metadata.distributions(name=distribution)), None)


def accepts(specifier: str, installed: str) -> bool:
    """Whether a version is within a specifier such as ">=2.6,<3"; pre-releases count."""
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(installed, prereleases=True)


def requirements() -> list[str]:
    """`install_requires` of setup.py: from the installed metadata, or in a bare checkout from setup.py."""
    try:
        return [text for text in metadata.requires("mask_rcnn_paper") or [] if ";" not in text]
    except metadata.PackageNotFoundError:
        tree = ast.parse(SETUP.read_text())
        keywords = {node.arg: node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)}
        return ast.literal_eval(keywords["install_requires"])


def requirement_checks() -> list[Check]:
    """A check of each requirement; where they cannot be read, one that says so."""
    try:
        texts = requirements()
    except Exception as error:
        unknown = BROKEN, f"neither installed metadata nor setup.py: {error!r}"
        return [Check("requirements", lambda: unknown, "from the checkout: pip install -e .")]
    return [Check(split(text)[0], partial(check_requirement, text), f"pip install '{text}'") for text in texts]


def split(requirement: str) -> tuple[str, str]:
    """("torch", ">=2.6") of "torch>=2.6"."""
    return re.match(r"([\w.-]+)\s*(.*)", requirement).groups()


def check_requirement(requirement: str) -> Outcome:
    """A requirement such as "torch>=2.6" is installed, recent enough, and can be imported."""
    name, specifier = split(requirement)
    module = _MODULES.get(name, name)
    installed = next(filter(None, map(version, (name, *_ALTERNATIVES.get(name, ())))), None)
    if installed is None and not has_module(module):
        return BROKEN, f"not installed, needs {specifier}"
    if installed and not accepts(specifier, installed):
        return BROKEN, f"{installed}, needs {specifier}"
    importlib.import_module(module)
    return OK, installed or "unknown version"  # conda leaves out the metadata of some packages


def check_provider(upstream: Path | None) -> Outcome:
    """Who provides detectron2, from which folder if it is upstream, and why."""
    from mask_rcnn_paper.provider import ENV_VAR, PROVIDER

    asked = os.environ.get(ENV_VAR)
    why = f"{ENV_VAR}={asked}" if asked else "installed" if upstream else "detectron2 is not installed"
    found = importlib.import_module("detectron2").__version__
    return OK, f"{PROVIDER} {found}: {why}" + (f", in {upstream}" if upstream else "")


def check_cuda() -> Outcome:
    """The CUDA that torch was built for, and the GPUs it sees."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return INFO, f"torch is built for CUDA {torch.version.cuda or '(none)'}; GPUs: {', '.join(gpus) or 'none'}"


def check_ops() -> Outcome:
    """torchvision's compiled operators run, which they do only with the torch they were built for."""
    import torch
    from torchvision.ops import nms

    kept = nms(torch.tensor([[0.0, 0.0, 2.0, 2.0]] * 2), torch.tensor([0.5, 0.9]), 0.5).tolist()
    return (OK, "nms runs") if kept == [1] else (BROKEN, f"nms keeps {kept} where it must keep [1]")


def check_pycocotools() -> Outcome:
    """pycocotools runs with the numpy there is; otherwise "numpy.dtype size changed"."""
    import numpy as np
    from pycocotools import mask

    area = int(mask.area(mask.encode(np.ones((2, 3), dtype=np.uint8, order="F"))))
    return (OK, "masks are encoded") if area == 6 else (BROKEN, f"a mask of 6 pixels has area {area}")


def check_plugin() -> Outcome:
    """The plugin's components can be imported."""
    for name in ("modeling", "config", "generated.datasets"):
        importlib.import_module(f"mask_rcnn_paper.{name}")
    return OK, "its components are imported"


def check_coco() -> Outcome:
    """COCO 2017 lies where detectron2 looks for it."""
    root = Path(os.getenv("DETECTRON2_DATASETS", "datasets")).expanduser() / "coco"
    parts = [part for s in ("train2017", "val2017") for part in (f"annotations/instances_{s}.json", s)]
    lacks = [part for part in parts if not (root / part).exists()]
    if not lacks:
        return INFO, f"found in {root}"
    what = f"lacks {', '.join(lacks)}" if root.exists() else "is not there"
    return INFO, f"{root} {what} ($DETECTRON2_DATASETS); only the paper's scale needs it"


def check_tensorboard() -> Outcome:
    """The tensorboard command imports pkg_resources up to 2.20; writing scalars does not."""
    return needs_pkg_resources(folder("tensorboard") / "default.py", "the tensorboard command; training does not")


def needs_pkg_resources(path: Path, who: str) -> Outcome:
    """Affected where a source imports pkg_resources and setuptools, since version 82, has none."""
    used, there = "import pkg_resources" in text_of(path), has_module("pkg_resources")
    if there or not used:
        return OK, f"pkg_resources is {'there' if used else 'not used'}"
    return AFFECTED, f"setuptools has no pkg_resources any more, which is needed by {who}"


def text_of(path: Path) -> str:
    """Text of a file, empty where there is no such file."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


MACHINE = (
    Check("Python", lambda: (INFO, f"{platform.python_version()}, {platform.system()} {platform.machine()}")),
    Check("CUDA", check_cuda, "see https://pytorch.org/get-started"),
    Check("torch with torchvision", check_ops, "install both in one command, from the same index"),
    Check("numpy with pycocotools", check_pycocotools, "pip install --force-reinstall --no-cache-dir pycocotools"),
    Check("mask_rcnn_paper", check_plugin, "mend what is broken above"),
    Check("COCO", check_coco, "set DETECTRON2_DATASETS to the folder that holds coco/"),
    Check("tensorboard command", check_tensorboard, "pip install 'tensorboard>=2.21'"),
)
