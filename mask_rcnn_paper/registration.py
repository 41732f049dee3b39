"""Puts this project's components, datasets and config keys where detectron2 looks for them."""

from typing import Any


def register_components() -> None:
    """Put the plugin's components into the registries and its datasets into the catalogue; twice is harmless."""
    # Not above: who only reads results need not wait for torch.
    import mask_rcnn_paper.modeling  # noqa: F401  importing it registers
    from mask_rcnn_paper.data.cityscapes_splits import register_cityscapes
    from mask_rcnn_paper.data.unlabeled import register_coco_unlabeled
    from mask_rcnn_paper.generated.datasets import register_mini_datasets

    register_mini_datasets()
    register_cityscapes()
    register_coco_unlabeled()


def add_mask_rcnn_paper_config(cfg: Any) -> None:
    """Register the plugin's components, and add its keys to what `detectron2.config.get_cfg()` returns."""
    from mask_rcnn_paper.config import add_mask_rcnn_paper_config as add_keys

    register_components()
    add_keys(cfg)
