"""The mask heads whose loss is a config key: convolutional, and the multi-layer perceptron of Table 2e."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.roi_heads import build_mask_head
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

from mask_rcnn_paper.scales import load_cfg

SHAPE = ShapeSpec(channels=8, width=7, height=7)
FPN_ROI = ShapeSpec(channels=256, width=14, height=14)


def build(*opts: str, name: str = "FCNMaskHead"):
    torch.manual_seed(0)
    fixed = ["MODEL.ROI_MASK_HEAD.NAME", name, "MODEL.ROI_MASK_HEAD.CONV_DIM", "6", "MODEL.ROI_HEADS.NUM_CLASSES", "5"]
    head = build_mask_head(load_cfg("table2b/sigmoid.yaml", "paper", [*fixed, *opts]), SHAPE)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head


def proposals() -> list[Instances]:
    """Two images: two foreground proposals, and none."""
    masks = torch.zeros(2, 16, 16, dtype=torch.bool)
    masks[0, 3:12, 2:9], masks[1, 5:, 5:] = True, True
    boxes = torch.tensor([[1.0, 2.0, 11.0, 13.0], [4.5, 4.5, 15.0, 16.0]])
    first = Instances((16, 16), proposal_boxes=Boxes(boxes), gt_classes=torch.tensor([3, 0]), gt_masks=BitMasks(masks))
    return [first, first[[]]]


def detections() -> list[Instances]:
    return [Instances((16, 16), pred_classes=torch.tensor([4, 1])), Instances((16, 16), pred_classes=torch.tensor([0]))]


def features(num: int) -> torch.Tensor:
    return torch.randn(num, 8, 7, 7, generator=torch.Generator().manual_seed(1), requires_grad=True)


def test_sigmoid_head_is_detectron2s_head():
    """Same parameters, same loss and same masks as MaskRCNNConvUpsampleHead."""
    ours, theirs = build(), build(name="MaskRCNNConvUpsampleHead")
    theirs.load_state_dict(ours.state_dict())
    with EventStorage():
        assert_close(ours(features(2), proposals()), theirs(features(2), proposals()))
    ours.eval()
    theirs.eval()
    for one, other in zip(ours(features(3), detections()), theirs(features(3), detections()), strict=True):
        assert_close(one.pred_masks, other.pred_masks)


def test_softmax_head_has_a_background_channel():
    """81 channels at paper size, six for five classes."""
    assert build("MODEL.ROI_MASK_HEAD.LOSS", "softmax").predictor.out_channels == 6
    cfg = load_cfg("table2b/softmax.yaml")
    head = build_mask_head(cfg, ShapeSpec(channels=2048, width=7, height=7))
    assert head.predictor.out_channels == 81
    assert head.layers(torch.zeros(1, 2048, 7, 7)).shape == (1, 81, 14, 14)


def test_softmax_masks_are_those_of_the_predicted_class():
    """Masks are channels of one softmax, so that two classes at one RoI never exceed 1 together."""
    head = build("MODEL.ROI_MASK_HEAD.LOSS", "softmax").eval()
    first, second = head(features(3), detections())
    probabilities = head.layers(features(3)).softmax(1)
    assert_close(first.pred_masks[:, 0], probabilities[[0, 1], [4, 1]])
    assert second.pred_masks.shape == (1, 1, 14, 14)


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
def test_loss_reaches_features_and_every_parameter(loss):
    """The loss is finite, logged with an accuracy, and has gradients everywhere."""
    head, x = build("MODEL.ROI_MASK_HEAD.LOSS", loss), features(2)
    with EventStorage() as storage:
        head(x, proposals())["loss_mask"].backward()
        assert 0 <= storage.latest()["mask_rcnn/accuracy"][0] <= 1
    for parameter in head.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
def test_images_without_foreground(loss):
    """No foreground in any image: loss 0, and backward gives zero gradients; no detections: empty masks."""
    head, x = build("MODEL.ROI_MASK_HEAD.LOSS", loss), features(0)
    with EventStorage():
        value = head(x, proposals()[1:])["loss_mask"]
    value.backward()
    assert value == 0
    assert x.grad.shape == x.shape
    assert all((p.grad == 0).all() for p in head.parameters())
    head.eval()
    (result,) = head(features(0), [Instances((16, 16), pred_classes=torch.zeros(0, dtype=torch.int64))])
    assert result.pred_masks.shape == (0, 1, 14, 14)


def test_class_agnostic_head_has_one_channel():
    """CLS_AGNOSTIC_MASK gives one channel under sigmoid, and is refused under softmax."""
    assert build("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True").predictor.out_channels == 1
    with pytest.raises(ValueError, match="LOSS='softmax' with CLS_AGNOSTIC_MASK.*choose from sigmoid"):
        build("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True", "MODEL.ROI_MASK_HEAD.LOSS", "softmax")


def test_unknown_loss_names_the_legal_ones():
    """A misspelt loss is refused with key, value and choices."""
    with pytest.raises(ValueError, match="MODEL.ROI_MASK_HEAD.LOSS='sigmoyd': choose from sigmoid, softmax"):
        build("MODEL.ROI_MASK_HEAD.LOSS", "sigmoyd")


def mlp_at_paper_size(row: str, shape: ShapeSpec = FPN_ROI):
    with torch.device("meta"):
        return build_mask_head(load_cfg(f"table2e/{row}.yaml"), shape)


def small_mlp(*opts: str):
    """Features of 8 channels and 7x7 cells, one hidden layer of 6, five classes, 14x14 masks."""
    torch.manual_seed(0)
    fixed = ["MODEL.ROI_MASK_HEAD.MLP_DIMS", "[6]", "MODEL.ROI_MASK_HEAD.MLP_MASK_SIZE", "14"]
    cfg = load_cfg("table2e/mlp_2hidden.yaml", "paper", [*fixed, "MODEL.ROI_HEADS.NUM_CLASSES", "5", *opts])
    return build_mask_head(cfg, SHAPE)


@pytest.mark.parametrize("row, widths", [("mlp_2hidden", [1024, 1024]), ("mlp_3hidden", [1024, 1024, 1024])])
def test_the_mlps_layers_are_the_papers(row, widths):
    """ "fc: 1024-1024-80*28^2" on 14x14x256, and one hidden layer more."""
    head = mlp_at_paper_size(row)
    layers = [layer for layer in head.modules() if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in layers] == [*widths, 80 * 28**2]
    assert layers[0].in_features == 14 * 14 * 256
    assert head.layers(torch.zeros(3, 256, 14, 14, device="meta")).shape == (3, 80, 28, 28)


@pytest.mark.parametrize("side, millions", [(14, 116.7), (7, 78.2)])
def test_number_of_the_mlps_weights(side, millions):
    """The size of the head by the side of its RoI feature, computed by hand."""
    head = mlp_at_paper_size("mlp_2hidden", ShapeSpec(channels=256, width=side, height=side))
    assert sum(p.numel() for p in head.parameters()) / 1e6 == pytest.approx(millions, abs=0.06)


def test_the_mlp_computes_what_its_weights_say():
    """Against matrix products written out."""
    head, x = small_mlp(), features(2)
    hidden, out = head.hidden[0], head.predictor
    expected = (x.reshape(2, -1) @ hidden.weight.T + hidden.bias).clamp(min=0) @ out.weight.T + out.bias
    assert_close(head.layers(x), expected.reshape(2, 5, 14, 14))


def test_every_pixel_of_the_mlp_sees_the_whole_roi():
    """Unlike a convolution, an MLP has no locality: a corner of the mask depends on the opposite corner of the RoI."""
    head, x = small_mlp(), features(1)
    torch.nn.init.normal_(head.predictor.weight)
    head.layers(x)[0, 0, 0, 0].backward()
    assert x.grad[0, :, -1, -1].abs().sum() > 0


def test_the_mlp_starts_undecided():
    """Initial masks are near 0.5, so that the loss starts at ln 2, as the convolutional head's does."""
    with EventStorage():
        loss = small_mlp()(features(2), proposals())["loss_mask"]
    assert loss.item() == pytest.approx(math.log(2), abs=0.01)


def test_the_loss_reaches_features_and_every_parameter_of_the_mlp():
    """No layer is left out of training."""
    head, x = small_mlp(), features(2)
    with EventStorage():
        head(x, proposals())["loss_mask"].backward()
    for parameter in head.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0
    assert x.grad.abs().sum() > 0


def test_the_mlp_selects_losses_as_the_convolutional_head():
    """Softmax adds background; class-agnostic masks have one channel."""
    assert small_mlp("MODEL.ROI_MASK_HEAD.LOSS", "softmax").mask_shape == (6, 14, 14)
    assert small_mlp("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True").mask_shape == (1, 14, 14)


def test_the_mlp_on_images_without_foreground_or_detections():
    """No RoI at all: loss 0 in training, empty masks at test; an image without detections beside one with some."""
    head = small_mlp()
    with EventStorage():
        assert head(features(0), proposals()[1:])["loss_mask"] == 0
    head.eval()
    first, second = head(features(2), [detections()[0], detections()[0][[]]])
    assert first.pred_masks.shape == (2, 1, 14, 14)
    assert second.pred_masks.shape == (0, 1, 14, 14)


@pytest.mark.parametrize("key, value", [("MLP_DIMS", "[0]"), ("MLP_MASK_SIZE", "0")])
def test_sizes_of_the_mlp_must_be_positive(key, value):
    """A width or a side of 0 is refused with its key."""
    with pytest.raises(ValueError, match=f"MODEL.ROI_MASK_HEAD.{key} has 0: it must be at least 1"):
        small_mlp(f"MODEL.ROI_MASK_HEAD.{key}", value)
