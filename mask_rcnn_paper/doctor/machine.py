"""Checks of what the plugin needs, whoever provides detectron2."""

import importlib
import os
import platform
from pathlib import Path

from mask_rcnn_paper.doctor import probes
from mask_rcnn_paper.doctor.check import BROKEN, INFO, OK, Check, Outcome

# Distributions whose module has another name, and other distributions of the same module.
_MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL", "pyyaml": "yaml"}
_ALTERNATIVES = {"opencv-python-headless": ("opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")}


def check_provider(upstream: Path | None) -> Outcome:
    """Who provides detectron2 and why; raises what choosing it and importing it raise."""
    from mask_rcnn_paper.provider import ENV_VAR, PROVIDER

    asked = os.environ.get(ENV_VAR)
    why = f"{ENV_VAR}={asked}" if asked else "installed" if upstream else "detectron2 is not installed"
    version = importlib.import_module("detectron2").__version__
    return OK, f"{PROVIDER} {version}: {why}" + (f", in {upstream}" if upstream else "")


def check_requirement(requirement: str, upstream: Path | None) -> Outcome:
    """A requirement such as "torch>=2.6" is installed, recent enough, and can be imported."""
    name, specifier = probes.split(requirement)
    module = _MODULES.get(name, name)
    version = next(filter(None, map(probes.version, (name, *_ALTERNATIVES.get(name, ())))), None)
    if version is None and not probes.has_module(module):
        return BROKEN, f"not installed, needs {specifier}"
    if version and not probes.accepts(specifier, version):
        return BROKEN, f"{version}, needs {specifier}"
    importlib.import_module(module)
    return OK, version or "unknown version"  # conda leaves out the metadata of some packages


def check_python(upstream: Path | None) -> Outcome:
    """Version of Python and kind of machine."""
    return INFO, f"{platform.python_version()}, {platform.system()} {platform.machine()}"


def check_cuda(upstream: Path | None) -> Outcome:
    """The CUDA that torch was built for, and the GPUs it sees."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return INFO, f"torch is built for CUDA {torch.version.cuda or '(none)'}; GPUs: {', '.join(gpus) or 'none'}"


def check_ops(upstream: Path | None) -> Outcome:
    """torchvision's compiled operators run, which they do only with the torch they were built for."""
    import torch
    from torchvision.ops import nms

    kept = nms(torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]]), torch.tensor([0.5, 0.9]), 0.5).tolist()
    return (OK, "nms runs") if kept == [1] else (BROKEN, f"nms keeps {kept} where it must keep [1]")


def check_pycocotools(upstream: Path | None) -> Outcome:
    """pycocotools runs with the numpy there is; otherwise "numpy.dtype size changed"."""
    import numpy as np
    from pycocotools import mask

    area = int(mask.area(mask.encode(np.ones((2, 3), dtype=np.uint8, order="F"))))
    return (OK, "masks are encoded") if area == 6 else (BROKEN, f"a mask of 6 pixels has area {area}")


def check_plugin(upstream: Path | None) -> Outcome:
    """The plugin's components can be imported."""
    for name in ("modeling", "config", "generated.datasets"):  # what the package's __init__ leaves out for the doctor
        importlib.import_module(f"mask_rcnn_paper.{name}")
    return OK, "its components are imported"


def check_coco(upstream: Path | None) -> Outcome:
    """COCO 2017 lies where detectron2 looks for it."""
    root = Path(os.getenv("DETECTRON2_DATASETS", "datasets")).expanduser() / "coco"
    parts = [part for s in ("train2017", "val2017") for part in (f"annotations/instances_{s}.json", s)]
    lacks = [part for part in parts if not (root / part).exists()]
    if not lacks:
        return INFO, f"found in {root}"
    what = "is not there" if not root.exists() else f"lacks {', '.join(lacks)}"
    return INFO, f"{root} {what} ($DETECTRON2_DATASETS); only the paper's scale needs it"


PROVIDER = Check("detectron2", check_provider, "unset MASK_RCNN_PAPER_DETECTRON2, or install detectron2 anew")
MACHINE = (
    Check("Python", check_python, ""),
    Check("CUDA", check_cuda, "see https://pytorch.org/get-started"),
    Check("torch with torchvision", check_ops, "install both in one command, from the same index"),
    Check("numpy with pycocotools", check_pycocotools, "pip install --force-reinstall --no-cache-dir pycocotools"),
    Check("mask_rcnn_paper", check_plugin, "mend what is broken above"),
    Check("COCO", check_coco, "set DETECTRON2_DATASETS to the folder that holds coco/"),
)
