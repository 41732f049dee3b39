"""The names under which COCO is known, and where its files are expected.

Everything lies under `$DETECTRON2_DATASETS` (default: `datasets` in the current folder):

    coco/annotations/{instances,person_keypoints}_{train,val}2017.json, ...
    coco/{train,val}2017/*.jpg, ...
"""

import os

from detectron2.data.catalog import DatasetCatalog, MetadataCatalog

from .builtin_meta import get_builtin_metadata
from .coco import register_coco_instances

_SPLITS = {  # name: (image folder, suffix of the annotation file)
    "2014_train": ("train2014", "train2014"),
    "2014_val": ("val2014", "val2014"),
    "2014_minival": ("val2014", "minival2014"),
    "2014_valminusminival": ("val2014", "valminusminival2014"),
    "2014_val_100": ("val2014", "val2014_100"),
    "2017_train": ("train2017", "train2017"),
    "2017_val": ("val2017", "val2017"),
    "2017_val_100": ("val2017", "val2017_100"),
}
_TEST_SPLITS = {"2017_test": ("test2017", "test2017"), "2017_test-dev": ("test2017", "test-dev2017")}


def register_all_coco(root: str) -> None:
    """Register coco_* and keypoints_coco_*; files are looked for only when a dataset is loaded.

    Args:
        root: Folder that holds `coco/`.
    """
    for split, (images, suffix) in _SPLITS.items():
        _register(f"coco_{split}", "coco", root, images, f"instances_{suffix}")
        _register(f"keypoints_coco_{split}", "coco_person", root, images, f"person_keypoints_{suffix}")
    for split, (images, suffix) in _TEST_SPLITS.items():
        _register(f"coco_{split}", "coco", root, images, f"image_info_{suffix}")


def _register(name: str, kind: str, root: str, images: str, annotations: str) -> None:
    json_file, image_root = f"coco/annotations/{annotations}.json", f"coco/{images}"
    if name in DatasetCatalog:
        return
    register_coco_instances(
        name, get_builtin_metadata(kind), os.path.join(root, json_file), os.path.join(root, image_root)
    )
    MetadataCatalog.get(name).set(
        missing_hint=f"set $DETECTRON2_DATASETS (now {root!r}) to the folder that holds {json_file} and {image_root}/"
    )


register_all_coco(os.path.expanduser(os.getenv("DETECTRON2_DATASETS", "datasets")))
