"""Targets of the mask branch, for drawn instances within their ground-truth boxes, are detectron2's in every pixel."""

from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.structures import PolygonMasks

RECORDED = np.load(Path(__file__).parent / "data" / "mask_targets.npz")
INSTANCES = len(RECORDED["boxes"])


@pytest.fixture(scope="module")
def polygons():
    """The recorded instances, in pixels: steps in hundredths, from point to point, through all polygons."""
    points = np.cumsum(RECORDED["steps"].astype(np.int64), axis=0) / 100
    parts = np.split(points, np.cumsum(RECORDED["points_per_polygon"])[:-1])
    ends = np.cumsum(RECORDED["polygons_per_instance"])
    counts = RECORDED["polygons_per_instance"]
    return PolygonMasks(
        [[part.reshape(-1) for part in parts[end - n : end]] for end, n in zip(ends, counts, strict=True)]
    )


@pytest.mark.parametrize("side", [14, 28])
def test_every_pixel(polygons, side):
    """No pixel differs, though most polygons touch the border of their box, where rounding decides."""
    bits = np.unpackbits(RECORDED[f"masks{side}"])[: INSTANCES * side * side]
    recorded = torch.from_numpy(bits.reshape(INSTANCES, side, side)).bool()
    masks = polygons.crop_and_resize(torch.from_numpy(RECORDED["boxes"]), side)
    assert masks.shape == recorded.shape
    assert int((masks != recorded).sum()) == 0
