"""The doctor: each known breakage is found where it is and only there, and nothing that is broken stops the report."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mask_rcnn_paper import doctor
from mask_rcnn_paper.doctor import machine, probes, upstream
from mask_rcnn_paper.doctor.check import AFFECTED, BROKEN, INFO, NOT_RELEVANT, OK, Check, examine

ROOT = Path(__file__).resolve().parent.parent


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below `root` and return it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A function that makes a distribution look installed, before any real one of that name."""
    monkeypatch.syspath_prepend(tmp_path / "site")

    def install(name: str, version: str, *requires: str) -> None:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires]
        write(tmp_path / "site", {f"{name}-{version}.dist-info/METADATA": "\n".join(lines) + "\n"})

    return install


def run(*path: Path, **env: str) -> subprocess.CompletedProcess:
    """Run the command with folders put first on the path."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MASK_RCNN_PAPER_DETECTRON2", "PYTHONPATH")}
    kept |= {"PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))} | env
    command = [sys.executable, "-m", "mask_rcnn_paper.doctor"]
    return subprocess.run(command, capture_output=True, text=True, env=kept, cwd=path[0])


def row(report: str, name: str) -> str:
    """The report's row of that name."""
    return next(line for line in report.splitlines() if re.match(rf"{re.escape(name)}  ", line))


def test_the_machine_that_runs_the_tests_is_sound(capsys):
    """Here everything needed works: exit code 0, a row for each requirement and check, on one screen."""
    assert doctor.main() == 0
    report = capsys.readouterr().out
    for requirement in probes.requirements():
        assert f" {OK} " in row(report, probes.split(requirement)[0])
    for check in (*machine.MACHINE, *upstream.UPSTREAM):
        assert row(report, check.name)
    assert len(report.splitlines()) <= 50 and max(map(len, report.splitlines())) <= 125


def test_runs_where_torch_and_tabulate_cannot_be_imported(tmp_path):
    """The command reports packages that fail on import, without a traceback, and exits with 1."""
    write(
        tmp_path, {"torch/__init__.py": "raise OSError('libc10.so:\\n no such file')", "tabulate.py": "import nothing"}
    )
    result = run(tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert BROKEN in row(result.stdout, "torch") and "OSError: libc10.so: no such file" in row(result.stdout, "torch")
    assert "No module named 'nothing'" in row(result.stdout, "tabulate")
    assert OK in row(result.stdout, "numpy")
    assert "torch: pip install 'torch>=2.6'" in result.stdout


def test_an_illegal_provider_is_reported(tmp_path):
    """A wrong MASK_RCNN_PAPER_DETECTRON2 is a broken row that says so, without a traceback."""
    write(tmp_path, {"torch.py": "raise ImportError('left out, to be quick')"})
    result = run(tmp_path, MASK_RCNN_PAPER_DETECTRON2="real")
    assert (result.returncode, result.stderr) == (1, "")
    assert "MASK_RCNN_PAPER_DETECTRON2='real': choose from" in row(result.stdout, "detectron2")
    assert "detectron2: unset MASK_RCNN_PAPER_DETECTRON2" in result.stdout


def test_an_installed_detectron2_is_examined(tmp_path):
    """With an upstream on the path the provider's row says where, and its breakages are looked for."""
    files = {"__init__.py": "__version__ = '0.6'", "data/datasets/cityscapes.py": "import deeplearning.projects.x"}
    write(tmp_path, {f"detectron2/{name}": text for name, text in files.items()})
    write(tmp_path, {"torch.py": "raise ImportError('left out, to be quick')"})
    report = run(tmp_path).stdout
    assert "upstream 0.6: installed, in " in row(report, "detectron2")
    assert AFFECTED in row(report, "upstream's Cityscapes")


def test_the_provider_and_the_reason(monkeypatch):
    """The variable, if set, is the reason; else that detectron2 is installed or not."""
    from mask_rcnn_paper import provider

    monkeypatch.setattr(provider, "PROVIDER", "embedded")
    monkeypatch.delenv(provider.ENV_VAR, raising=False)
    assert machine.check_provider(None)[1].endswith("detectron2 is not installed")
    monkeypatch.setenv(provider.ENV_VAR, "embedded")
    assert machine.check_provider(None)[1].endswith("MASK_RCNN_PAPER_DETECTRON2=embedded")
    monkeypatch.delenv(provider.ENV_VAR)
    monkeypatch.setattr(provider, "PROVIDER", "upstream")
    assert machine.check_provider(Path("/there/detectron2"))[1].endswith(f"installed, in {Path('/there/detectron2')}")


def test_what_raises_is_broken():
    """A check that raises becomes a broken result with its message on one line and its cure."""

    def fail(upstream: Path | None):
        raise RuntimeError("operator torchvision::nms\ndoes not exist")

    result = examine(Check("ops", fail, "reinstall"), None)
    assert (result.state, result.cure) == (BROKEN, "reinstall")
    assert result.detail == "RuntimeError: operator torchvision::nms does not exist"


def test_a_sound_check_has_no_cure():
    """Cures are only for what is affected or broken."""
    assert examine(Check("fine", lambda upstream: (OK, ""), "do something"), None).cure == ""


@pytest.mark.parametrize(
    "version, expected", [("2.5.1", (BROKEN, "2.5.1, needs >=2.6")), ("2.6.0+cpu", (OK, "2.6.0+cpu"))]
)
def test_requirements_are_held_to_their_lower_bound(installed, version, expected):
    """A version below the bound of setup.py is broken; a local version label does not matter."""
    installed("torch", version)
    assert machine.check_requirement("torch>=2.6", None) == expected


def test_a_missing_requirement():
    """What is neither a distribution nor a module is not installed."""
    assert machine.check_requirement("no-such-thing>=1", None) == (BROKEN, "not installed, needs >=1")


def test_requirements_come_from_setup_py_or_the_metadata(installed):
    """Bounds are setup.py's, or those of the installed plugin without its extras."""
    assert all(f'"{text}"' in probes.SETUP.read_text() for text in probes.requirements())
    installed("mask_rcnn_paper", "9", "torch>=9", 'pytest>=8; extra == "dev"')
    assert probes.requirements() == ["torch>=9"]


def test_unreadable_requirements_are_reported(installed, monkeypatch, tmp_path):
    """Without metadata and setup.py the report still comes, with that as a broken row."""
    monkeypatch.setattr(probes, "requirements", lambda: (tmp_path / "setup.py").read_text())
    broken = [result for result in doctor.diagnose() if result.state == BROKEN]
    assert [result.name for result in broken] == ["requirements"] and "setup.py" in broken[0].detail


def test_operators_built_for_another_torch(monkeypatch):
    """torchvision whose operators do not load is broken."""

    def nms(*args):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr("torchvision.ops.nms", nms)
    check = next(check for check in machine.MACHINE if check.run is machine.check_ops)
    result = examine(check, None)
    assert result.state == BROKEN and "same index" in result.cure


def test_pycocotools_built_for_another_numpy(monkeypatch):
    """A binary mismatch, which is a ValueError on import, is broken."""
    stub = types.ModuleType("pycocotools")
    stub.__getattr__ = lambda name: (_ for _ in ()).throw(ValueError("numpy.dtype size changed"))
    monkeypatch.setitem(sys.modules, "pycocotools", stub)
    check = next(check for check in machine.MACHINE if check.run is machine.check_pycocotools)
    assert examine(check, None).detail == "ValueError: numpy.dtype size changed"


def test_coco_is_only_information(tmp_path, monkeypatch):
    """COCO that is absent, in part or as a whole, is named and is never an error."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    assert machine.check_coco(None)[0] == INFO and "is not there" in machine.check_coco(None)[1]
    write(tmp_path / "coco", {f"annotations/instances_{s}.json": "{}" for s in ("train2017", "val2017")})
    (tmp_path / "coco" / "val2017").mkdir()
    assert "coco lacks train2017 (" in machine.check_coco(None)[1]
    (tmp_path / "coco" / "train2017").mkdir()
    assert machine.check_coco(None) == (INFO, f"found in {tmp_path / 'coco'}")


@pytest.mark.parametrize("check", [c for c in upstream.UPSTREAM if c.run is not upstream.check_tensorboard])
def test_breakages_of_upstream_do_not_concern_the_core(check):
    """Without upstream none of its breakages is relevant."""
    assert check.run(None)[0] == NOT_RELEVANT


def test_model_zoo(tmp_path, monkeypatch):
    """model_zoo is affected where it imports pkg_resources and setuptools has none."""
    monkeypatch.setattr(probes, "has_module", lambda name: False)
    assert upstream.check_model_zoo(tmp_path)[0] == OK
    write(tmp_path, {"model_zoo/model_zoo.py": "import pkg_resources\n"})
    assert upstream.check_model_zoo(tmp_path)[0] == AFFECTED
    monkeypatch.setattr(probes, "has_module", lambda name: True)
    assert upstream.check_model_zoo(tmp_path)[0] == OK


def test_tensorboard(tmp_path, monkeypatch):
    """The tensorboard command is affected with any provider."""
    monkeypatch.setattr(probes, "has_module", lambda name: False)
    monkeypatch.setattr(probes, "folder", {"tensorboard": write(tmp_path, {"default.py": ""})}.get)
    assert upstream.check_tensorboard(None)[0] == OK
    write(tmp_path, {"default.py": "import json\nimport pkg_resources\n"})
    assert upstream.check_tensorboard(None)[0] == AFFECTED


@pytest.mark.parametrize(
    "torch, call, state",
    [("2.5.1", "torch.load(f)", OK), ("2.6.0", "torch.load(f)", AFFECTED), ("2.6.0", "load(f, weights_only=True)", OK)],
)
def test_weights_only(installed, tmp_path, monkeypatch, torch, call, state):
    """fvcore without `weights_only` is affected from torch 2.6 on."""
    installed("torch", torch)
    monkeypatch.setattr(probes, "folder", {"fvcore": write(tmp_path, {"common/checkpoint.py": call})}.get)
    assert upstream.check_weights_only(tmp_path)[0] == state


def test_cityscapes(tmp_path):
    """The private import is found in the text, without importing it."""
    assert upstream.check_cityscapes(tmp_path)[0] == OK
    write(tmp_path, {"data/datasets/cityscapes.py": "def f():\n    from deeplearning.projects.api import x\n"})
    state, detail = upstream.check_cityscapes(tmp_path)
    assert state == AFFECTED and detail.endswith("cityscapes.py")


def test_pillow(tmp_path, monkeypatch):
    """`Image.LINEAR` in code is affected where Pillow has none; in a comment it is not."""
    monkeypatch.delattr("PIL.Image.LINEAR", raising=False)
    write(tmp_path, {"data/transforms/transform.py": "# once Image.LINEAR\nx = Image.BILINEAR\n"})
    assert upstream.check_pillow(tmp_path)[0] == OK
    write(tmp_path, {"data/transforms/transform.py": "def f(interp=Image.LINEAR): pass\n"})
    state, detail = upstream.check_pillow(tmp_path)
    assert state == AFFECTED and f"Image.LINEAR ({Path('data/transforms/transform.py')})" in detail
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
    assert state == AFFECTED and re.fullmatch(r"detectron2 asks for iopath\S+, not 0\.1\.10", detail)
    installed("iopath", "0.1.9")
    (tmp_path / "site" / "iopath-0.1.10.dist-info" / "METADATA").unlink()
    (tmp_path / "site" / "iopath-0.1.10.dist-info").rmdir()
    assert upstream.check_pins(tmp_path) == (OK, "all that are installed fit; not installed: no-such-thing")


def test_nothing_in_the_plugin_imports_the_model_zoo():
    """`detectron2.model_zoo` needs pkg_resources, which setuptools no longer has."""
    paths = [*(ROOT / "mask_rcnn_paper").rglob("*.py"), *(ROOT / "ablations").rglob("*.py"), ROOT / "train_net.py"]
    imports = re.compile(r"^\s*(from|import)\b.*\bmodel_zoo\b|import_module\(.*model_zoo", re.MULTILINE)
    assert len(paths) > 50
    assert [str(path) for path in paths if imports.search(path.read_text())] == []
