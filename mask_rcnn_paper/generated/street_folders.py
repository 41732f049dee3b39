"""The generated data laid out as Cityscapes is, with the file in COCO's format that it is read from."""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import name2label

from mask_rcnn_paper.cityscapes.coco_file import coco_content
from mask_rcnn_paper.cityscapes.folders import IMAGES, INSTANCE_IDS, LABEL_IDS, image_folder, label_folder
from mask_rcnn_paper.cityscapes.labels import label_ids
from mask_rcnn_paper.generated.cache import cached_folder
from mask_rcnn_paper.generated.datasets import VERSION, spec_hash
from mask_rcnn_paper.generated.parallel import map_indices
from mask_rcnn_paper.generated.streets import StreetSpec, draw_street, instance_ids

STREET_VERSION = f"{VERSION}.1"
"""That of the drawn objects, and one that is raised whenever a change of code changes a street."""

_CITY = "drawn"


@dataclass(frozen=True)
class StreetFolderSpec:
    """All that determines one split of a generated Cityscapes folder; splits must differ in `seed`."""

    name: str
    split: str
    images: int
    seed: int
    street: StreetSpec = field(default_factory=StreetSpec)

    def folder(self, root: Path) -> Path:
        """Its folder under a cache root, laid out as Cityscapes' own."""
        return root / f"{self.name}-v{STREET_VERSION}-{spec_hash(self)}"

    def json_file(self, root: Path) -> Path:
        """Its file in COCO's format."""
        return self.folder(root) / f"{self.split}.json"


# Training images are few beside those of mini_train, as in the paper: Cityscapes has 2975, COCO 118,000.
STREET_SPECS: dict[str, StreetFolderSpec] = {
    "mini_cityscapes_train": StreetFolderSpec("mini_cityscapes_train", "train", images=300, seed=21),
    "mini_cityscapes_val": StreetFolderSpec("mini_cityscapes_val", "val", images=500, seed=22),
    "smoke_cityscapes_train": StreetFolderSpec("smoke_cityscapes_train", "train", images=8, seed=23),
    "smoke_cityscapes_val": StreetFolderSpec("smoke_cityscapes_val", "val", images=4, seed=24),
}
"""Spec by the name of the dataset."""


def ensure_streets(spec: StreetFolderSpec, root: Path) -> Path:
    """The folder of a split, drawn first if it is not there yet."""
    return cached_folder(spec.folder(root), partial(write_streets, spec))


def write_streets(spec: StreetFolderSpec, root: Path) -> None:
    """Draw a split into an existing folder: images, instance ids, label ids, and the COCO file."""
    for folder in (image_folder(root, spec.split), label_folder(root, spec.split)):
        (folder / _CITY).mkdir(parents=True)
    for _ in map_indices(partial(_draw_image, spec, root), spec.images, f"drawing {spec.name}"):
        pass
    content = json.dumps(coco_content(root, spec.split), separators=(",", ":"))
    (root / f"{spec.split}.json").write_text(content)


def _draw_image(spec: StreetFolderSpec, root: Path, index: int) -> None:
    scene = draw_street(spec.street, spec.seed, index)
    ids = instance_ids(scene, name2label["road"].id)
    frame = f"{_CITY}_{index:06d}_000019"  # the frame of Cityscapes' sequences that is annotated
    for folder, end, pixels in (
        (image_folder(root, spec.split), IMAGES, scene.image),
        (label_folder(root, spec.split), INSTANCE_IDS, ids),
        (label_folder(root, spec.split), LABEL_IDS, label_ids(ids).astype(np.uint8)),
    ):
        path = str(folder / _CITY / f"{frame}_{end}.png")
        if not cv2.imwrite(path, pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
            raise OSError(f"cannot write {path}: is the disk full?")
