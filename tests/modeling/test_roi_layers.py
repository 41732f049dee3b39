"""The registered RoI layers, alone and inside detectron2's multi-level pooler."""

import pytest
import torch
from detectron2.layers import ROIAlign
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import Boxes
from torch.testing import assert_close

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp
from mask_rcnn_paper.modeling.roi_layers import ROI_LAYER_REGISTRY, RoIPool, replace_roi_layers
from mask_rcnn_paper.scales import load_cfg

SCALE = 1 / 16
SCALES = [1 / 4, 1 / 8, 1 / 16, 1 / 32]
ROIS = torch.tensor([[0, 3.0, 7.0, 50.0, 61.0], [1, 9.0, 20.0, 33.0, 95.0]])


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)


@pytest.mark.parametrize("name, function", [("RoIWarp", roi_warp), ("RoIAlign", roi_align)])
@pytest.mark.parametrize("aggregation", ["ave", "max"])
def test_a_sampling_layer_is_its_function(features, name, function, aggregation):
    """With the samples and the aggregation that it is given."""
    layer = ROI_LAYER_REGISTRY.get(name)((2, 3), SCALE, 3, aggregation)
    assert_close(layer(features, ROIS), function(features, ROIS, (2, 3), SCALE, 3, aggregation))


def test_roi_pool_is_its_function_whatever_the_sampling_ratio(features):
    """It has no samples."""
    assert_close(RoIPool((2, 3), SCALE, 0, "max")(features, ROIS), roi_pool(features, ROIS, (2, 3), SCALE))


@pytest.mark.parametrize("name, layer", list(ROI_LAYER_REGISTRY))
def test_every_registered_layer_keeps_the_contract(features, name, layer):
    """(R, C, P, Q) with a gradient to the features, for no RoI too; `print` shows what it was built with."""
    built = layer((2, 3), SCALE, 2, layer.aggregations[0])
    pooled = built(features, ROIS)
    assert pooled.shape == (2, 3, 2, 3)
    pooled.sum().backward()
    assert features.grad.abs().sum() > 0
    assert built(features, ROIS[:0]).shape == (0, 3, 2, 3)
    assert f"{name}(output_size=(2, 3), spatial_scale=0.0625, sampling_ratio=2, " in repr(built)


def test_roi_pool_has_no_average():
    """RoIPool with an average would silently be a maximum, so it is refused."""
    with pytest.raises(ValueError, match="MODEL.ROI_POOLER.AGGREGATION='ave' with RoIPool: choose from max"):
        RoIPool((7, 7), SCALE, 2, "ave")


@pytest.mark.parametrize("name", ["RoIWarp", "RoIAlign"])
def test_unknown_aggregations_name_the_legal_ones(name):
    """When the model is built, not at its first step."""
    with pytest.raises(ValueError, match=f"AGGREGATION='mean' with {name}: choose from ave, max"):
        ROI_LAYER_REGISTRY.get(name)((7, 7), SCALE, 2, "mean")


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


def pooler_with(name: str, aggregation: str, scales: list[float], pooler_type: str = "ROIAlignV2", size: int = 224):
    """7x7 bins of 2x2 samples in place of a pooler that knows only the bins, with canonical boxes of its own."""
    opts = ["MODEL.ROI_POOLER.NAME", name, "MODEL.ROI_POOLER.AGGREGATION", aggregation]
    cfg = load_cfg("table2b/sigmoid.yaml", "paper", [*opts, "MODEL.ROI_POOLER.CANONICAL_BOX_SIZE", str(size)])
    pooler = ROIPooler(7, scales, 0, pooler_type, canonical_box_size=112)
    replace_roi_layers(pooler, cfg, sampling_ratio=2)
    return pooler


@pytest.mark.parametrize("name, layer", [("RoIPool", roi_pool), ("RoIWarp", roi_warp), ("RoIAlign", roi_align)])
def test_names_are_the_layers(pyramid, boxes, name, layer):
    """On one level the pooler is the layer of that name, images in order."""
    pooler = pooler_with(name, "max", SCALES[:1])
    rois = torch.cat([torch.nn.functional.pad(b.tensor, (1, 0), value=i) for i, b in enumerate(boxes)])
    kwargs = {} if name == "RoIPool" else {"sampling_ratio": 2, "aggregation": "max"}
    assert_close(pooler(pyramid[:1], boxes), layer(pyramid[0], rois, (7, 7), SCALES[0], **kwargs))


def test_roi_align_ave_is_detectron2s_unshifted_roi_align(pyramid, boxes):
    """Over several levels RoIAlign-ave equals detectron2's POOLER_TYPE ROIAlign with the same sampling ratio."""
    ours = pooler_with("RoIAlign", "ave", SCALES)
    assert_close(ours(pyramid, boxes), ROIPooler(7, SCALES, 2, "ROIAlign")(pyramid, boxes))


def test_roi_pool_is_detectron2s(pyramid, boxes):
    """RoIPool equals detectron2's POOLER_TYPE ROIPool."""
    ours = pooler_with("RoIPool", "max", SCALES)
    assert_close(ours(pyramid, boxes), ROIPooler(7, SCALES, 0, "ROIPool")(pyramid, boxes))


@pytest.mark.parametrize("pooler_type", ["ROIAlign", "ROIAlignV2", "ROIPool"])
def test_the_pooler_type_that_is_replaced_does_not_matter(pyramid, boxes, pooler_type):
    """Every kind of layer that detectron2 builds says its scale and its bins."""
    expected = ROIPooler(7, SCALES, 2, "ROIAlign")(pyramid, boxes)
    assert_close(pooler_with("RoIAlign", "ave", SCALES, pooler_type)(pyramid, boxes), expected)


def test_canonical_box_size_moves_the_level(pyramid):
    """A box of the canonical size is pooled from P4, the third of four levels."""
    box = [Boxes(torch.tensor([[40.0, 40.0, 96.0, 96.0]])), Boxes(torch.zeros(0, 4))]
    pooled = pooler_with("RoIAlign", "ave", SCALES, size=56)(pyramid, box)
    roi = torch.tensor([[0, 40.0, 40.0, 96.0, 96.0]])
    assert_close(pooled, roi_align(pyramid[2], roi, (7, 7), SCALES[2]))


def test_no_boxes_give_an_empty_output(pyramid):
    """Images without boxes pool to (0, C, P, P)."""
    none = [Boxes(torch.zeros(0, 4))] * 2
    assert pooler_with("RoIWarp", "ave", SCALES)(pyramid, none).shape == (0, 3, 7, 7)


def test_unknown_layer_names_the_legal_ones():
    """A misspelt layer is refused with key, value and choices."""
    legal = "RoIPool, RoIWarp, RoIAlign.* '' for detectron2's"
    with pytest.raises(ValueError, match=f"MODEL.ROI_POOLER.NAME='RoiWrap': choose from {legal}"):
        pooler_with("RoiWrap", "ave", SCALES)


def test_empty_name_keeps_detectron2s_pooler():
    """With MODEL.ROI_POOLER.NAME "" the given pooler stays as it is."""
    pooler = pooler_with("", "ave", SCALES)
    assert all(type(layer) is ROIAlign for layer in pooler.level_poolers)
    assert pooler.canonical_box_size == 112
