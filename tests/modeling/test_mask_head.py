"""The mask head whose loss is a config key."""

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.roi_heads import build_mask_head
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

from mask_rcnn_paper.scales import load_cfg

SHAPE = ShapeSpec(channels=8, width=7, height=7)


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
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in head.parameters())
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
def test_images_without_foreground(loss):
    """No foreground in any image: loss 0; no detections: empty masks."""
    head = build("MODEL.ROI_MASK_HEAD.LOSS", loss)
    none = proposals()[1:]
    with EventStorage():
        assert head(features(0), none)["loss_mask"] == 0
    head.eval()
    (result,) = head(features(0), [Instances((16, 16), pred_classes=torch.zeros(0, dtype=torch.int64))])
    assert result.pred_masks.shape == (0, 1, 14, 14)


def test_class_agnostic_head_has_one_channel():
    """CLS_AGNOSTIC_MASK gives one channel under sigmoid, and is refused under softmax."""
    assert build("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True").predictor.out_channels == 1
    with pytest.raises(ValueError, match="LOSS='softmax' with CLS_AGNOSTIC_MASK"):
        build("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK", "True", "MODEL.ROI_MASK_HEAD.LOSS", "softmax")


def test_unknown_loss_names_the_legal_ones():
    """A misspelt loss is refused with key, value and choices."""
    with pytest.raises(ValueError, match="MODEL.ROI_MASK_HEAD.LOSS='dice': choose from sigmoid, softmax"):
        build("MODEL.ROI_MASK_HEAD.LOSS", "dice")
