"""Unlabelled images as a teacher has annotated them, as datasets of a student's training.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B, "data distillation [35]".

    keypoints_coco_2017_unlabeled             registered images
    keypoints_coco_2017_unlabeled_distilled   the same as `python -m mask_rcnn_paper.distill` has annotated them
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detectron2.config import CfgNode

_SUFFIX = "_distilled"


def is_distilled(dataset: str) -> bool:
    """Whether a dataset of this name has its annotations from a teacher."""
    return dataset.endswith(_SUFFIX)


def images_of(dataset: str) -> str:
    """Name of the images that a distilled dataset annotates."""
    return dataset.removesuffix(_SUFFIX)


def annotated_name(images: str) -> str:
    """Name of the distilled dataset of images."""
    return images + _SUFFIX


def register_distilled(cfg: CfgNode) -> None:
    """Register those of DATASETS.TRAIN that a teacher has annotated, with its file DATASETS.DISTILLED.

    Those of an earlier config of this process are replaced.

    Raises:
        ValueError: the images themselves are not registered.
    """
    # Not above: who asks for names need not wait for torch.
    from detectron2.data import DatasetCatalog, MetadataCatalog
    from detectron2.data.datasets import load_coco_json

    from mask_rcnn_paper.data.registered import data_versions, metadata_of_classes

    for name in filter(is_distilled, cfg.DATASETS.TRAIN):
        images = images_of(name)
        if images not in DatasetCatalog.list():
            raise ValueError(f"DATASETS.TRAIN={name!r} is of images {images!r}, which are not registered")
        for catalog in (DatasetCatalog, MetadataCatalog):
            if name in catalog.list():
                catalog.remove(name)
        json_file, image_root = cfg.DATASETS.DISTILLED, MetadataCatalog.get(images).image_root
        DatasetCatalog.register(name, partial(load_coco_json, json_file, image_root, name))
        # The version of the images: what the teacher made of them is the result of another job.
        found = {"json_file": json_file, "image_root": image_root, "data_version": data_versions([images])[images]}
        MetadataCatalog.get(name).set(**found, **metadata_of_classes(images))
