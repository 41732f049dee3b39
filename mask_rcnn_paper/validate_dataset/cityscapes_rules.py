"""Rules of a Cityscapes folder: leftImg8bit/SPLIT/CITY/*.png, and gtFine with instance ids of the same name."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mask_rcnn_paper.cityscapes.folders import (
    IMAGES,
    INSTANCE_IDS,
    LABEL_IDS,
    LABELS,
    by_frame,
    image_folder,
    label_folder,
)
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS, legal
from mask_rcnn_paper.coco.values import shorten
from mask_rcnn_paper.validate_dataset.image_rules import bytes_of, decode_image, in_threads
from mask_rcnn_paper.validate_dataset.rule import Rule, Violation

SPLITS = ("train", "val")

SPLIT = Rule("cityscapes-split", "unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip into the root")
NO_LABELS = Rule("cityscapes-no-labels", "unpack gtFine_trainvaltest.zip into the root")
NO_IMAGE = Rule("cityscapes-no-image", "unpack leftImg8bit_trainvaltest.zip into the root")
UNREADABLE = Rule("cityscapes-unreadable", "unpack the Cityscapes archive again")
SIZE = Rule("cityscapes-size", "use labels and image of the same size")
IDS = Rule(
    "cityscapes-instance-ids",
    f"an instance is 1000 x label id + number, of {', '.join(f'{name} {i}' for name, i in CLASS_IDS.items())}; "
    "other pixels hold the label id",
)


def check_cityscapes(root: Path, splits: tuple[str, ...] = SPLITS) -> tuple[int, list[Violation]]:
    """Number of images that have labels, and violations in all of these splits."""
    violations, pairs = [], []
    for split in splits:
        folders = image_folder(root, split), label_folder(root, split)
        images, labels = by_frame(folders[0], IMAGES), by_frame(folders[1], INSTANCE_IDS)
        for folder, paths in zip(folders, (images, labels), strict=True):
            if not paths:
                text = "holds no files CITY/*.png" if folder.is_dir() else "does not exist"
                violations.append(_violation(SPLIT, folder, text))
        if images and labels:
            violations += _check_names(split, images, labels)
            pairs += [(images[name], labels[name]) for name in sorted(images.keys() & labels.keys())]
    return len(pairs), violations + [violation for found in in_threads(_check_pair, pairs) for violation in found]


def _check_names(split: str, images: dict[str, Path], labels: dict[str, Path]) -> Iterator[Violation]:
    for name in sorted(images.keys() - labels.keys()):
        yield _violation(NO_LABELS, images[name], f"has no {LABELS}/{split}/{name}_{INSTANCE_IDS}.png")
    for name in sorted(labels.keys() - images.keys()):
        yield _violation(NO_IMAGE, labels[name], f"has no {IMAGES}/{split}/{name}_{IMAGES}.png")


def _check_pair(pair: tuple[Path, Path]) -> list[Violation]:
    """Of an image and its labels; label ids, which only semantic segmentation needs, may be absent."""
    image, instances = pair
    labels = instances.with_name(instances.name.replace(INSTANCE_IDS, LABEL_IDS))
    violations, sizes = [], {}
    for path in (image, instances, *([labels] if labels.is_file() else [])):
        try:
            if bytes_of(path) == 0:
                raise ValueError("it has 0 bytes")
            sizes[path] = decode_image(path)[0]
        except ValueError as error:
            violations.append(_violation(UNREADABLE, path, f"cannot be decoded: {error}"))
    for path, size in sizes.items():
        if image in sizes and size != sizes[image]:
            (w, h), (width, height) = size, sizes[image]
            violations.append(_violation(SIZE, path, f"is {w}x{h} pixels, but {image.name} is {width}x{height}"))
    if instances in sizes:
        with Image.open(instances) as file:
            pixels = np.asarray(file)
        violations += [violation.locate(instances) for violation in check_instance_ids(pixels)]
    return violations


def check_instance_ids(pixels: np.ndarray) -> Iterator[Violation]:
    """Every pixel holds a label id, or 1000 times that of a class with instances, plus a number."""
    if pixels.ndim != 2:
        yield Violation(IDS, "", None, f"has {pixels.shape[-1]} channels: instance ids are one 16-bit channel")
        return
    values = np.unique(pixels).astype(np.int64)
    bad = values[~legal(values)].tolist()
    if bad:
        yield Violation(IDS, "pixels", bad, f"{'are ids' if len(bad) > 1 else 'is the id'} of no class: {shorten(bad)}")


def _violation(rule: Rule, path: Path, text: str) -> Violation:
    return Violation(rule, "", None, text, str(path))
