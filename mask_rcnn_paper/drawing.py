"""Pictures of instances in COCO's format, ground truth and predictions alike: masks, boxes, keypoints and labels.

Shorthand: a rectangle is (x0, y0, x1, y1) in pixels of the picture, x1 and y1 not included.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from mask_rcnn_paper.coco.masks import decode_mask

Colour = tuple[int, int, int]
Rectangle = tuple[int, int, int, int]

_HEX = "#E69F00 #56B4E9 #009E73 #F0E442 #0072B2 #D55E00 #CC79A7 #882255 #332288 #999933"
PALETTE: tuple[Colour, ...] = tuple(map(ImageColor.getrgb, _HEX.split()))
"""RGB colours that are told apart with any kind of colour vision as far as ten can be.

Source: Okabe and Ito, https://jfly.uni-koeln.de/color/ (without black); then wine, indigo and olive of Tol's "muted",
https://sronpersonalpages.nl/~pault/.
"""

_OPACITY = 0.5
_WHITE = (255, 255, 255)
# cv2 draws at fractions of a pixel, given as whole numbers of 2 ** -_SHIFT.
_SHIFT = 4


def draw_instances(
    image: np.ndarray,
    instances: Sequence[Mapping[str, Any]],
    class_names: Mapping[int, str],
    *,
    score_threshold: float = 0.5,
    skeleton: Sequence[tuple[int, int]] = (),
    scale: int = 1,
) -> np.ndarray:
    """Draw instances in COCO's format.

    Large ones are drawn first, so that small ones stay visible. A class has the same colour in every picture that is
    drawn with the same `class_names`. Crowds are hatched.

    Args:
        image: (H, W, 3), uint8, RGB; not changed.
        instances: Annotations or results as in COCO's files: `bbox` (x, y, width, height) in pixels and `category_id`;
            optional `segmentation` (polygons, or RLE, compressed or not), `keypoints` (K times x, y, visibility or
            score), `iscrowd`, and `score` in [0, 1]. Boxes are clipped to the image.
        class_names: Name by category id.
        score_threshold: Instances whose score is lower are left out; those without a score are not.
        skeleton: Pairs of keypoint numbers that are joined, from 1 on as in COCO's files.
        scale: Enlarges the image before drawing, so that lines and labels on a small one can be read.

    Returns:
        A new (scale * H, scale * W, 3) uint8 RGB picture.

    Raises:
        ValueError: an image of another form, a scale below 1, a category without a name, or a mask of another size.
    """
    _check(image, instances, class_names, scale)
    height, width = image.shape[:2]
    picture = cv2.resize(image, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)
    side = max(picture.shape[:2])
    line = max(1, round(side / 320))
    colours = class_colours(class_names)
    shown = [i for i in instances if i.get("score", 1.0) >= score_threshold]
    shown.sort(key=lambda i: -i["bbox"][2] * i["bbox"][3])
    for instance in shown:
        if instance.get("segmentation"):
            mask = decode_mask(instance["segmentation"], height, width)
            _draw_mask(picture, mask, colours[instance["category_id"]], bool(instance.get("iscrowd")), line)
    labels = []
    for instance in shown:
        colour, box = colours[instance["category_id"]], _clip(instance["bbox"], picture, scale)
        if box is not None:
            x0, y0, x1, y1 = box
            cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, max(1, line - 1))
            labels.append((instance.get("score", 1.0), Label(_text(instance, class_names), box, colour)))
        _draw_keypoints(picture, instance.get("keypoints") or (), skeleton, colour, line, scale)
    labels.sort(key=lambda scored: -scored[0])
    return draw_labels(picture, [label for _, label in labels], max(10, round(side / 48)))


def _check(image: np.ndarray, instances: Sequence[Mapping], class_names: Mapping[int, str], scale: int) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image of shape {image.shape} and type {image.dtype}: must be (H, W, 3), uint8, RGB")
    if scale < 1:
        raise ValueError(f"scale {scale}: must be at least 1")
    if unnamed := sorted({i["category_id"] for i in instances} - set(class_names)):
        raise ValueError(f"no class name of category ids {unnamed}: there are names of {sorted(class_names)}")


def _text(instance: Mapping[str, Any], class_names: Mapping[int, str]) -> str:
    text = class_names[instance["category_id"]]
    text += " (crowd)" if instance.get("iscrowd") else ""
    return f"{text} {instance['score']:.0%}" if "score" in instance else text


def _clip(bbox: Sequence[float], picture: np.ndarray, scale: int) -> Rectangle | None:
    """The part of a box in the picture, at least a pixel wide and high; None where it lies outside."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (scale * v for v in (bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]))
    if x1 < 0 or y1 < 0 or x0 >= width or y0 >= height:
        return None
    left, top = min(max(round(x0), 0), width - 1), min(max(round(y0), 0), height - 1)
    return left, top, min(max(round(x1), left + 1), width), min(max(round(y1), top + 1), height)


def _draw_mask(picture: np.ndarray, mask: np.ndarray, colour: Colour, crowd: bool, line: int) -> None:
    """Tint the pixels of a mask, in stripes for a crowd, and draw its outline, in place."""
    height, width = picture.shape[:2]
    if mask.shape != (height, width):  # thresholding a smooth enlargement rounds the stairs of the pixels off
        mask = (cv2.resize(mask * 255, (width, height), interpolation=cv2.INTER_LINEAR) > 127).astype(np.uint8)
    inside = mask.astype(bool)
    if crowd:
        rows, columns = np.ogrid[:height, :width]
        inside &= (rows + columns) // (4 * line) % 2 == 0
    tinted = (1 - _OPACITY) * picture[inside] + _OPACITY * np.array(colour)
    picture[inside] = tinted.round().astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, colour, line, cv2.LINE_AA)


def _draw_keypoints(
    picture: np.ndarray, keypoints: Sequence[float], skeleton: Sequence, colour: Colour, line: int, scale: int
) -> None:
    """Draw the keypoints that are labelled or found, and the limbs between them, in place."""
    points = [
        tuple(round(((value + 0.5) * scale - 0.5) * 2**_SHIFT) for value in xy) if v > 0 else None
        for *xy, v in np.reshape(keypoints, (-1, 3)).tolist()
    ]
    limbs = [(points[a - 1], points[b - 1]) for a, b in skeleton if max(a, b) <= len(points)]
    limbs = [ends for ends in limbs if None not in ends]
    for thickness, ink in ((2 * line + 1, _WHITE), (2 * line - 1, colour)):
        for start, end in limbs:
            cv2.line(picture, start, end, ink, thickness, cv2.LINE_AA, _SHIFT)
    for radius, ink in ((2.0, _WHITE), (1.4, colour)):
        for point in filter(None, points):
            cv2.circle(picture, point, round(radius * line * 2**_SHIFT), ink, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def class_colours(category_ids: Iterable[int]) -> dict[int, Colour]:
    """RGB colour by category id; depends on the set of ids only. With more than ten ids colours come again."""
    return {category: PALETTE[n % len(PALETTE)] for n, category in enumerate(sorted(set(category_ids)))}


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever is easier to read on `background`."""
    red, green, blue = background
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else (255, 255, 255)


@dataclass(frozen=True)
class Label:
    """A text that belongs to a box, on a ground of the box's colour."""

    text: str
    box: Rectangle
    colour: Colour


def draw_labels(picture: np.ndarray, labels: Sequence[Label], font_size: int) -> np.ndarray:
    """Write labels on a copy of a (H, W, 3) uint8 RGB picture.

    The first label is the most important: it gets the better place, and is written over the others. `font_size` is the
    height of the letters in pixels. The font that Pillow brings is used, which has Latin letters only.
    """
    image = Image.fromarray(picture)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(font_size)
    margin = max(1, font_size // 6)
    ascent, descent = font.getmetrics()
    placed: list[Rectangle] = []
    for label in labels:
        size = (round(font.getlength(label.text)) + 2 * margin, ascent + descent)
        placed.append(place(size, label.box, placed, image.size))
    for label, (x0, y0, x1, y1) in reversed(list(zip(labels, placed, strict=True))):
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=label.colour)
        draw.text((x0 + margin, y0), label.text, font=font, fill=text_colour(label.colour))
    return np.array(image)


def place(
    size: tuple[int, int], box: Rectangle, taken: Sequence[Rectangle], picture_size: tuple[int, int]
) -> Rectangle:
    """Choose where a label goes: above its box, else at another edge, wherever it hides least of those `taken`.

    Sizes are width and height. The label is moved into the picture; one that is larger than it starts at its edge.
    """
    (width, height), (x0, y0, x1, y1) = size, box
    tops = (y0 - height, y1, y0, y1 - height)  # above, below, inside at the top, inside at the bottom
    places = []
    for left, top in itertools.product((x0, x1 - width), tops):
        left, top = max(0, min(left, picture_size[0] - width)), max(0, min(top, picture_size[1] - height))
        places.append((left, top, left + width, top + height))
    return min(places, key=lambda p: sum(overlap(p, other) for other in taken))


def overlap(a: Rectangle, b: Rectangle) -> int:
    """Area that two rectangles share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)
