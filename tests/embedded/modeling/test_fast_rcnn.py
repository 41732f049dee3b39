"""Classification and box regression of RoIs."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling import FastRCNNOutputLayers
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

BOX = [0.0, 0.0, 10.0, 10.0]


def make_layers(**options) -> FastRCNNOutputLayers:
    transform = Box2BoxTransform((1.0, 1.0, 1.0, 1.0))
    return FastRCNNOutputLayers(ShapeSpec(channels=4), box2box_transform=transform, num_classes=2, **options)


def proposals(classes, gt=BOX) -> Instances:
    num = len(classes)
    x = Instances((50, 50), proposal_boxes=Boxes(torch.tensor([BOX] * num).reshape(-1, 4)))
    x.gt_classes = torch.tensor(classes, dtype=torch.int64)
    x.gt_boxes = Boxes(torch.tensor([gt] * num).reshape(-1, 4))
    return x


def losses(layers, predictions, *instances):
    with EventStorage() as storage:
        result = layers.losses(predictions, list(instances))
        return result, {name: value for name, (value, _) in storage.latest().items()}


@pytest.mark.parametrize("agnostic, size", [(False, 8), (True, 4)])
def test_losses_by_hand(agnostic, size):
    """Uniform logits cost ln 3; a foreground box off by 0.5 in dx costs 0.5, over all four proposals."""
    layers = make_layers(cls_agnostic_bbox_reg=agnostic)
    x = proposals([0, 2, 2, 2], gt=[5.0, 0.0, 15.0, 10.0])
    result, scalars = losses(layers, (torch.zeros(4, 3), torch.zeros(4, size)), x)
    assert_close(result["loss_cls"], torch.tensor(math.log(3)))
    assert_close(result["loss_box_reg"], torch.tensor(0.5 / 4))
    assert scalars["fast_rcnn/cls_accuracy"] == 0.25


def test_box_loss_is_that_of_the_true_class():
    """Deltas of other classes get no gradient."""
    deltas = torch.zeros(1, 8, requires_grad=True)
    result, _ = losses(make_layers(), (torch.zeros(1, 3), deltas), proposals([1], gt=[5.0, 2.0, 16.0, 10.0]))
    result["loss_box_reg"].backward()
    assert (deltas.grad[0, :4] == 0).all()
    assert (deltas.grad[0, 4:] != 0).any()


def test_weights_apply_by_name():
    """A dictionary weighs the named losses only."""
    layers = make_layers(loss_weight={"loss_box_reg": 2.0})
    x = proposals([0], gt=[5.0, 0.0, 15.0, 10.0])
    result, _ = losses(layers, (torch.zeros(1, 3), torch.zeros(1, 8)), x)
    assert_close(result["loss_cls"], torch.tensor(math.log(3)))
    assert_close(result["loss_box_reg"], torch.tensor(1.0))


@pytest.mark.parametrize("instances", [[], [proposals([])]])
def test_no_proposals_cost_nothing(instances):
    """Without proposals both losses are 0, with a gradient."""
    predictions = torch.zeros(0, 3, requires_grad=True), torch.zeros(0, 8, requires_grad=True)
    result, _ = losses(make_layers(), predictions, *instances)
    sum(result.values()).backward()
    assert result == {"loss_cls": 0, "loss_box_reg": 0}


def test_false_negatives_are_foreground_called_background():
    """Of two foreground proposals one is right and one is called background."""
    logits = torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0]])
    _, scalars = losses(make_layers(), (logits, torch.zeros(2, 8)), proposals([0, 0]))
    assert scalars == {
        "fast_rcnn/cls_accuracy": 0.5,
        "fast_rcnn/fg_cls_accuracy": 0.5,
        "fast_rcnn/false_negative": 0.5,
    }


def infer(boxes, scores, score_thresh=0.1, topk=10):
    (result,), (rows,) = fast_rcnn_inference(
        [torch.tensor(boxes)], [torch.tensor(scores)], [(50, 50)], score_thresh, 0.5, topk
    )
    return result.scores.tolist(), result.pred_classes.tolist(), rows.tolist()


def test_suppression_is_within_a_class():
    """A box may be detected in two classes, twice in one it may not; background is never returned."""
    scores = [[0.6, 0.3, 0.1], [0.5, 0.0, 0.5]]
    expected = pytest.approx([0.6, 0.3]), [0, 1], [0, 0]
    assert infer([BOX * 2, BOX * 2], scores) == expected
    assert infer([BOX, BOX], scores) == expected


def test_threshold_is_exclusive_and_topk_limits():
    """A score equal to the threshold is dropped; negative top-k keeps all."""
    boxes = [[0.0, 0.0, 9.0, 9.0], [20.0, 20.0, 29.0, 29.0]]
    scores = [[0.5, 0.0, 0.5], [0.25, 0.75, 0.0]]
    assert infer(boxes, scores, score_thresh=0.25)[0] == [0.75, 0.5]
    assert infer(boxes, scores, topk=1)[1:] == ([1], [1])
    assert len(infer(boxes, scores, topk=-1)[0]) == 3


def test_rows_count_in_the_input():
    """Rows with non-finite numbers are left out, and do not shift the others."""
    boxes = [[0.0, 0.0, math.nan, 9.0], BOX]
    assert infer(boxes, [[0.9, 0.0, 0.1], [0.8, 0.0, 0.2]])[2] == [1]


def test_inference_decodes_and_clips():
    """Deltas are applied to the proposals and boxes end at the image's border."""
    layers = make_layers().eval()
    deltas = torch.zeros(1, 8)
    deltas[0, 0] = 4.5
    (result,), _ = layers.inference((torch.tensor([[9.0, 0.0, 0.0]]), deltas), [proposals([0])])
    assert_close(result.pred_boxes.tensor[0], torch.tensor([45.0, 0.0, 50.0, 10.0]))


def test_boxes_of_gt_classes():
    """Each proposal's box is that of its class; background gives any."""
    deltas = torch.zeros(2, 8)
    deltas[:, 4] = 1.0
    (boxes,) = make_layers().predict_boxes_for_gt_classes((torch.zeros(2, 3), deltas), [proposals([0, 1])])
    assert boxes[:, 0].tolist() == [0.0, 10.0]
    (boxes,) = make_layers().predict_boxes_for_gt_classes((torch.zeros(1, 3), deltas[:1]), [proposals([2])])
    assert boxes.shape == (1, 4)


@pytest.mark.parametrize(
    "option, value, key",
    [
        ("box_reg_loss_type", "giou", "MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE='giou'"),
        ("use_fed_loss", True, "MODEL.ROI_BOX_HEAD.USE_FED_LOSS=True"),
        ("use_sigmoid_ce", True, "MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE=True"),
    ],
)
def test_refused_values_are_named(option, value, key):
    """Options of detectron2 that the core lacks are named with their key."""
    with pytest.raises(ValueError, match=f"{key}.*install detectron2"):
        make_layers(**{option: value})
