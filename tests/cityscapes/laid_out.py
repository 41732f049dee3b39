"""A Cityscapes folder laid out by hand."""

from contextlib import contextmanager

import numpy as np
from detectron2.data import DatasetCatalog, MetadataCatalog
from PIL import Image

from mask_rcnn_paper.cityscapes.folders import IMAGES, INSTANCE_IDS, LABEL_IDS, image_folder, label_folder
from mask_rcnn_paper.cityscapes.labels import label_ids
from mask_rcnn_paper.data.cityscapes_splits import register_cityscapes

SIZE = (96, 192)
NAMES = tuple(f"cityscapes_{split}" for split in ("train", "val", "test"))


def street(number=0, size=SIZE):
    """(H, W) uint16 instance ids: two cars, a rider on a bicycle, a group of persons, and a trailer."""
    ids = np.full(size, 7, np.uint16)
    ids[:20] = 23
    ids[30:70, 10 + number : 60 + number] = 26000
    ids[50:80, 40:100] = 26001
    ids[20:60, 120:140], ids[50:80, 110:150] = 25000, 33000
    ids[30:40, 150:180] = 24
    ids[60:80, 160:185] = 30000
    return ids


def write_split(root, split, ids, city="ulm"):
    """Images of noise and their labels, each with its (H, W) instance ids; of the test split the labels are blank."""
    for number, instance_ids in enumerate(ids):
        frame, rng = f"{city}_{number:06d}_000019", np.random.default_rng(number)
        known = np.zeros_like(instance_ids) if split == "test" else instance_ids
        pictures = {
            image_folder(root, split) / city / f"{frame}_{IMAGES}.png": rng.integers(
                0, 255, (*instance_ids.shape, 3), np.uint8
            ),
            label_folder(root, split) / city / f"{frame}_{INSTANCE_IDS}.png": known,
            label_folder(root, split) / city / f"{frame}_{LABEL_IDS}.png": label_ids(known).astype(np.uint8),
        }
        for path, pixels in pictures.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)


@contextmanager
def registered(root, cache):
    """Within it the three datasets are those of this folder."""
    previous = {name: (DatasetCatalog.pop(name), MetadataCatalog.pop(name)) for name in NAMES}
    register_cityscapes(root, cache)
    try:
        yield root
    finally:
        for name, (load, metadata) in previous.items():
            DatasetCatalog.remove(name)
            MetadataCatalog.remove(name)
            DatasetCatalog.register(name, load)
            MetadataCatalog.get(name).set(**{k: v for k, v in metadata.as_dict().items() if k != "name"})
