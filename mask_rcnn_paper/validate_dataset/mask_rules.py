"""Rules of `segmentation`: a list of polygons, or run lengths (RLE) {"size": [height, width], "counts": ...}."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pycocotools import mask as mask_util

from mask_rcnn_paper.coco.masks import decode_mask, encode_mask, mask_to_polygons, read_counts, signed_area
from mask_rcnn_paper.coco.values import LARGEST, is_number
from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.geometry import sums_up
from mask_rcnn_paper.validate_dataset.rule import WARNING, Rule, Violation, drops, sets


def _trace(annotation: dict, dataset: Dataset) -> list[list[float]] | None:
    mask = decode_mask(annotation["segmentation"], *annotation["segmentation"]["size"])
    return [ring.reshape(-1).tolist() for ring in mask_to_polygons(mask)] or None


_DROP = drops("the annotation")
_WRAP = sets(
    "segmentation",
    "puts a single polygon into a list, else drops the annotation",
    lambda annotation, _: _good_polygons([annotation["segmentation"]]) or None,
)
_DROP_POLYGON = sets(
    "segmentation",
    "drops the polygon, and the annotation if none is left",
    lambda annotation, _: _good_polygons(annotation["segmentation"]) or None,
)
_TRACE = sets("segmentation", "turns run lengths into polygons", _trace)
TYPE = Rule("segmentation-type", "write a list of polygons [[x1, y1, x2, y2, ...], ...] or run lengths", _WRAP)
EMPTY = Rule("segmentation-empty", "every annotation needs a mask, or none", _DROP)
POINTS = Rule("polygon-points", "a polygon has 3 or more pairs x, y", _DROP_POLYGON)
NUMBERS = Rule("polygon-numbers", "coordinates are finite numbers", _DROP_POLYGON)
SIZE = Rule("rle-size", "write size as [height, width] of the image", _DROP)
COUNTS = Rule("rle-counts", "encode the mask anew with pycocotools.mask", _DROP)
MASK_FORMAT = Rule(
    "rle-mask-format", "train with INPUT.MASK_FORMAT bitmask, and check with --mask-format bitmask", _TRACE
)
NO_MASKS = Rule(
    "masks-absent", "nothing, for boxes or keypoints; a model with MODEL.MASK_ON needs masks", severity=WARNING
)


def check_any_masks(dataset: Dataset) -> Iterator[Violation]:
    """A file without any mask is one of boxes alone."""
    if dataset.data["annotations"] and not dataset.has_masks:
        yield Violation(NO_MASKS, "annotations", len(dataset.data["annotations"]), "have no segmentation")


def check_mask(annotation: dict, dataset: Dataset) -> Iterator[Violation]:
    """The segmentation of an annotation."""
    segmentation = annotation.get("segmentation")
    if not segmentation:
        if dataset.has_masks:
            text = "is empty" if "segmentation" in annotation else "is missing, while other annotations have it"
            yield Violation(EMPTY, "segmentation", segmentation, text)
    elif isinstance(segmentation, dict):
        yield from _check_run_lengths(annotation, dataset)
    elif not isinstance(segmentation, list):
        yield Violation(TYPE, "segmentation", segmentation, "must be a list of polygons or run lengths")
    elif not all(isinstance(polygon, list) for polygon in segmentation):
        yield Violation(TYPE, "segmentation", segmentation, "must be a list of lists of numbers")
    else:
        yield from _check_polygons(segmentation)


def _check_polygons(polygons: list[list]) -> Iterator[Violation]:
    for i, polygon in enumerate(polygons):
        field = f"segmentation[{i}]"
        if len(polygon) < 6 or len(polygon) % 2:
            yield Violation(POINTS, field, polygon, f"has {len(polygon)} numbers: must be an even number, 6 or more")
        elif not sums_up(polygon) and (bad := [value for value in polygon if not _is_coordinate(value)]):
            yield Violation(NUMBERS, field, bad[0], "is not a finite number, or much too large")


def _check_run_lengths(annotation: dict, dataset: Dataset) -> Iterator[Violation]:
    """Size and counts fit each other, the image and the format of masks, and cover something."""
    segmentation, image_size = annotation["segmentation"], dataset.size_of(annotation)
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not all(type(s) is int and s > 0 for s in size):
        yield Violation(SIZE, "segmentation.size", size, "must be [height, width]")
    elif image_size is not None and size != [*reversed(image_size)]:
        hint = ", in this order" if size == [*image_size] else ""
        text = f"must be [height, width] of the image, {[*reversed(image_size)]}{hint}"
        yield Violation(SIZE, "segmentation.size", size, text)
    elif (runs := read_counts(counts)) is None:
        yield Violation(COUNTS, "segmentation.counts", counts, "are no run lengths")
    elif runs.sum() != size[0] * size[1]:
        text = f"add up to {runs.sum()} pixels, not to {size[0]} x {size[1]}"
        yield Violation(COUNTS, "segmentation.counts", counts, text)
    elif not runs[1::2].any():
        yield Violation(EMPTY, "segmentation.counts", counts, "cover no pixel")
    elif dataset.mask_format == "polygon" and annotation.get("iscrowd") != 1:
        text = "is run lengths, which INPUT.MASK_FORMAT polygon cannot hold"
        yield Violation(MASK_FORMAT, "segmentation", segmentation, text)


def good_polygon(polygon: Any) -> bool:
    """Whether a polygon is a list of at least three points."""
    whole = isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0
    return whole and all(map(_is_coordinate, polygon))


def _is_coordinate(value: Any) -> bool:
    return is_number(value) and abs(value) <= LARGEST


def _good_polygons(segmentation: Any) -> list[list[float]]:
    return [p for p in segmentation if good_polygon(p)] if isinstance(segmentation, list) else []


def box_of_mask(annotation: dict, dataset: Dataset) -> list[float] | None:
    """The smallest [x, y, width, height] around a mask; None where there is none, it is empty, or of another size."""
    if isinstance(segmentation := annotation.get("segmentation"), dict):
        rle = _encoded(segmentation, dataset.size_of(annotation))
        box = mask_util.toBbox(rle).tolist() if rle else [0, 0, 0, 0]
    else:
        points = np.concatenate([np.reshape(p, (-1, 2)) for p in _good_polygons(segmentation)] or [np.zeros((1, 2))])
        (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
        box = [x1, y1, x2 - x1, y2 - y1]
    return box if min(box[2:]) > 0 else None


def area_of_mask(annotation: dict, dataset: Dataset) -> float:
    """Pixels that a mask covers; 0 where there is none or it is of another size. Polygons are added up."""
    if isinstance(segmentation := annotation.get("segmentation"), dict):
        rle = _encoded(segmentation, dataset.size_of(annotation))
        return float(mask_util.area(rle)) if rle else 0.0
    return sum(abs(signed_area(np.reshape(p, (-1, 2)))) for p in _good_polygons(segmentation))


def _encoded(segmentation: dict, size: tuple[int, int] | None) -> dict | None:
    """Compressed run lengths, or None where they are unsound or not of the image's size."""
    runs = read_counts(segmentation.get("counts"))
    if runs is None or size is None or segmentation.get("size") != [size[1], size[0]]:
        return None
    return encode_mask(segmentation, size[1], size[0]) if runs.sum() == size[0] * size[1] else None
