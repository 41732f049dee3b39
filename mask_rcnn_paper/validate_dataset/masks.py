"""Rules of `segmentation`: a list of polygons, or run lengths."""

import math
from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.mask_geometry import good_polygon, to_polygons
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding, Problem, Rule, drop
from mask_rcnn_paper.validate_dataset.run_lengths import check_run_lengths, is_empty
from mask_rcnn_paper.validate_dataset.values import is_number


def _wrap(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    segmentation = annotation["segmentation"]
    annotation["segmentation"] = [segmentation]
    return good_polygon(segmentation)


def _keep_good_polygons(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    annotation["segmentation"] = [p for p in annotation["segmentation"] if good_polygon(p)]
    return bool(annotation["segmentation"])


def _make_polygons(annotation: dict, finding: Finding, dataset: Dataset) -> bool:
    annotation["segmentation"] = to_polygons(annotation["segmentation"])
    return bool(annotation["segmentation"])


TYPE = Rule(
    "segmentation-type",
    ERROR,
    "write a list of polygons [[x1, y1, x2, y2, ...], ...] or run lengths",
    "puts a single polygon into a list, else drops the annotation",
    _wrap,
)
EMPTY = Rule("segmentation-empty", ERROR, "every annotation needs a mask, or none", "drops the annotation", drop)
_DROP_POLYGON = "drops the polygon, and the annotation if none is left"
POINTS = Rule("polygon-points", ERROR, "a polygon has 3 or more pairs x, y", _DROP_POLYGON, _keep_good_polygons)
NUMBERS = Rule("polygon-numbers", ERROR, "coordinates are finite numbers", _DROP_POLYGON, _keep_good_polygons)
MASK_FORMAT = Rule(
    "rle-mask-format",
    ERROR,
    "train with INPUT.MASK_FORMAT bitmask, and check with --mask-format bitmask",
    "turns run lengths into polygons",
    _make_polygons,
)
NO_MASKS = Rule("masks-absent", WARNING, "nothing, for boxes or keypoints; a model with MODEL.MASK_ON needs masks")


def check_mask(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    """The segmentation of an annotation."""
    segmentation = annotation.get("segmentation")
    if not segmentation:
        if dataset.has_masks:
            text = "is empty" if "segmentation" in annotation else "is missing, while other annotations have it"
            yield Problem(EMPTY, "segmentation", segmentation, text)
    elif isinstance(segmentation, dict):
        yield from _check_run_lengths(annotation, dataset)
    elif not isinstance(segmentation, list):
        yield Problem(TYPE, "segmentation", segmentation, "must be a list of polygons or run lengths")
    elif not all(isinstance(polygon, list) for polygon in segmentation):
        yield Problem(TYPE, "segmentation", segmentation, "must be a list of lists of numbers")
    else:
        yield from _check_polygons(segmentation)


def _check_polygons(polygons: list[list]) -> Iterator[Problem]:
    for i, polygon in enumerate(polygons):
        field = f"segmentation[{i}]"
        if len(polygon) < 6 or len(polygon) % 2:
            text = f"has {len(polygon)} numbers: must be an even number, 6 or more"
            yield Problem(POINTS, field, polygon, text)
        elif not _sums_up(polygon) and not good_polygon(polygon):
            bad = next(value for value in polygon if not is_number(value))
            yield Problem(NUMBERS, field, bad, "is not a finite number")


def _sums_up(polygon: list) -> bool:
    # One C loop, several times faster than looking at each number.
    try:
        return math.isfinite(sum(polygon))
    except (TypeError, OverflowError):
        return False


def _check_run_lengths(annotation: dict, dataset: Dataset) -> Iterator[Problem]:
    segmentation = annotation["segmentation"]
    problems = list(check_run_lengths(segmentation, dataset.size_of(annotation)))
    yield from problems
    if problems:
        return
    if is_empty(segmentation):
        yield Problem(EMPTY, "segmentation.counts", segmentation["counts"], "cover no pixel")
    elif dataset.mask_format == "polygon" and annotation.get("iscrowd") != 1:
        text = "is run lengths, which INPUT.MASK_FORMAT polygon cannot hold"
        yield Problem(MASK_FORMAT, "segmentation", segmentation, text)


def check_any_masks(dataset: Dataset) -> Iterator[Problem]:
    """A file without any mask is one of boxes alone."""
    if dataset.data["annotations"] and not dataset.has_masks:
        yield Problem(NO_MASKS, "annotations", len(dataset.data["annotations"]), "have no segmentation")
