"""Who provides detectron2: a real one wherever there is one, the embedded core else, or what the variable says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRINT_PROVIDER = "import mask_rcnn_paper.provider as p, detectron2; print(p.PROVIDER, detectron2.__version__)"


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A folder to put on the path that holds a package named detectron2, importable and otherwise empty."""
    package = tmp_path / "site" / "detectron2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '0.6+stub'\n")
    return package.parent


def run(code: str, *path: Path, asked: str | None = None) -> subprocess.CompletedProcess:
    """Run `code` in a fresh interpreter that sees only the provider module of the plugin, not its components."""
    bare = "import sys, types; m = types.ModuleType('mask_rcnn_paper'); "
    bare += f"m.__path__ = [{str(ROOT / 'mask_rcnn_paper')!r}]; sys.modules['mask_rcnn_paper'] = m; "
    env = {k: v for k, v in os.environ.items() if k not in ("MASK_RCNN_PAPER_DETECTRON2", "PYTHONPATH")}
    env |= {"PYTHONPATH": os.pathsep.join(map(str, path))} | ({"MASK_RCNN_PAPER_DETECTRON2": asked} if asked else {})
    # -S leaves out site-packages, so that a detectron2 installed on this machine does not decide the test.
    return subprocess.run([sys.executable, "-S", "-c", bare + code], capture_output=True, text=True, env=env)


def test_embedded_core_where_there_is_no_detectron2():
    """Without an installed detectron2 the embedded core provides it, with a version that says so."""
    assert run(PRINT_PROVIDER).stdout.split() == ["embedded", "0.6+embedded"]


def test_an_installed_detectron2_wins(stub):
    """A detectron2 on the path is taken, although the embedded core is there too."""
    assert run(PRINT_PROVIDER, stub).stdout.split() == ["upstream", "0.6+stub"]


def test_the_embedded_core_is_put_last_on_the_path(stub):
    """The embedded core can never hide another package: it is the last entry."""
    last = run("import mask_rcnn_paper.provider; print(sys.path[-1])").stdout.strip()
    assert last == str(ROOT / "mask_rcnn_paper" / "embedded")


def test_the_variable_chooses_the_embedded_core(stub):
    """MASK_RCNN_PAPER_DETECTRON2=embedded takes the core although detectron2 is installed."""
    assert run(PRINT_PROVIDER, stub, asked="embedded").stdout.split() == ["embedded", "0.6+embedded"]


def test_the_variable_chooses_upstream(stub):
    """MASK_RCNN_PAPER_DETECTRON2=upstream takes the installed one."""
    assert run(PRINT_PROVIDER, stub, asked="upstream").stdout.split() == ["upstream", "0.6+stub"]


def test_upstream_that_is_not_there_is_a_clear_error():
    """Asking for upstream where there is none names the variable and the cure."""
    error = run(PRINT_PROVIDER, asked="upstream").stderr
    assert "MASK_RCNN_PAPER_DETECTRON2=upstream, but detectron2 is not installed" in error
    assert "unset the variable" in error


def test_an_unknown_value_is_a_clear_error():
    """Any other value is refused with the legal ones."""
    assert (
        "MASK_RCNN_PAPER_DETECTRON2='real': choose from upstream, embedded" in run(PRINT_PROVIDER, asked="real").stderr
    )


def test_another_provider_imported_before_is_a_clear_error(stub):
    """detectron2 imported from elsewhere before the embedded core is asked for cannot be undone."""
    result = run("import detectron2; " + PRINT_PROVIDER, stub, asked="embedded")
    assert "comes too late" in result.stderr


def test_a_folder_named_detectron2_without_a_package_is_not_an_install(tmp_path):
    """The parent of a source checkout on the path does not count as an installed detectron2."""
    (tmp_path / "detectron2").mkdir()
    assert run(PRINT_PROVIDER, tmp_path).stdout.split()[0] == "embedded"
