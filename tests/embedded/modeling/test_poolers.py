"""Pooling from several levels."""

import pytest
import torch
from detectron2.layers import ROIAlign
from detectron2.modeling.poolers import ROIPooler, assign_boxes_to_levels, convert_boxes_to_pooler_format
from detectron2.structures import Boxes
from torch.testing import assert_close
from torchvision.ops import RoIPool

SCALES = [1 / 4, 1 / 8, 1 / 16]


def squares(*sides: float) -> Boxes:
    return Boxes(torch.tensor([[0.0, 0.0, side, side] for side in sides]).reshape(-1, 4))


def test_levels_by_hand():
    """FPN's Eq. 1: 224 is at level 4, half of it at 3; sizes beyond the pyramid go to its ends."""
    levels = assign_boxes_to_levels([squares(224, 112, 111), squares(448, 1e4, 0)], 2, 5, 224, 4)
    assert levels.tolist() == [2, 1, 0, 3, 3, 0]


def test_boxes_carry_the_index_of_their_image():
    """The first column counts images, those without boxes too."""
    rois = convert_boxes_to_pooler_format([squares(1), squares(), squares(2, 3)])
    assert_close(rois[:, 0], torch.tensor([0.0, 2.0, 2.0]))
    assert_close(rois[:, 3], torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("pooler_type", ["ROIAlign", "ROIAlignV2", "ROIPool"])
def test_each_box_is_pooled_from_its_level(pooler_type):
    """Constant maps tell which level a box was pooled from, in the order of the boxes."""
    maps = [torch.full((2, 3, 64 // 2**i, 64 // 2**i), float(i)) for i in range(3)]
    pooler = ROIPooler((2, 3), SCALES, 2, pooler_type, canonical_box_size=32, canonical_level=3)
    pooled = pooler(maps, [squares(64, 8), squares(40)])
    assert pooled.shape == (3, 3, 2, 3)
    assert_close(pooled[:, 0, 0, 0], torch.tensor([2.0, 0.0, 1.0]))


def test_level_poolers_are_replaceable_layers():
    """level_poolers holds a layer for each level with its scale, for plugins to replace."""
    layers = ROIPooler(7, SCALES, 0, "ROIAlign").level_poolers
    assert [layer.spatial_scale for layer in layers] == SCALES
    assert all(isinstance(layer, ROIAlign) and not layer.aligned for layer in layers)
    assert all(layer.aligned for layer in ROIPooler(7, SCALES, 0, "ROIAlignV2").level_poolers)
    assert isinstance(ROIPooler(7, [1 / 16], 0, "ROIPool").level_poolers[0], RoIPool)


@pytest.mark.parametrize("scales", [SCALES, SCALES[:1]])
def test_no_boxes_give_no_features(scales):
    """Images without boxes give an empty tensor of the right shape."""
    maps = [torch.zeros(2, 3, 8, 8) for _ in scales]
    assert ROIPooler(7, scales, 0, "ROIAlignV2")(maps, [squares(), squares()]).shape == (0, 3, 7, 7)


def test_gradients_reach_every_map():
    """All maps get a gradient, those that no box is pooled from a zero one."""
    maps = [torch.ones(1, 1, 8, 8, requires_grad=True) for _ in SCALES]
    ROIPooler(2, SCALES, 2, "ROIAlignV2")(maps, [squares(8)]).sum().backward()
    assert [bool(m.grad.abs().sum() > 0) for m in maps] == [True, False, False]


def test_refuses_what_it_cannot_pool():
    """Unknown types, odd scales and wrong numbers of maps or images are errors."""
    with pytest.raises(ValueError, match="POOLER_TYPE='ROIAlignRotated'.*install detectron2"):
        ROIPooler(7, SCALES, 0, "ROIAlignRotated")
    with pytest.raises(ValueError, match="powers of 2"):
        ROIPooler(7, [1 / 4, 1 / 16], 0, "ROIAlign")
    with pytest.raises(ValueError, match="1 levels"):
        ROIPooler(7, SCALES[:1], 0, "ROIAlign")([torch.zeros(2, 1, 4, 4)], [squares(1)])
