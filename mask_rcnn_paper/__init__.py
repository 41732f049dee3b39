"""The Mask R-CNN paper (arXiv:1703.06870) as a detectron2 plugin.

Importing this package decides who provides `detectron2`. Components and datasets are registered by the first use of
`add_mask_rcnn_paper_config`, without which no config can name them: that takes torch, seconds that commands which only
read results need not wait for.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.registration import add_mask_rcnn_paper_config, register_components


def _command() -> str:
    """Name of the command of this project that Python was started for, "" where it was for another program."""
    words = sys.orig_argv
    name = words[words.index("-m") + 1] if "-m" in words[:-1] else Path(sys.argv[0] or "-").name
    ours = ("ablations", "benchmarks", "mask_rcnn_paper", "train_net")
    return name if name.partition(".")[0] in ours else ""


try:
    from mask_rcnn_paper.provider import PROVIDER
except (ImportError, ValueError) as error:
    if (command := _command()) == "":
        raise
    if command != "mask_rcnn_paper.doctor":  # which reports it
        with one_line_errors(command):
            raise error

__version__ = "0.1.0"
__all__ = ["PROVIDER", "add_mask_rcnn_paper_config", "load_row", "register_components"]

# fvcore still uses torch.jit.script, of which newer versions of torch warn on every start of every command.
warnings.filterwarnings("ignore", message=r".*torch\.jit\.script.*", category=FutureWarning)


def load_row(row: Any, scale: str = "paper", **options: Any) -> Any:
    """A trained row as a predictor for image files and arrays: `mask_rcnn_paper.trained.load_row`."""
    from mask_rcnn_paper import trained

    return trained.load_row(row, scale, **options)
