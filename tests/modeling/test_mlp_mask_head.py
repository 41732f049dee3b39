"""The multi-layer perceptron of Table 2e."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.roi_heads import build_mask_head
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

from mask_rcnn_paper.scales import load_cfg
from tests.modeling.test_mask_head import detections, features, proposals

FPN_ROI = ShapeSpec(channels=256, width=14, height=14)


def at_paper_size(row: str, shape: ShapeSpec = FPN_ROI):
    with torch.device("meta"):
        return build_mask_head(load_cfg(f"table2e/{row}.yaml"), shape)


def small(*opts: str):
    """Features of 8 channels and 7x7 cells, one hidden layer of 6, five classes, 14x14 masks."""
    torch.manual_seed(0)
    fixed = ["MODEL.ROI_MASK_HEAD.MLP_DIMS", "[6]", "MODEL.ROI_MASK_HEAD.MLP_MASK_SIZE", "14"]
    cfg = load_cfg("table2e/mlp_2hidden.yaml", "paper", [*fixed, "MODEL.ROI_HEADS.NUM_CLASSES", "5", *opts])
    return build_mask_head(cfg, ShapeSpec(channels=8, width=7, height=7))


@pytest.mark.parametrize("row, widths", [("mlp_2hidden", [1024, 1024]), ("mlp_3hidden", [1024, 1024, 1024])])
def test_layers_are_the_papers(row, widths):
    """ "fc: 1024-1024-80*28^2" on 14x14x256, and one hidden layer more."""
    head = at_paper_size(row)
    layers = [layer for layer in head.modules() if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in layers] == [*widths, 80 * 28**2]
    assert layers[0].in_features == 14 * 14 * 256
    assert head.layers(torch.zeros(3, 256, 14, 14, device="meta")).shape == (3, 80, 28, 28)


@pytest.mark.parametrize("side, millions", [(14, 116.7), (7, 78.2)])
def test_number_of_weights(side, millions):
    """The size of the head by the side of its RoI feature, computed by hand."""
    head = at_paper_size("mlp_2hidden", ShapeSpec(channels=256, width=side, height=side))
    assert sum(p.numel() for p in head.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)


def test_it_computes_what_its_weights_say():
    """Against matrix products written out."""
    head, x = small(), features(2)
    hidden, out = head.hidden[0], head.predictor
    expected = (x.reshape(2, -1) @ hidden.weight.T + hidden.bias).clamp(min=0) @ out.weight.T + out.bias
    assert_close(head.layers(x), expected.reshape(2, 5, 14, 14))


def test_every_pixel_sees_the_whole_roi():
    """Unlike a convolution, an MLP has no locality: a corner of the mask depends on the opposite corner of the RoI."""
    head, x = small(), features(1)
    torch.nn.init.normal_(head.predictor.weight)
    head.layers(x)[0, 0, 0, 0].backward()
    assert x.grad[0, :, -1, -1].abs().sum() > 0


def test_it_starts_undecided():
    """Initial masks are near 0.5, so that the loss starts at ln 2, as the convolutional head's does."""
    with EventStorage():
        loss = small()(features(2), proposals())["loss_mask"]
    assert loss.item() == pytest.approx(math.log(2), abs=0.01)


def test_loss_reaches_features_and_every_parameter():
    """No layer is left out of training."""
    head, x = small(), features(2)
    with EventStorage():
        head(x, proposals())["loss_mask"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())
    assert x.grad.abs().sum() > 0


def test_losses_are_selected_as_in_the_convolutional_head():
    """Softmax adds background; class-agnostic masks have one channel."""
    assert small("MODEL.ROI_MASK_HEAD.LOSS", "softmax").mask_shape == (6, 14, 14)
    assert small("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True").mask_shape == (1, 14, 14)


def test_images_without_foreground_or_detections():
    """No RoI at all: loss 0 in training, empty masks at test; an image without detections beside one with some."""
    head = small()
    with EventStorage():
        assert head(features(0), proposals()[1:])["loss_mask"] == 0
    head.eval()
    first, second = head(features(2), [detections()[0], detections()[0][[]]])
    assert first.pred_masks.shape == (2, 1, 14, 14) and second.pred_masks.shape == (0, 1, 14, 14)


@pytest.mark.parametrize("key, value", [("MLP_DIMS", "[0]"), ("MLP_MASK_SIZE", "0")])
def test_sizes_must_be_positive(key, value):
    """A width or a side of 0 is refused with its key."""
    with pytest.raises(ValueError, match=f"MODEL.ROI_MASK_HEAD.{key} has 0: it must be at least 1"):
        small(f"MODEL.ROI_MASK_HEAD.{key}", value)
