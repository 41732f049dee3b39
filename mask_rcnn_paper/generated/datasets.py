"""Registers the generated datasets with detectron2.

``mini_train`` and ``mini_val`` are the mini scale's COCO; ``mini_keypoints_*`` are its person_keypoints
files over the same images; ``smoke_*`` are a few images of the same kind for tests. Nothing is drawn before
it is asked for.
"""

import colorsys
from pathlib import Path

from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import load_coco_json

from mask_rcnn_paper.coco.keypoints import KEYPOINT_FLIP_MAP, KEYPOINT_NAMES
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.coco_writer import (
    IMAGES,
    INSTANCES,
    PERSON_KEYPOINTS,
    VERSION,
    DatasetSpec,
    ensure_dataset,
)

MINI_SPECS: dict[str, DatasetSpec] = {
    "mini_train": DatasetSpec("mini_train", images=2000, seed=1),
    "mini_val": DatasetSpec("mini_val", images=500, seed=2),
    "smoke_train": DatasetSpec("smoke_train", images=8, seed=3),
    "smoke_val": DatasetSpec("smoke_val", images=4, seed=4),
}
"""Spec by the name of the instance dataset."""


def register_mini_datasets(root: Path | None = None) -> None:
    """Register all generated datasets; names that are registered already are left alone.

    Args:
        root: where the datasets are kept; the default is what ``cache_root`` says at this moment.
    """
    root = cache_root() if root is None else root
    for name, spec in MINI_SPECS.items():
        _register(name, spec, root, INSTANCES, tuple(CATEGORIES))
        scale, split = name.split("_")
        _register(f"{scale}_keypoints_{split}", spec, root, PERSON_KEYPOINTS, ("person",))


def _register(name: str, spec: DatasetSpec, root: Path, file_name: str, classes: tuple[str, ...]) -> None:
    if name in DatasetCatalog.list():
        return
    folder = spec.folder(root)
    json_file, image_root = str(folder / file_name), str(folder / IMAGES)

    def load() -> list[dict]:
        ensure_dataset(spec, root)
        return load_coco_json(json_file, image_root, name)

    DatasetCatalog.register(name, load)
    MetadataCatalog.get(name).set(
        json_file=json_file,
        image_root=image_root,
        evaluator_type="coco",
        generated=True,
        data_version=f"v{VERSION}",
        thing_classes=list(classes),
        thing_colors=_colours(len(classes)),
        thing_dataset_id_to_contiguous_id={CATEGORIES[c].id: i for i, c in enumerate(classes)},
        keypoint_names=list(KEYPOINT_NAMES),
        keypoint_flip_map=list(KEYPOINT_FLIP_MAP),
    )


def _colours(count: int) -> list[list[int]]:
    """Return ``count`` RGB colours of evenly spaced hues."""
    hues = [i / count for i in range(count)]
    return [[round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, 0.75, 0.95)] for hue in hues]
