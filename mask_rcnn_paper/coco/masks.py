"""Exact outlines of binary masks as COCO polygons in continuous coordinates.

``cv2.findContours`` joins the centres of border cells, which loses half a cell on every side. Here the
corners of the cells are traced instead. A hole becomes part of its outer ring through a bridge of no width,
so that a region with holes is one polygon for COCO's rasteriser (even-odd rule) and for the shoelace
formula.
"""

import cv2
import numpy as np


def mask_to_polygons(mask: np.ndarray, scale: float = 1.0, min_area: float = 0.0) -> list[np.ndarray]:
    """Trace a mask.

    Args:
        mask: (H, W) boolean or 0/non-zero array.
        scale: output units per cell, e.g. 1/4 for a mask at 4x supersampling.
        min_area: regions and holes below this area, in cells, are ignored.

    Returns:
        One (N, 2) float64 array of continuous (x, y) coordinates for each 8-connected region.
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
    """Follow a border from cell edge to cell edge.

    Midpoints of the edges smooth staircases without a bias in area; corners between straight runs are kept.

    Args:
        chain: (N, 2) half-cell corners from ``findContours``; a diagonal step skips a concave corner.

    Returns:
        (M, 2) half-cell coordinates.
    """
    chain = chain.astype(np.float64)
    step = np.roll(chain, -1, axis=0) - chain
    diagonal = np.abs(step).sum(1) == 2
    # on the screen the region is to the left of the direction of travel, and so is the skipped corner
    along_x = step[:, 0] * step[:, 1] > 0
    skipped = chain + np.where(along_x[:, None], step * (1, 0), step * (0, 1))
    border = _interleave(chain, skipped, np.ones_like(diagonal), diagonal)
    corners = border[(border % 2 == 0).all(1)]
    leave = np.roll(corners, -1, axis=0) - corners
    arrive = np.roll(leave, 1, axis=0)
    turns = (leave != arrive).any(1)
    sharp = turns & ~np.roll(turns, 1) & ~np.roll(turns, -1)
    return _interleave(corners, corners + leave / 2, sharp, np.ones_like(sharp))


def _interleave(first: np.ndarray, second: np.ndarray, keep_first: np.ndarray, keep_second: np.ndarray) -> np.ndarray:
    """Return first[0], second[0], first[1], ... of two (N, 2) arrays, those that are kept."""
    points = np.stack([first, second], axis=1).reshape(-1, 2)
    return points[np.stack([keep_first, keep_second], axis=1).reshape(-1)]


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
