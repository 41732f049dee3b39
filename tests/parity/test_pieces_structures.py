"""Boxes, masks and keypoints meet the numbers recorded from detectron2 (commit 02b5c4e2)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.layers import paste_masks_in_image
from detectron2.structures import (
    BitMasks,
    Boxes,
    Keypoints,
    PolygonMasks,
    ROIMasks,
    heatmaps_to_keypoints,
    pairwise_iou,
    polygons_to_bitmask,
)

PIECES = Path(__file__).parent / "data" / "pieces.npz"


@pytest.fixture(scope="module")
def pieces():
    with np.load(PIECES) as recorded:
        names = [k for k in recorded if k.startswith(("box2box/", "iou", "keypoints/", "masks/", "paste/"))]
        return {k: recorded[k] if k == "masks/polygons" else torch.from_numpy(recorded[k]) for k in names}


@pytest.fixture()
def polygons(pieces):
    recorded = json.loads(str(pieces["masks/polygons"]))
    return PolygonMasks([[np.array(polygon) for polygon in instance] for instance in recorded])


def recorded_paste(pieces):
    bits = np.unpackbits(pieces["paste/out"].numpy()).reshape(6, 48, 64)
    return torch.from_numpy(bits).bool()


def test_pasting_gives_the_recorded_pixels(pieces):
    """Pasted masks equal detectron2's in every pixel."""
    out = paste_masks_in_image(pieces["paste/masks"], Boxes(pieces["paste/boxes"]), (48, 64), threshold=0.5)
    assert torch.equal(out, recorded_paste(pieces))


@pytest.mark.parametrize("box", [[5.0, 5.0, 5.0, 9.0], [5.0, 5.0, 5.0, 5.0], [5.5, 5.5, 5.5, 9.0]])
def test_a_box_without_extent_pastes_nothing(box):
    """As in detectron2, neither pixels nor soft values."""
    for threshold in (0.5, -1):
        out = paste_masks_in_image(torch.ones(1, 28, 28), torch.tensor([box]), (20, 20), threshold=threshold)
        assert int(out.sum()) == 0


def test_roi_masks_become_the_recorded_bitmaps(pieces):
    """ROIMasks.to_bitmasks is pasting."""
    bitmasks = ROIMasks(pieces["paste/masks"]).to_bitmasks(Boxes(pieces["paste/boxes"]), 48, 64)
    assert torch.equal(bitmasks.tensor, recorded_paste(pieces))


def test_polygons_on_a_box_grid(pieces, polygons):
    """Polygons rasterised on a 14 x 14 grid over a box equal the recorded targets."""
    assert torch.equal(polygons.crop_and_resize(pieces["masks/crop_boxes"], 14), pieces["masks/polygon_crop"])


def test_polygons_in_the_image(pieces, polygons):
    """Polygons rasterised in the image equal the recorded bitmaps."""
    masks = [polygons_to_bitmask(instance, 48, 64) for instance in polygons]
    assert np.array_equal(masks, pieces["masks/bitmask"].numpy())


def test_bitmaps_on_a_box_grid(pieces):
    """Bitmaps resampled on a 14 x 14 grid over a box equal the recorded targets."""
    out = BitMasks(pieces["masks/bitmask"]).crop_and_resize(pieces["masks/crop_boxes"], 14)
    assert torch.equal(out, pieces["masks/bitmask_crop"])


def test_keypoint_targets(pieces):
    """Heat map cells and validity of keypoints equal the recorded ones."""
    cells, valid = Keypoints(pieces["keypoints/in"]).to_heatmap(pieces["keypoints/boxes"], 56)
    assert torch.equal(cells, pieces["keypoints/heatmap_index"])
    assert torch.equal(valid, pieces["keypoints/valid"])


def test_keypoint_decoding(pieces):
    """Positions, logits and scores decoded from heat maps equal the recorded ones."""
    logits = pieces["keypoints/logits"]  # for the first boxes only
    out = heatmaps_to_keypoints(logits, pieces["keypoints/boxes"][: len(logits)])
    torch.testing.assert_close(out, pieces["keypoints/decoded"], rtol=1e-4, atol=1e-5)


def test_iou(pieces):
    """The matrix of IoUs equals the recorded one."""
    out = pairwise_iou(Boxes(pieces["box2box/src"]), Boxes(pieces["box2box/dst"]))
    torch.testing.assert_close(out, pieces["iou"], rtol=1e-4, atol=1e-6)
