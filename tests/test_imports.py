"""What must start fast needs neither torch nor detectron2, which take seconds to import."""

import subprocess
import sys

import pytest

LIGHT = ["errors", "files", "generated.cache", "scales", "stages", "training.progress"]


@pytest.mark.parametrize("module", [f"mask_rcnn_paper.{name}" for name in LIGHT])
def test_light_modules_import_neither_torch_nor_detectron2(module):
    """In a process of its own, whose arguments say that it is one that needs no components."""
    code = f"import sys, {module}; print(*{{'torch', 'detectron2'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, "mask_rcnn_paper.doctor"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")
