"""The paper's RoI layers inside the multi-level pooler."""

import pytest
import torch
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import Boxes
from torch.testing import assert_close

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp
from mask_rcnn_paper.modeling.poolers import PaperROIPooler, RoILayer, build_pooler
from mask_rcnn_paper.scales import load_cfg

SCALES = [1 / 4, 1 / 8, 1 / 16, 1 / 32]


@pytest.fixture
def pyramid() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 64 // 2**i, 64 // 2**i, generator=generator) for i in range(4)]


@pytest.fixture
def boxes() -> list[Boxes]:
    return [
        Boxes(torch.tensor([[10.0, 12.0, 60.0, 71.0], [0.0, 0.0, 250.0, 240.0]])),
        Boxes(torch.tensor([[33.0, 50.0, 180.0, 170.0]])),
    ]


@pytest.mark.parametrize("name, layer", [("RoIPool", roi_pool), ("RoIWarp", roi_warp), ("RoIAlign", roi_align)])
def test_names_are_the_layers(pyramid, boxes, name, layer):
    """On one level the pooler is the layer of that name, images in order."""
    pooler = PaperROIPooler(name, "max", 7, SCALES[:1], 2)
    rois = torch.cat([torch.nn.functional.pad(b.tensor, (1, 0), value=i) for i, b in enumerate(boxes)])
    kwargs = {} if name == "RoIPool" else {"sampling_ratio": 2, "aggregation": "max"}
    assert_close(pooler(pyramid[:1], boxes), layer(pyramid[0], rois, (7, 7), SCALES[0], **kwargs))


def test_roi_align_ave_is_detectron2s_unshifted_roi_align(pyramid, boxes):
    """Over several levels RoIAlign-ave equals detectron2's POOLER_TYPE ROIAlign with the same sampling ratio."""
    ours = PaperROIPooler("RoIAlign", "ave", 7, SCALES, 2)
    assert_close(ours(pyramid, boxes), ROIPooler(7, SCALES, 2, "ROIAlign")(pyramid, boxes))


def test_roi_pool_is_detectron2s(pyramid, boxes):
    """RoIPool equals detectron2's POOLER_TYPE ROIPool."""
    ours = PaperROIPooler("RoIPool", "max", 7, SCALES, 0)
    assert_close(ours(pyramid, boxes), ROIPooler(7, SCALES, 0, "ROIPool")(pyramid, boxes))


def test_canonical_box_size_moves_the_level(pyramid):
    """A box of the canonical size is pooled from P4, the third of four levels."""
    box = [Boxes(torch.tensor([[40.0, 40.0, 96.0, 96.0]])), Boxes(torch.zeros(0, 4))]
    pooled = PaperROIPooler("RoIAlign", "ave", 7, SCALES, 2, canonical_box_size=56)(pyramid, box)
    roi = torch.tensor([[0, 40.0, 40.0, 96.0, 96.0]])
    assert_close(pooled, roi_align(pyramid[2], roi, (7, 7), SCALES[2]))


def test_no_boxes_give_an_empty_output(pyramid):
    """Images without boxes pool to (0, C, P, P)."""
    none = [Boxes(torch.zeros(0, 4))] * 2
    assert PaperROIPooler("RoIWarp", "ave", 7, SCALES, 2)(pyramid, none).shape == (0, 3, 7, 7)


def test_unknown_layer_names_the_legal_ones():
    """A misspelt layer is refused with key, value and choices."""
    with pytest.raises(ValueError, match="MODEL.ROI_POOLER.NAME='RoiWrap': choose from RoIPool, RoIWarp, RoIAlign"):
        RoILayer("RoiWrap", (7, 7), 1 / 16, 2, "ave")


def test_roi_pool_has_no_average():
    """RoIPool with an average would silently be a maximum, so it is refused."""
    with pytest.raises(ValueError, match="AGGREGATION='ave' with RoIPool"):
        RoILayer("RoIPool", (7, 7), 1 / 16, 2, "ave")


def test_empty_name_keeps_detectron2s_pooler():
    """With MODEL.ROI_POOLER.NAME "" the given pooler is returned as it is."""
    cfg = load_cfg("table2b/sigmoid.yaml", "paper", ["MODEL.ROI_POOLER.NAME", ""])
    default = ROIPooler(7, SCALES, 2, "ROIAlign")
    assert build_pooler(cfg, cfg.MODEL.ROI_BOX_HEAD, SCALES, default) is default
