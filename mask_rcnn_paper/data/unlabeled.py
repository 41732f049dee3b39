"""Registered images without annotations.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B: "the additional 120k unlabeled images provided by COCO".
"""

import os
from functools import partial

from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.coco.image_info import load_image_info
from mask_rcnn_paper.data.registered import metadata_of_classes


def register_unlabeled(name: str, json_file: str, image_root: str, like: str) -> None:
    """Register images without annotations; a name that is taken is left alone.

    Args:
        name: Of the dataset.
        json_file: As for `load_image_info`.
        image_root: Folder of the images.
        like: A registered dataset with the same classes and keypoints.
    """
    if name in DatasetCatalog.list():
        return
    DatasetCatalog.register(name, partial(load_image_info, json_file, image_root))
    files = {"json_file": json_file, "image_root": image_root}
    MetadataCatalog.get(name).set(**files, unlabeled=True, **metadata_of_classes(like))


def register_coco_unlabeled() -> None:
    """Register COCO's unlabelled images, for instances and for keypoints, where detectron2 looks for COCO."""
    root = os.path.join(os.path.expanduser(os.getenv("DETECTRON2_DATASETS", "datasets")), "coco")
    json_file = os.path.join(root, "annotations", "image_info_unlabeled2017.json")
    for kind in ("coco", "keypoints_coco"):
        images = os.path.join(root, "unlabeled2017")
        register_unlabeled(f"{kind}_2017_unlabeled", json_file, images, like=f"{kind}_2017_train")
