"""Checks of the machine: each breakage is found where it is and only there."""

import sys
import types
from pathlib import Path

import pytest

from mask_rcnn_paper.doctor import checks
from mask_rcnn_paper.doctor.checks import AFFECTED, BROKEN, INFO, OK, Check, examine
from tests.doctor.sources import write


def test_the_provider_and_the_reason(monkeypatch):
    """The variable, if set, is the reason; else that detectron2 is installed or not."""
    from mask_rcnn_paper import provider

    monkeypatch.setattr(provider, "PROVIDER", "embedded")
    monkeypatch.delenv(provider.ENV_VAR, raising=False)
    assert checks.check_provider(None)[1].endswith("detectron2 is not installed")
    monkeypatch.setenv(provider.ENV_VAR, "embedded")
    assert checks.check_provider(None)[1].endswith("MASK_RCNN_PAPER_DETECTRON2=embedded")
    monkeypatch.delenv(provider.ENV_VAR)
    monkeypatch.setattr(provider, "PROVIDER", "upstream")
    assert checks.check_provider(Path("/there/detectron2"))[1].endswith(f"installed, in {Path('/there/detectron2')}")


def test_what_raises_is_broken():
    """A check that raises becomes a broken result with its message on one line and its cure."""

    def fail():
        raise RuntimeError("operator torchvision::nms\ndoes not exist")

    result = examine(Check("ops", fail, "reinstall"))
    assert (result.state, result.cure) == (BROKEN, "reinstall")
    assert result.detail == "RuntimeError: operator torchvision::nms does not exist"


def test_a_sound_check_has_no_cure():
    """Cures are only for what is affected or broken."""
    assert examine(Check("fine", lambda: (OK, ""), "do something")).cure == ""


@pytest.mark.parametrize(
    "version, expected", [("2.5.1", (BROKEN, "2.5.1, needs >=2.6")), ("2.6.0+cpu", (OK, "2.6.0+cpu"))]
)
def test_requirements_are_held_to_their_lower_bound(installed, version, expected):
    """A version below the bound of setup.py is broken; a local version label does not matter."""
    installed("torch", version)
    assert checks.check_requirement("torch>=2.6") == expected


def test_a_missing_requirement():
    """What is neither a distribution nor a module is not installed."""
    assert checks.check_requirement("no-such-thing>=1") == (BROKEN, "not installed, needs >=1")


def test_requirements_come_from_setup_py_or_the_metadata(installed):
    """Bounds are setup.py's, or those of the installed plugin without its extras."""
    assert all(f'"{text}"' in checks.SETUP.read_text() for text in checks.requirements())
    installed("mask_rcnn_paper", "9", "torch>=9", 'pytest>=8; extra == "dev"')
    assert checks.requirements() == ["torch>=9"]


def test_operators_built_for_another_torch(monkeypatch):
    """torchvision whose operators do not load is broken."""

    def nms(*args):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr("torchvision.ops.nms", nms)
    check = next(check for check in checks.MACHINE if check.run is checks.check_ops)
    result = examine(check)
    assert result.state == BROKEN
    assert "same index" in result.cure


def test_pycocotools_built_for_another_numpy(monkeypatch):
    """A binary mismatch, which is a ValueError on import, is broken."""
    stub = types.ModuleType("pycocotools")
    stub.__getattr__ = lambda name: (_ for _ in ()).throw(ValueError("numpy.dtype size changed"))
    monkeypatch.setitem(sys.modules, "pycocotools", stub)
    check = next(check for check in checks.MACHINE if check.run is checks.check_pycocotools)
    assert examine(check).detail == "ValueError: numpy.dtype size changed"


def test_coco_is_only_information(tmp_path, monkeypatch):
    """COCO that is absent, in part or as a whole, is named and is never an error."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    assert checks.check_coco()[0] == INFO
    assert "is not there" in checks.check_coco()[1]
    write(tmp_path / "coco", {f"annotations/instances_{s}.json": "{}" for s in ("train2017", "val2017")})
    (tmp_path / "coco" / "val2017").mkdir()
    assert "coco lacks train2017 (" in checks.check_coco()[1]
    (tmp_path / "coco" / "train2017").mkdir()
    assert checks.check_coco() == (INFO, f"found in {tmp_path / 'coco'}")


def test_tensorboard(tmp_path, monkeypatch):
    """The tensorboard command is affected with any provider."""
    monkeypatch.setattr(checks, "has_module", lambda name: False)
    monkeypatch.setattr(checks, "folder", {"tensorboard": write(tmp_path, {"default.py": ""})}.get)
    assert checks.check_tensorboard()[0] == OK
    write(tmp_path, {"default.py": "import json\nimport pkg_resources\n"})
    assert checks.check_tensorboard()[0] == AFFECTED
