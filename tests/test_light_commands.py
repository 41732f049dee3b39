"""Commands that only read wait for nothing that takes seconds to import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SLOW = ("torch", "detectron2", "matplotlib", "cv2", "pycocotools", "pandas")
LIGHT = ("errors", "files", "cores", "config_files", "stages", "generated.cache", "training.progress")
COMMANDS = (
    ("list", "2b", "--scale", "mini"),
    ("status", "2b", "--scale", "mini"),
    ("table", "2b", "--scale", "mini", "--published"),
    ("claims", "2b", "--scale", "mini", "--published"),
)


def imported_by(code, **environment):
    """Which of `SLOW` a process has imported in the end."""
    code = f"import sys\n{code}\nprint('imported', *[name for name in {SLOW} if name in sys.modules])"
    environment = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


def run(*commands):
    """Code that runs commands."""
    return f"import ablations.__main__ as m\nfor words in {commands}: m.main(words)"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache in which the configs of the commands have been resolved once, with all that this imports."""
    folder = str(tmp_path_factory.mktemp("cache"))
    assert {"torch", "detectron2"} <= set(imported_by(run(*COMMANDS), MASK_RCNN_PAPER_CACHE=folder))
    return folder


def test_what_all_commands_stand_on_is_light():
    """The package itself, and its lowest floor."""
    names = ", ".join(f"mask_rcnn_paper.{name}" for name in LIGHT)
    assert imported_by(f"import mask_rcnn_paper, {names}") == []


def test_help_imports_no_command():
    """It is asked for most, and by those who wait least."""
    code = "import contextlib, ablations.__main__ as m\nwith contextlib.suppress(SystemExit): m.main(['--help'])"
    assert imported_by(f"{code}\nassert 'ablations.commands' not in sys.modules") == []


@pytest.mark.parametrize("words", COMMANDS, ids=[words[0] for words in COMMANDS])
def test_what_has_been_resolved_before_is_read_without_detectron2(words, cache):
    """Only the first call waits for it."""
    assert imported_by(run(words), MASK_RCNN_PAPER_CACHE=cache) == []
