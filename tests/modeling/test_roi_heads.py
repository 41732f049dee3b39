"""The paper's C4 head, and RoI layers in every branch."""

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_model, build_roi_heads
from torch.testing import assert_close

from mask_rcnn_paper.modeling import RoILayer
from mask_rcnn_paper.scales import load_cfg

MINI = ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", ""]


def c4_heads(*opts: str):
    cfg = load_cfg("table2b/sigmoid.yaml", "mini", [*MINI, *opts])
    return build_roi_heads(cfg, {"res4": ShapeSpec(channels=256, stride=16)})


def test_c4_head_keeps_7x7_and_pools_masks_to_14x14():
    """res5 has stride 1: 7x7 in, 7x7 out, 14x14 mask logits (Figure 4, left)."""
    heads = c4_heads()
    x = heads.res5(torch.randn(2, 256, 7, 7))
    assert x.shape == (2, 512, 7, 7)
    assert heads.mask_head.layers(x).shape == (2, 12, 14, 14)
    assert heads.pooler.output_size == (7, 7)


def test_weights_interchange_with_detectron2s_c4_head():
    """Names and shapes of all parameters are those of Res5ROIHeads, so either loads the other's weights."""
    ours = c4_heads()
    theirs = c4_heads("MODEL.ROI_HEADS.NAME", "Res5ROIHeads", "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", "14")
    shapes = {name: value.shape for name, value in ours.state_dict().items()}
    assert shapes == {name: value.shape for name, value in theirs.state_dict().items()}
    theirs.load_state_dict(ours.state_dict())


def test_stride_one_on_every_second_cell_is_stride_two():
    """What detectron2's strided res5 computes from 14x14 is what its first layer sees at every second cell."""
    ours = c4_heads()
    theirs = c4_heads("MODEL.ROI_HEADS.NAME", "Res5ROIHeads", "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", "14")
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 256, 14, 14)
    assert_close(theirs.res5(x), ours.res5(x[:, :, ::2, ::2]))


@pytest.mark.parametrize("name, aggregation", [("RoIPool", "max"), ("RoIWarp", "ave"), ("RoIAlign", "max")])
def test_every_branch_gets_the_named_layer(name, aggregation):
    """MODEL.ROI_POOLER replaces the layer of the shared C4 pooler and of the FPN's box, mask and keypoint branch."""
    opts = ["MODEL.ROI_POOLER.NAME", name, "MODEL.ROI_POOLER.AGGREGATION", aggregation]
    assert [type(layer).__name__ for layer in c4_heads(*opts).pooler.level_poolers] == [name]
    opts += [
        "MODEL.ROI_POOLER.CANONICAL_BOX_SIZE",
        "100",
        "MODEL.KEYPOINT_ON",
        "True",
        "MODEL.ROI_KEYPOINT_HEAD.POOLER_SAMPLING_RATIO",
        "3",
    ]
    heads = build_model(load_cfg("table2a/r50_fpn.yaml", "mini", [*MINI, *opts])).roi_heads
    branches = [(heads.box_pooler, 7, 2), (heads.mask_pooler, 14, 2), (heads.keypoint_pooler, 14, 3)]
    for pooler, side, samples in branches:
        assert all(isinstance(layer, RoILayer) for layer in pooler.level_poolers)
        assert [type(layer).__name__ for layer in pooler.level_poolers] == [name] * 4
        assert {layer.aggregation for layer in pooler.level_poolers} == {aggregation}
        assert {layer.sampling_ratio for layer in pooler.level_poolers} == {samples}
        assert pooler.level_poolers[0].output_size == (side, side)
        assert pooler.canonical_box_size == 100


def test_empty_name_keeps_detectron2s_pooler():
    """With MODEL.ROI_POOLER.NAME "" the heads differ from detectron2's in nothing but res5's stride."""
    (layer,) = c4_heads("MODEL.ROI_POOLER.NAME", "").pooler.level_poolers
    assert not isinstance(layer, RoILayer)
