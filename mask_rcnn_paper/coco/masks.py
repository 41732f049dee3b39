"""COCO's masks: polygons, and run lengths (RLE) {"size": [height, width], "counts": ...}, compressed or not.

`mask_to_polygons` traces exact outlines in continuous coordinates: ``cv2.findContours`` joins the centres of border
cells, which loses half a cell on every side; here the corners of the cells are traced instead. A hole becomes part of
its outer ring through a bridge of no width, so that a region with holes is one polygon for COCO's rasteriser (even-odd
rule) and for the shoelace formula.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as mask_util


def decode_mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    """(height, width) uint8, 1 inside the mask of an annotation or a result; arguments and errors as `encode_mask`."""
    return mask_util.decode(encode_mask(segmentation, height, width))


def encode_mask(segmentation: Any, height: int, width: int) -> dict[str, Any]:
    """Compressed RLE of an annotation's or a result's mask.

    Args:
        segmentation: Polygons [[x, y, x, y, ...], ...], or RLE with counts as COCO's string, its bytes, or a list of
            run lengths.
        height, width: Of the image.

    Raises:
        ValueError: the RLE is of another size.
    """
    if not isinstance(segmentation, Mapping):
        # Fewer than three points are no area, and four numbers would be taken for a box.
        polygons = [list(p) for p in segmentation if len(p) >= 6]
        if not polygons:
            return mask_util.encode(np.zeros((height, width), dtype=np.uint8, order="F"))
        return mask_util.merge(mask_util.frPyObjects(polygons, height, width))
    if list(segmentation["size"]) != [height, width]:
        raise ValueError(f"a mask of size {list(segmentation['size'])} does not fit its image of {[height, width]}")
    counts = segmentation["counts"]
    if isinstance(counts, list):
        return mask_util.frPyObjects(dict(segmentation), height, width)
    counts = counts.encode("ascii") if isinstance(counts, str) else counts
    return {"size": [height, width], "counts": counts}


def read_counts(counts: Any) -> np.ndarray | None:
    """(R,) int64 lengths of the runs, of 0 and 1 in turn down the columns, or None where they cannot be read.

    pycocotools reads compressed counts without asking whether they are sound.

    Args:
        counts: a list of numbers, or a string as pycocotools writes it: each difference to the run before the last in
            groups of 5 bits, lowest first, bit 6 set if more follow, the top bit of the last group as sign.
    """
    if isinstance(counts, list):
        sound = set(map(type, counts)) == {int} and min(counts) >= 0 and max(counts) < 2**40
        return np.array(counts, dtype=np.int64) if sound else None
    if not isinstance(counts, str) or not counts.isascii():
        return None
    codes = np.frombuffer(counts.encode(), np.uint8).astype(np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        return None
    ends = np.flatnonzero(codes < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 8:
        return None
    places = np.arange(codes.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 31) << (5 * places), starts)
    values -= np.where(codes[ends] & 16, 1 << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values if values.min() >= 0 else None


def mask_to_polygons(mask: np.ndarray, scale: float = 1.0, min_area: float = 0.0) -> list[np.ndarray]:
    """Trace each 8-connected region of a (H, W) mask as an (N, 2) float64 array of continuous (x, y) coordinates.

    Args:
        mask: boolean, or 0 and non-zero.
        scale: output units per cell, e.g. 1/4 for a mask at 4x supersampling.
        min_area: regions and holes below this area, in cells, are ignored.
    """
    cells = (np.asarray(mask) != 0).view(np.uint8)
    x, y, width, height = cv2.boundingRect(cells)
    if not width:
        return []
    # twice the cells, so that a gap of one cell keeps corners of its own
    cells = cv2.resize(cells[y : y + height, x : x + width], None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    cells = np.pad(cells, 2)
    corners = cv2.dilate(cells, np.ones((2, 2), np.uint8), anchor=(1, 1), borderValue=0)
    contours, hierarchy = cv2.findContours(corners, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = [_trace(contour[:, 0]) for contour in contours]
    areas = [abs(signed_area(ring)) / 4 for ring in rings]
    polygons = []
    for i, ring in enumerate(rings):
        if hierarchy[0, i, 3] >= 0 or areas[i] < min_area:
            continue
        outline = _simplify(ring)
        child = hierarchy[0, i, 2]
        while child >= 0:
            if areas[child] >= min_area:
                outline = _bridge(outline, _simplify(rings[child]))
            child = hierarchy[0, child, 0]
        polygons.append((outline / 2 - 1 + (x, y)) * scale)  # half-cells, and one cell of padding
    return polygons


def _trace(chain: np.ndarray) -> np.ndarray:
    """Follow (N, 2) half-cell corners from ``findContours`` from cell edge to cell edge, in half-cells too.

    Midpoints of the edges smooth staircases without a bias in area; corners between straight runs are kept.
    """
    chain = chain.astype(np.float64)
    step = np.roll(chain, -1, axis=0) - chain
    diagonal = np.abs(step).sum(1) == 2  # skips a concave corner
    # on the screen the region is to the left of the direction of travel, and so is the skipped corner
    along_x = step[:, 0] * step[:, 1] > 0
    skipped = chain + np.where(along_x[:, None], step * (1, 0), step * (0, 1))
    border = np.insert(chain, np.flatnonzero(diagonal) + 1, skipped[diagonal], axis=0)
    corners = border[(border % 2 == 0).all(1)]
    leave = np.roll(corners, -1, axis=0) - corners
    turns = (leave != np.roll(leave, 1, axis=0)).any(1)
    sharp = turns & ~np.roll(turns, 1) & ~np.roll(turns, -1)
    return np.insert(corners + leave / 2, np.flatnonzero(sharp), corners[sharp], axis=0)


def _simplify(ring: np.ndarray) -> np.ndarray:
    """Drop points that lie within half a cell of the outline, as long as an area is left."""
    simple = cv2.approxPolyDP(ring.astype(np.float32)[:, None], 1.0, True)[:, 0].astype(np.float64)
    return simple if len(simple) > 3 else ring


def _bridge(outer: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Splice a hole into a ring at their nearest pair of vertices."""
    distance = np.square(outer[:, None] - hole[None]).sum(-1)
    i, j = np.unravel_index(distance.argmin(), distance.shape)
    if signed_area(outer) * signed_area(hole) > 0:
        hole, j = hole[::-1], len(hole) - 1 - j
    return np.concatenate([outer[: i + 1], hole[j:], hole[: j + 1], outer[i:]])


def signed_area(ring: np.ndarray) -> float:
    """Return the shoelace area of an (N, 2) ring; the sign tells its direction."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
