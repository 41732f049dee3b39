"""The Mask R-CNN paper (arXiv:1703.06870) as a detectron2 plugin.

Importing this package decides who provides `detectron2` and registers the plugin's components and datasets.
"""

import sys
import warnings

__version__ = "0.1.0"
__all__ = ["PROVIDER", "add_mask_rcnn_paper_config", "modeling"]

# Commands that need none of these imports, which take seconds; the doctor must start where they fail.
if {"mask_rcnn_paper.doctor", "mask_rcnn_paper.validate_dataset"}.isdisjoint(sys.orig_argv):
    from mask_rcnn_paper.provider import PROVIDER  # isort: skip  must come first: it makes `detectron2` importable

    # fvcore still uses torch.jit.script, of which newer versions of torch warn on every start of every command.
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.script.*", category=FutureWarning)

    from mask_rcnn_paper import modeling
    from mask_rcnn_paper.config import add_mask_rcnn_paper_config
    from mask_rcnn_paper.generated.datasets import register_mini_datasets

    register_mini_datasets()
