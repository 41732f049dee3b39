"""The registered RoI layers."""

import pytest
import torch
from torch.testing import assert_close

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp
from mask_rcnn_paper.modeling.roi_layers import ROI_LAYER_REGISTRY, RoIPool

SCALE = 1 / 16
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
