"""Draws instances on an image."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mask_rcnn_paper.coco.masks import decode_mask
from mask_rcnn_paper.drawing.box_labels import Label, Rectangle, draw_labels
from mask_rcnn_paper.drawing.colours import Colour, instance_colours
from mask_rcnn_paper.drawing.fonts import writable
from mask_rcnn_paper.drawing.skeletons import draw_keypoints

_OPACITY = 0.45


def draw_instances(
    image: np.ndarray,
    instances: Sequence[Mapping[str, Any]],
    class_names: Mapping[int, str],
    *,
    score_threshold: float = 0.5,
    skeleton: Sequence[tuple[int, int]] = (),
    keypoint_names: Sequence[str] = (),
    scale: float = 1,
    labels: bool = True,
    colours: Sequence[Colour] | None = None,
) -> np.ndarray:
    """Draw instances in COCO's format.

    Large ones are drawn first, so that small ones stay visible. Crowds are hatched. Lines are the thinner, and labels
    the smaller, the smaller an object is. Large objects choose first where their labels go. A label is left out where
    it would hide more than a quarter of any object's box, or another label: see `box_labels.place`.

    Args:
        image: (H, W, 3), uint8, RGB; not changed.
        instances: Annotations or results as in COCO's files: `bbox` (x, y, width, height) in pixels and `category_id`;
            optional `segmentation` (polygons, or RLE, compressed or not), `keypoints` (K times x, y, visibility or
            score), `iscrowd`, and `score` in [0, 1]. Boxes are clipped to the image.
        class_names: Name by category id, in any script: see `fonts`.
        score_threshold: Instances whose score is lower are left out; those without a score are not.
        skeleton: Pairs of keypoint numbers that are joined, from 1 on as in COCO's files.
        keypoint_names: Such as `left_eye`: limbs are then coloured by their side, else as their instance.
        scale: Enlarges the image (or reduces it, below 1) before drawing, so that lines and labels can be read.
        labels: Whether names and scores are written.
        colours: RGB of each of the `instances`, such as those of `class_colours`. By default each instance has its own:
            see `instance_colours`.

    Returns:
        A new (scale * H, scale * W, 3) uint8 RGB picture; sides are rounded.

    Raises:
        ValueError: an image of another form, a scale that is not above 0, a category without a name, a mask of another
            size, or not one colour for each instance.
    """
    _check(image, instances, class_names, scale, colours)
    picture = _resize(image, scale)
    shown = [n for n, instance in enumerate(instances) if instance.get("score", 1.0) >= score_threshold]
    own = instance_colours([instances[n]["bbox"] for n in shown]) if colours is None else [colours[n] for n in shown]
    ink = dict(zip(shown, own, strict=True))
    shown.sort(key=lambda n: -instances[n]["bbox"][2] * instances[n]["bbox"][3])
    boxes = {n: _clip(instances[n]["bbox"], picture, scale) for n in shown}
    outlines = {}
    for n in shown:
        if instances[n].get("segmentation"):
            mask = decode_mask(instances[n]["segmentation"], *image.shape[:2])
            outlines[n] = _tint(picture, mask, ink[n], bool(instances[n].get("iscrowd")))
    for n, outline in outlines.items():  # after all tints, so that each is whole and has the pure colour
        cv2.drawContours(picture, outline, -1, ink[n], line_width(boxes[n], picture), cv2.LINE_AA)
    for n in shown:
        _draw_box(picture, boxes[n], ink[n])
        keypoints, line = instances[n].get("keypoints") or (), line_width(boxes[n], picture, 280, 40)
        draw_keypoints(picture, keypoints, skeleton, keypoint_names, ink[n], line, scale)
    if not labels:
        return picture
    inside = [n for n in shown if boxes[n] is not None]
    return draw_labels(picture, [Label(_text(instances[n], class_names), boxes[n], ink[n]) for n in inside])


def _check(
    image: np.ndarray,
    instances: Sequence[Mapping],
    class_names: Mapping[int, str],
    scale: float,
    colours: Sequence[Colour] | None,
) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image of shape {image.shape} and type {image.dtype}: must be (H, W, 3), uint8, RGB")
    if not scale > 0:
        raise ValueError(f"scale {scale}: must be above 0")
    if unnamed := sorted({i["category_id"] for i in instances} - set(class_names)):
        raise ValueError(f"no class name of category ids {unnamed}: there are names of {sorted(class_names)}")
    if colours is not None and len(colours) != len(instances):
        raise ValueError(f"{len(colours)} colours for {len(instances)} instances: give one for each, or None")


def _resize(image: np.ndarray, scale: float) -> np.ndarray:
    """A copy in its new size."""
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return image.copy()
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def _text(instance: Mapping[str, Any], class_names: Mapping[int, str]) -> str:
    category = instance["category_id"]
    text = writable(class_names[category], category)
    text += " (crowd)" if instance.get("iscrowd") else ""
    return f"{text} {instance['score']:.0%}" if "score" in instance else text


def _clip(bbox: Sequence[float], picture: np.ndarray, scale: float) -> Rectangle | None:
    """The part of a box in the picture, at least a pixel wide and high; None where it lies outside."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (scale * v for v in (bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]))
    if x1 < 0 or y1 < 0 or x0 >= width or y0 >= height:
        return None
    left, top = min(max(round(x0), 0), width - 1), min(max(round(y0), 0), height - 1)
    return left, top, min(max(round(x1), left + 1), width), min(max(round(y1), top + 1), height)


def line_width(box: Rectangle | None, picture: np.ndarray, of_picture: int = 400, of_box: int = 40) -> int:
    """Pixels: one for so many of the picture's side, and no more than one for so many of the box's; at least one.

    Sides are square roots of areas.
    """
    width, height = (box[2] - box[0], box[3] - box[1]) if box else (0, 0)
    return max(1, round(min(_side(picture) / of_picture, (width * height) ** 0.5 / of_box)))


def _side(picture: np.ndarray) -> float:
    return (picture.shape[0] * picture.shape[1]) ** 0.5


def _tint(picture: np.ndarray, mask: np.ndarray, colour: Colour, crowd: bool) -> Sequence[np.ndarray]:
    """Tint the pixels of a mask in place, in stripes for a crowd; returns its outline as cv2's contours."""
    height, width = picture.shape[:2]
    if mask.shape != (height, width):  # thresholding a smooth enlargement rounds the stairs of the pixels off
        mask = (cv2.resize(mask * 255, (width, height), interpolation=cv2.INTER_LINEAR) > 127).astype(np.uint8)
    inside = mask.astype(bool)
    if crowd:
        rows, columns = np.ogrid[:height, :width]
        inside &= (rows + columns) // max(2, round(_side(picture) / 100)) % 2 == 0
    tinted = (1 - _OPACITY) * picture[inside] + _OPACITY * np.array(colour)
    picture[inside] = tinted.round().astype(np.uint8)
    return cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]


def _draw_box(picture: np.ndarray, box: Rectangle | None, colour: Colour) -> None:
    """Draw the sides of a box within it, in place: thin ones, since an outline or limbs tell more where there are."""
    if box is None:
        return
    x0, y0, x1, y1 = box
    cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, max(1, round(_side(picture) / 640)))
