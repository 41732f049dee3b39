"""Known breakages of upstream's detectron2, in folders that stand for it."""

import re
from pathlib import Path

import pytest

from mask_rcnn_paper.doctor import checks, upstream
from mask_rcnn_paper.doctor.checks import AFFECTED, NOT_RELEVANT, OK, examine
from tests.doctor.sources import write


@pytest.mark.parametrize("check", upstream.upstream_checks(None), ids=lambda check: check.name)
def test_breakages_of_upstream_do_not_concern_the_core(check):
    """Without upstream none of its breakages is relevant."""
    assert examine(check).state == NOT_RELEVANT


def test_the_checks_look_at_the_folder_of_upstream(tmp_path):
    """Each is asked about it."""
    write(tmp_path, {"evaluation/cityscapes_evaluation.py": "import deeplearning.projects.x"})
    results = {check.name: examine(check) for check in upstream.upstream_checks(tmp_path)}
    assert results["upstream's Cityscapes"].state == AFFECTED
    assert "4823082a" in results["upstream's Cityscapes"].cure
    assert NOT_RELEVANT not in {result.state for result in results.values()}


def test_model_zoo(tmp_path, monkeypatch):
    """model_zoo is affected where it imports pkg_resources and setuptools has none."""
    monkeypatch.setattr(checks, "has_module", lambda name: False)
    assert upstream.check_model_zoo(tmp_path)[0] == OK
    write(tmp_path, {"model_zoo/model_zoo.py": "import pkg_resources\n"})
    assert upstream.check_model_zoo(tmp_path)[0] == AFFECTED
    monkeypatch.setattr(checks, "has_module", lambda name: True)
    assert upstream.check_model_zoo(tmp_path)[0] == OK


@pytest.mark.parametrize(
    "torch, call, state",
    [("2.5.1", "torch.load(f)", OK), ("2.6.0", "torch.load(f)", AFFECTED), ("2.6.0", "load(f, weights_only=True)", OK)],
)
def test_weights_only(installed, tmp_path, monkeypatch, torch, call, state):
    """fvcore without `weights_only` is affected from torch 2.6 on."""
    installed("torch", torch)
    monkeypatch.setattr(checks, "folder", {"fvcore": write(tmp_path, {"common/checkpoint.py": call})}.get)
    assert upstream.check_weights_only(tmp_path)[0] == state


def test_cityscapes(tmp_path):
    """The private import is found in the text, without importing it."""
    assert upstream.check_cityscapes(tmp_path)[0] == OK
    write(tmp_path, {"data/datasets/cityscapes.py": "def f():\n    from deeplearning.projects.api import x\n"})
    state, detail = upstream.check_cityscapes(tmp_path)
    assert state == AFFECTED
    assert detail.endswith("cityscapes.py")


def test_pillow(tmp_path, monkeypatch):
    """`Image.LINEAR` in code is affected where Pillow has none; in a comment it is not."""
    monkeypatch.delattr("PIL.Image.LINEAR", raising=False)
    write(tmp_path, {"data/transforms/transform.py": "# once Image.LINEAR\nx = Image.BILINEAR\n"})
    assert upstream.check_pillow(tmp_path)[0] == OK
    write(tmp_path, {"data/transforms/transform.py": "def f(interp=Image.LINEAR): pass\n"})
    state, detail = upstream.check_pillow(tmp_path)
    assert state == AFFECTED
    assert f"Image.LINEAR ({Path('data/transforms/transform.py')})" in detail
    monkeypatch.setattr("PIL.Image.LINEAR", 2, raising=False)
    assert upstream.check_pillow(tmp_path)[0] == OK


def test_numpy_aliases(tmp_path):
    """`np.float` is gone from every numpy supported here; `np.float32` and `np.bool_` are not meant."""
    write(tmp_path, {"masks.py": "a = x.astype(np.float32), y.astype(np.bool_)\n"})
    assert upstream.check_numpy(tmp_path)[0] == OK
    write(tmp_path, {"masks.py": "a = x.astype(np.float)\n"})
    assert upstream.check_numpy(tmp_path) == (AFFECTED, "uses what is gone: np.float (masks.py)")


@pytest.mark.parametrize("version, state", [("1.26.4", OK), ("2.0.0", AFFECTED)])
def test_numpy_copy(tmp_path, monkeypatch, version, state):
    """`np.array(copy=False)` is affected from numpy 2 on."""
    monkeypatch.setattr("numpy.__version__", version)
    write(tmp_path, {"masks.py": "a = np.array(x, copy=False)\n"})
    assert upstream.check_numpy(tmp_path)[0] == state


def test_pins(installed, tmp_path):
    """Bounds that what is installed does not meet count, what is absent is named, and extras are not asked for."""
    installed("iopath", "0.1.10")
    installed("fvcore", "0.1.5.post20221221")
    demands = ["iopath<0.1.10,>=0.1.7", "fvcore<0.1.6,>=0.1.5", "no-such-thing>=1", 'iopath<0.1.1; extra == "all"']
    installed("detectron2", "0.6", *demands)
    state, detail = upstream.check_pins(tmp_path)
    assert state == AFFECTED
    assert re.fullmatch(r"detectron2 asks for iopath\S+, not 0\.1\.10", detail)
    installed("iopath", "0.1.9")
    (tmp_path / "site" / "iopath-0.1.10.dist-info" / "METADATA").unlink()
    (tmp_path / "site" / "iopath-0.1.10.dist-info").rmdir()
    assert upstream.check_pins(tmp_path) == (OK, "all that are installed fit; not installed: no-such-thing")
