"""Cityscapes under names of its own: cityscapes_train, cityscapes_val and cityscapes_test.

detectron2 registers it as cityscapes_fine_instance_seg_*; its reader imports a package that nobody has outside of Meta.
Here a split becomes a file in COCO's format in the cache folder when it is first asked for, which takes minutes, and
again where a file of its labels has changed.
"""

import hashlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cityscapesscripts.helpers.labels import name2label
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import load_coco_json

from mask_rcnn_paper.cityscapes.coco_file import coco_content
from mask_rcnn_paper.cityscapes.folders import SPLITS, TEST, image_folder, label_folder
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS
from mask_rcnn_paper.files import write_text_atomically
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.generated.street_folders import STREET_SPECS, STREET_VERSION, ensure_streets

EVALUATOR = "cityscapes_instance"
"""`evaluator_type` of the metadata, as detectron2 names it."""


def cityscapes_root() -> Path:
    """ "cityscapes" in $DETECTRON2_DATASETS, where detectron2 looks for it too."""
    return Path(os.path.expanduser(os.getenv("DETECTRON2_DATASETS", "datasets"))) / "cityscapes"


def register_cityscapes(root: Path | None = None, cache: Path | None = None) -> None:
    """Register the three splits of `root` or `cityscapes_root()`, and the generated ones; taken names are left alone.

    What is written, COCO files and generated data, lies under `cache` or `cache_root()`.
    """
    root, cache = (cityscapes_root() if root is None else root).absolute(), cache or cache_root()
    place = cache / "cityscapes" / hashlib.sha256(str(root).encode()).hexdigest()[:10]
    for split in SPLITS:
        json_file = place / f"{split}.json"
        _register(f"cityscapes_{split}", root, split, json_file, partial(ensure_coco_file, root, split, json_file))
    for name, spec in STREET_SPECS.items():
        known = {"generated": True, "data_version": f"v{STREET_VERSION}"}
        places = spec.folder(cache), spec.split, spec.json_file(cache)
        _register(name, *places, partial(ensure_streets, spec, cache), **known)


def _register(
    name: str, root: Path, split: str, json_file: Path, ensure: Callable[[], object], **metadata: object
) -> None:
    """Register a split of a Cityscapes folder; `ensure` writes `json_file` where need be."""
    if name in DatasetCatalog.list():
        return

    def load() -> list[dict]:
        ensure()
        return load_coco_json(str(json_file), str(image_folder(root, split)), name)

    DatasetCatalog.register(name, load)
    MetadataCatalog.get(name).set(
        json_file=str(json_file),
        image_root=str(image_folder(root, split)),
        cityscapes=(root, split),
        evaluator_type=EVALUATOR,
        thing_classes=list(CLASS_IDS),
        thing_colors=[list(name2label[class_name].color) for class_name in CLASS_IDS],
        thing_dataset_id_to_contiguous_id={key: index for index, key in enumerate(CLASS_IDS.values())},
        **metadata,
    )


def ensure_coco_file(root: Path, split: str, json_file: Path) -> None:
    """Write the COCO file of a split unless it is there and the split's files are as they were.

    Raises:
        FileNotFoundError, ValueError: as `coco_content`.
    """
    state, noted = _state(root, split), json_file.with_suffix(".state")
    if json_file.is_file() and noted.is_file() and noted.read_text(encoding="utf-8") == state:
        return
    content = json.dumps(coco_content(root, split), separators=(",", ":"))
    noted.unlink(missing_ok=True)
    write_text_atomically(json_file, content)
    write_text_atomically(noted, state)


def _state(root: Path, split: str) -> str:
    """Names of a split's images, and names, sizes and times of its labels, as a checksum."""
    digest = hashlib.sha256()
    folders = [image_folder(root, split), *([] if split == TEST else [label_folder(root, split)])]
    for folder in folders:
        for path in sorted(folder.glob("*/*.png")):
            status = path.stat() if folder is not folders[0] else None
            known = (status.st_size, status.st_mtime_ns) if status else ()
            digest.update(repr((path.relative_to(folder).as_posix(), *known)).encode())
    return digest.hexdigest()
