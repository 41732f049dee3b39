"""Rules of a Cityscapes folder: leftImg8bit/SPLIT/CITY/*.png, and gtFine with instance ids of the same name."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mask_rcnn_paper.validate_dataset.image_rules import decode_image, in_threads
from mask_rcnn_paper.validate_dataset.image_size import bytes_of
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding, Problem, Rule
from mask_rcnn_paper.validate_dataset.values import shorten

IMAGES, LABELS = "leftImg8bit", "gtFine"
INSTANCE_IDS, LABEL_IDS = "gtFine_instanceIds", "gtFine_labelIds"
SPLITS = ("train", "val")

CLASS_IDS = {
    "person": 24,
    "rider": 25,
    "car": 26,
    "truck": 27,
    "bus": 28,
    "train": 31,
    "motorcycle": 32,
    "bicycle": 33,
}
"""Label ids of the classes whose instances are detected (labels.py of cityscapesscripts)."""
_NOT_EVALUATED = (29, 30)  # caravan and trailer: instances are told apart, but belong to none of the eight classes
_LAST_LABEL = 33

_AGAIN = "unpack the Cityscapes archive again"
SPLIT = Rule("cityscapes-split", ERROR, "unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip into the root")
NO_LABELS = Rule("cityscapes-no-labels", ERROR, "unpack gtFine_trainvaltest.zip into the root")
NO_IMAGE = Rule("cityscapes-no-image", ERROR, "unpack leftImg8bit_trainvaltest.zip into the root")
UNREADABLE = Rule("cityscapes-unreadable", ERROR, _AGAIN)
SIZE = Rule("cityscapes-size", ERROR, "use labels and image of the same size")
IDS = Rule(
    "cityscapes-instance-ids",
    ERROR,
    f"an instance is 1000 x label id + number, of {', '.join(f'{name} {i}' for name, i in CLASS_IDS.items())}; "
    "other pixels hold the label id",
)


def check_cityscapes(root: Path, splits: tuple[str, ...] = SPLITS) -> tuple[int, list[Finding]]:
    """Number of images, and findings of all of these splits."""
    findings, pairs = [], []
    for split in splits:
        images, labels = (_by_name(root / folder / split, end) for folder, end in _KINDS)
        for (folder, _), found in zip(_KINDS, (images, labels), strict=True):
            if not found:
                text = "does not exist" if not (root / folder / split).is_dir() else "holds no files CITY/*.png"
                findings.append(_finding(root / folder / split, Problem(SPLIT, "", None, text)))
        if images and labels:
            findings += _check_names(root, split, images, labels)
            pairs += [(images[name], labels[name]) for name in sorted(images.keys() & labels.keys())]
    for found in in_threads(_check_pair, pairs, "images"):
        findings += found
    return len(pairs), findings


_KINDS = ((IMAGES, IMAGES), (LABELS, INSTANCE_IDS))


def _by_name(folder: Path, end: str) -> dict[str, Path]:
    """Path by "CITY/CITY_SEQUENCE_FRAME"."""
    paths = folder.glob(f"*/*_{end}.png")
    return {f"{path.parent.name}/{path.name.removesuffix(f'_{end}.png')}": path for path in paths}


def _check_names(root: Path, split: str, images: dict[str, Path], labels: dict[str, Path]) -> Iterator[Finding]:
    for name in sorted(images.keys() - labels.keys()):
        text = f"has no {LABELS}/{split}/{name}_{INSTANCE_IDS}.png"
        yield _finding(images[name], Problem(NO_LABELS, "", None, text))
    for name in sorted(labels.keys() - images.keys()):
        yield _finding(labels[name], Problem(NO_IMAGE, "", None, f"has no {IMAGES}/{split}/{name}_{IMAGES}.png"))


def _check_pair(pair: tuple[Path, Path]) -> list[Finding]:
    """Problems of an image and its labels; label ids, which only semantic segmentation needs, may be absent."""
    image, instances = pair
    labels = instances.with_name(instances.name.replace(INSTANCE_IDS, LABEL_IDS))
    findings, sizes = [], {}
    for path in (image, instances, *([labels] if labels.is_file() else [])):
        try:
            if bytes_of(path) == 0:
                raise ValueError("it has 0 bytes")
            sizes[path] = decode_image(path)[0]
        except ValueError as error:
            findings.append(_finding(path, Problem(UNREADABLE, "", None, f"cannot be decoded: {error}")))
    for path, size in sizes.items():
        if image in sizes and size != sizes[image]:
            (w, h), (width, height) = size, sizes[image]
            text = f"is {w}x{h} pixels, but {image.name} is {width}x{height}"
            findings.append(_finding(path, Problem(SIZE, "", None, text)))
    if instances in sizes:
        findings += [_finding(instances, problem) for problem in check_instance_ids(_pixels(instances))]
    return findings


def check_instance_ids(pixels: np.ndarray) -> Iterator[Problem]:
    """Every pixel holds a label id, or 1000 times that of a class with instances, plus a number."""
    if pixels.ndim != 2:
        yield Problem(IDS, "", None, f"has {pixels.shape[-1]} channels: instance ids are one 16-bit channel")
        return
    values = np.unique(pixels).astype(np.int64)
    classes = values // 1000
    legal = np.where(values < 1000, values <= _LAST_LABEL, np.isin(classes, [*CLASS_IDS.values(), *_NOT_EVALUATED]))
    bad = values[~legal | (values < 0)].tolist()
    if bad:
        yield Problem(IDS, "pixels", bad, f"{'are ids' if len(bad) > 1 else 'is the id'} of no class: {shorten(bad)}")


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def _finding(path: Path, problem: Problem) -> Finding:
    return Finding(problem.rule, problem.field, problem.value, problem.text, str(path))
