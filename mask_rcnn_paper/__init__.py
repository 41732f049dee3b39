"""The Mask R-CNN paper (arXiv:1703.06870) as a detectron2 plugin.

Importing this package decides who provides `detectron2`. Components and datasets are registered by the first use of
`add_mask_rcnn_paper_config`, without which no config can name them: that takes torch, seconds that commands which only
read results need not wait for.
"""

import sys
import warnings
from typing import Any

from mask_rcnn_paper.registration import add_mask_rcnn_paper_config, register_components

try:
    from mask_rcnn_paper.provider import PROVIDER
except (ImportError, ValueError):
    if "mask_rcnn_paper.doctor" not in sys.orig_argv:  # which reports it
        raise

__version__ = "0.1.0"
__all__ = ["PROVIDER", "add_mask_rcnn_paper_config", "load_row", "register_components"]

# fvcore still uses torch.jit.script, of which newer versions of torch warn on every start of every command.
warnings.filterwarnings("ignore", message=r".*torch\.jit\.script.*", category=FutureWarning)


def load_row(row: Any, scale: str = "paper", **options: Any) -> Any:
    """A trained row as a predictor for image files and arrays: `mask_rcnn_paper.trained.load_row`."""
    from mask_rcnn_paper import trained

    return trained.load_row(row, scale, **options)
