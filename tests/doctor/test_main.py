"""The command: what it prints, and that nothing that is broken stops it."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mask_rcnn_paper.doctor import checks
from mask_rcnn_paper.doctor.__main__ import diagnose, main
from mask_rcnn_paper.doctor.checks import AFFECTED, BROKEN, OK
from mask_rcnn_paper.doctor.upstream import upstream_checks
from tests.doctor.sources import write

ROOT = Path(__file__).resolve().parents[2]


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
    assert main([]) == 0
    report = capsys.readouterr().out
    for requirement in checks.requirements():
        assert f" {OK} " in row(report, checks.split(requirement)[0])
    for check in (*checks.MACHINE, *upstream_checks(None)):
        assert row(report, check.name)
    assert len(report.splitlines()) <= 50
    assert max(map(len, report.splitlines())) <= 125


def test_runs_where_torch_and_tabulate_cannot_be_imported(tmp_path):
    """The command reports packages that fail on import, without a traceback, and exits with 1."""
    write(
        tmp_path, {"torch/__init__.py": "raise OSError('libc10.so:\\n no such file')", "tabulate.py": "import nothing"}
    )
    result = run(tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert BROKEN in row(result.stdout, "torch")
    assert "OSError: libc10.so: no such file" in row(result.stdout, "torch")
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


def test_help_explains_the_exit_codes(capsys):
    """One sentence on what the command does, then 0, 1 and 2."""
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert exit_info.value.code == 0
    assert "Show what this machine has, what it lacks, and the cure." in printed
    for meaning in ("0 where everything needed works", "1 where something is broken", "2 on bad usage"):
        assert meaning in printed


def test_bad_usage_is_one_line(capsys):
    """With the exit code 2; nothing is examined."""
    with pytest.raises(SystemExit) as exit_info:
        main(["torch"])
    printed = capsys.readouterr()
    assert (exit_info.value.code, printed.out) == (2, "")
    assert printed.err == "doctor: error: unrecognized arguments: torch; --help shows the usage\n"


def test_only_the_standard_library_is_needed_to_start():
    """What is reported as missing is not imported at the top of the doctor's modules."""
    plugin, printing = ROOT / "mask_rcnn_paper", "mask_rcnn_paper.terminal"
    paths = [*(plugin / "doctor").glob("*.py"), plugin / "terminal.py"]
    names = set()
    for node in (node for path in paths for node in ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    assert len(paths) == 5
    ours = {name for name in names if name.startswith("mask_rcnn_paper.doctor") or name == printing}
    assert {name.split(".")[0] for name in names - ours} <= sys.stdlib_module_names


def test_unreadable_requirements_are_reported(installed, monkeypatch, tmp_path):
    """Without metadata and setup.py the report still comes, with that as a broken row."""
    monkeypatch.setattr(checks, "requirements", lambda: (tmp_path / "setup.py").read_text())
    broken = [result for result in diagnose() if result.state == BROKEN]
    assert [result.name for result in broken] == ["requirements"]
    assert "setup.py" in broken[0].detail


def test_nothing_in_the_plugin_imports_the_model_zoo():
    """`detectron2.model_zoo` needs pkg_resources, which setuptools no longer has."""
    paths = [*(ROOT / "mask_rcnn_paper").rglob("*.py"), *(ROOT / "ablations").rglob("*.py"), ROOT / "train_net.py"]
    imports = re.compile(r"^\s*(from|import)\b.*\bmodel_zoo\b|import_module\(.*model_zoo", re.MULTILINE)
    assert len(paths) > 50
    assert [str(path) for path in paths if imports.search(path.read_text())] == []
