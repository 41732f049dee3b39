"""Parts of models against numbers recorded from detectron2."""

from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.poolers import ROIPooler, assign_boxes_to_levels
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
from detectron2.structures import Boxes
from torch.testing import assert_close


@pytest.fixture(scope="module")
def pieces():
    with np.load(Path(__file__).parent / "data" / "pieces.npz") as file:
        wanted = ("pooler/", "levels/", "box2box/", "iou", "matcher/", "frcnn/")
        return {name: torch.from_numpy(file[name]) for name in file.files if name.startswith(wanted)}


@pytest.mark.parametrize("pooler_type", ["ROIAlign", "ROIAlignV2", "ROIPool"])
@pytest.mark.parametrize("case", ["sampling_0", "sampling_2", "single_level"])
def test_pooler(pieces, pooler_type, case):
    """Pooled features agree on four levels and on one, for a degenerate and an over-large box too."""
    features = [pieces[f"pooler/features/{i}"] for i in range(4)]
    boxes = [Boxes(pieces[f"pooler/boxes/{i}"]) for i in range(2)]
    if case == "single_level":
        pooled = ROIPooler((3, 5), [1 / 4], 2, pooler_type)(features[:1], boxes)
    else:
        scales = [1 / 4, 1 / 8, 1 / 16, 1 / 32]
        pooled = ROIPooler(7, scales, int(case[-1]), pooler_type, canonical_box_size=32)(features, boxes)
    assert_close(pooled, pieces[f"pooler/{pooler_type}/{case}"], rtol=1e-4, atol=1e-5)


def test_levels(pieces):
    """Boxes are pooled from the same level."""
    levels = assign_boxes_to_levels([Boxes(pieces["levels/boxes"])], 2, 5, 224, 4)
    assert_close(levels, pieces["levels/out"])


def test_box_deltas(pieces):
    """Deltas, and the boxes that deltas (some beyond the clamp) lead to, agree."""
    transform = Box2BoxTransform((10.0, 10.0, 5.0, 5.0))
    deltas = transform.get_deltas(pieces["box2box/src"], pieces["box2box/dst"])
    assert_close(deltas, pieces["box2box/deltas"], rtol=1e-4, atol=1e-5)
    applied = transform.apply_deltas(pieces["box2box/in_deltas"], pieces["box2box/src"])
    assert_close(applied, pieces["box2box/applied"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("low", [False, True])
def test_matcher(pieces, low):
    """Matches and labels agree, with and without low-quality matches."""
    matches, labels = Matcher([0.3, 0.7], [0, -1, 1], allow_low_quality_matches=low)(pieces["iou"])
    assert_close(matches, pieces[f"matcher/low_{low}/match"])
    assert_close(labels, pieces[f"matcher/low_{low}/label"])


def test_fast_rcnn_inference(pieces):
    """The same boxes survive threshold, suppression and limit, in the same order."""
    (result,), (rows,) = fast_rcnn_inference(
        [pieces["frcnn/boxes"]], [pieces["frcnn/scores"]], [(50, 50)], 0.05, 0.5, 10
    )
    assert_close(result.pred_boxes.tensor, pieces["frcnn/out_boxes"])
    assert_close(result.scores, pieces["frcnn/out_scores"])
    assert_close(result.pred_classes, pieces["frcnn/out_classes"])
    assert_close(rows, pieces["frcnn/kept"])
