"""Labelling and sampling proposals, and what both kinds of ROI heads do with them."""

import pytest
import torch
from detectron2.config import configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY, ROIHeads, build_roi_heads
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.roi_heads import Res5ROIHeads, StandardROIHeads, select_foreground_proposals
from detectron2.structures import Boxes, ImageList, Instances, Keypoints, PolygonMasks
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

GT = [[0.0, 0.0, 40.0, 40.0], [20.0, 20.0, 60.0, 60.0]]
SHAPES = {
    "c4": {"res4": ShapeSpec(channels=64, stride=16)},
    "fpn": {f"p{k}": ShapeSpec(channels=8, stride=2**k) for k in range(2, 6)},
}
IMAGES = ImageList(torch.zeros(2, 3, 64, 64), [(64, 64)] * 2)


def ground_truth(num: int) -> Instances:
    polygons = [[[x0, y0, x1, y0, x1, y1]] for x0, y0, x1, y1 in GT]
    keypoints = torch.tensor([[[x0 + 5, y0 + 5, 2.0]] * 17 for x0, y0, _, _ in GT])
    gt = Instances((64, 64), gt_boxes=Boxes(torch.tensor(GT)), gt_classes=torch.tensor([2, 0]))
    gt.gt_masks = PolygonMasks(polygons)
    gt.gt_keypoints = Keypoints(keypoints)
    return gt[:num]


def proposals(*boxes) -> Instances:
    tensor = torch.tensor(boxes).reshape(-1, 4)
    return Instances((64, 64), proposal_boxes=Boxes(tensor), objectness_logits=torch.zeros(len(tensor)))


def sample(gt: Instances, candidates: Instances, **options):
    arguments = {"batch_size_per_image": 8, "positive_fraction": 0.5, **options}
    heads = ROIHeads(num_classes=3, proposal_matcher=Matcher([0.5], [0, 1]), **arguments)
    with EventStorage() as storage:
        (sampled,) = heads.label_and_sample_proposals([candidates], [gt])
        return sampled, {name: value for name, (value, _) in storage.latest().items()}


def test_proposals_get_the_ground_truth_that_they_match():
    """A proposal with IoU of at least 0.5 takes its box's class and fields; the others are background, K."""
    boxes = [[0.0, 0.0, 40.0, 36.0], [0.0, 44.0, 20.0, 64.0]]
    sampled, scalars = sample(ground_truth(2), proposals(*boxes), proposal_append_gt=False)
    assert sampled.gt_classes.tolist() == [2, 3]
    assert_close(sampled.gt_boxes.tensor[0], torch.tensor(GT[0]))
    assert len(sampled.gt_masks) == len(sampled.gt_keypoints) == 2
    assert scalars == {"roi_head/num_fg_samples": 1, "roi_head/num_bg_samples": 1}


def test_ground_truth_boxes_are_sampled_and_foreground_is_limited():
    """Appended ground truth is foreground; at most the fraction of the batch is foreground."""
    sampled, _ = sample(ground_truth(2), proposals())
    assert sorted(sampled.gt_classes.tolist()) == [0, 2]
    boxes = [GT[0]] * 5 + [[0.0, 44.0, 20.0, 64.0]] * 5
    sampled, scalars = sample(ground_truth(2), proposals(*boxes), batch_size_per_image=4)
    assert scalars == {"roi_head/num_fg_samples": 2, "roi_head/num_bg_samples": 2}
    assert (sampled.gt_classes[2:] == 3).all()


def test_image_without_ground_truth_is_all_background():
    """gt_classes is K everywhere, and there are no other ground-truth fields."""
    sampled, _ = sample(ground_truth(0), proposals(*GT))
    assert sampled.gt_classes.tolist() == [3, 3]
    assert not sampled.has("gt_boxes")
    assert not sampled.has("gt_masks")


def test_foreground_leaves_out_background_and_ignored():
    """Classes K and -1 are dropped; the mask tells which."""
    x = proposals(*(GT * 2))
    x.gt_classes = torch.tensor([3, 0, -1, 2])
    (kept,), (mask,) = select_foreground_proposals([x], 3)
    assert kept.gt_classes.tolist() == [0, 2]
    assert mask.tolist() == [False, True, False, True]


def make_heads(make_cfg, base: str, **options):
    torch.manual_seed(0)
    return build_roi_heads(make_cfg(base, options), SHAPES[base])


def features(base: str) -> dict:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(2, s.channels, 64 // s.stride, 64 // s.stride, generator=generator)
        for name, s in SHAPES[base].items()
    }


@pytest.mark.parametrize("base, keypoints", [("c4", False), ("fpn", False), ("fpn", True)])
@pytest.mark.parametrize("num_gt", [(2, 1), (2, 0), (0, 0)])
def test_training_gives_finite_losses_for_any_number_of_objects(make_cfg, base, keypoints, num_gt):
    """Losses are finite and have gradients; without objects those of foreground are 0."""
    options = {"MODEL.KEYPOINT_ON": keypoints}
    heads = make_heads(make_cfg, base, **options)
    targets = [ground_truth(num) for num in num_gt]
    with EventStorage():
        _, losses = heads(IMAGES, features(base), [proposals(*GT)] * 2, targets)
    sum(losses.values()).backward()
    names = {"loss_cls", "loss_box_reg", "loss_mask"} | ({"loss_keypoint"} if keypoints else set())
    assert losses.keys() == names
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(bool(losses[name] > 0) == (sum(num_gt) > 0) for name in names - {"loss_cls"})
    assert all(p.grad is not None for p in heads.parameters() if p.requires_grad)


@pytest.mark.parametrize("base, keypoints", [("c4", False), ("fpn", True)])
@pytest.mark.parametrize("boxes", [[], GT])
def test_evaluation_without_proposals_or_detections(make_cfg, base, keypoints, boxes):
    """Nothing proposed, or nothing above the score threshold: empty results with all fields."""
    options = {"MODEL.KEYPOINT_ON": keypoints, "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 1.0}
    heads = make_heads(make_cfg, base, **options).eval()
    with torch.no_grad():
        results, losses = heads(IMAGES, features(base), [proposals(*boxes)] * 2)
    assert losses == {}
    for r in results:
        assert len(r) == len(r.pred_masks) == 0
        assert r.has("pred_keypoints") == keypoints


@pytest.mark.parametrize("base", ["c4", "fpn"])
def test_given_boxes_get_masks(make_cfg, base):
    """forward_with_given_boxes adds to each image's boxes the masks that detection gives them."""
    heads = make_heads(make_cfg, base, **{"MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.0}).eval()
    with torch.no_grad():
        detected, _ = heads(IMAGES, features(base), [proposals(*GT), proposals()])
        expected = detected[0].pred_masks
        given = [Instances((64, 64), pred_boxes=d.pred_boxes, pred_classes=d.pred_classes) for d in detected]
        results = heads.forward_with_given_boxes(features(base), given)
    assert len(expected) > 0
    assert_close(results[0].pred_masks, expected)
    assert len(results[1].pred_masks) == 0


def test_boxes_only(make_cfg):
    """Without MASK_ON there is neither a mask head nor a mask loss."""
    for base in SHAPES:
        heads = make_heads(make_cfg, base, **{"MODEL.MASK_ON": False})
        assert not heads.mask_on
        assert not hasattr(heads, "mask_head")
        with EventStorage():
            _, losses = heads(IMAGES, features(base), [proposals(*GT)] * 2, [ground_truth(2)] * 2)
        assert losses.keys() == {"loss_cls", "loss_box_reg"}


def test_train_on_pred_boxes_moves_the_boxes_of_the_mask_branch(make_cfg):
    """With TRAIN_ON_PRED_BOXES the sampled proposals end up at the predicted boxes, without gradients."""
    heads = make_heads(make_cfg, "fpn", **{"MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES": True})
    torch.nn.init.constant_(heads.box_predictor.bbox_pred.bias, 1.0)
    with EventStorage():
        sampled, _ = heads(IMAGES, features("fpn"), [proposals()] * 2, [ground_truth(2)] * 2)
    moved = sampled[0].proposal_boxes.tensor
    assert not moved.requires_grad
    assert ((moved - sampled[0].gt_boxes.tensor).abs().amax(dim=1) > 1).all()


def test_plugins_replace_parts_of_from_config(make_cfg):
    """A subclass that replaces entries of from_config's dictionary gets its own parts."""

    class Res5(Res5ROIHeads):
        @classmethod
        def from_config(cls, cfg, input_shape):
            ret = super().from_config(cfg, input_shape)
            assert {"pooler", "res5", "box_predictor", "mask_head", "in_features"} <= ret.keys()
            return {**ret, "res5": torch.nn.AvgPool2d(2)}

    class Standard(StandardROIHeads):
        @configurable
        def __init__(self, *, extra, **kwargs):
            super().__init__(**kwargs)
            self.extra = extra

        @classmethod
        def from_config(cls, cfg, input_shape):
            ret = super().from_config(cfg, input_shape)
            branches = {f"{b}_{part}" for b in ("box", "mask", "keypoint") for part in ("pooler", "head")}
            assert branches <= ret.keys()
            return {**ret, "extra": 1}

    assert isinstance(Res5(make_cfg("c4"), SHAPES["c4"]).res5, torch.nn.AvgPool2d)
    assert Standard(make_cfg("fpn", {"MODEL.KEYPOINT_ON": True}), SHAPES["fpn"]).extra == 1


def test_branch_without_pooler_gets_whole_maps(make_cfg):
    """An empty POOLER_TYPE hands the mask head the maps by name."""
    heads = make_heads(make_cfg, "fpn")
    heads.mask_pooler = None
    heads.mask_head = torch.nn.Module()
    heads.mask_head.forward = lambda x, instances: {"loss_mask": sum(v.sum() for v in x.values()), "x": x}
    with EventStorage():
        _, losses = heads(IMAGES, features("fpn"), [proposals(*GT)] * 2, [ground_truth(2)] * 2)
    assert losses["x"].keys() == SHAPES["fpn"].keys()


@pytest.mark.parametrize(
    "base, options, error",
    [
        ("c4", {"MODEL.KEYPOINT_ON": True}, ValueError),
        ("c4", {"MODEL.ROI_HEADS.IN_FEATURES": ["res5"]}, ValueError),
        ("c4", {"MODEL.ROI_HEADS.NAME": "CascadeROIHeads"}, KeyError),
        ("fpn", {"MODEL.ROI_BOX_HEAD.POOLER_TYPE": ""}, ValueError),
        ("fpn", {"MODEL.ROI_BOX_HEAD.NAME": "NoHead"}, KeyError),
        ("fpn", {"MODEL.ROI_BOX_HEAD.NUM_FC": 0}, ValueError),
    ],
)
def test_refused_values_are_named(make_cfg, base, options, error):
    """Values of detectron2 that the core lacks, and wrong ones, are named with their key."""
    with pytest.raises(error, match=next(iter(options)).removesuffix("NUM_FC")):
        make_heads(make_cfg, base, **options)


def test_training_needs_ground_truth(make_cfg):
    """Heads in training mode say so when targets are missing."""
    with pytest.raises(ValueError, match="instances"):
        make_heads(make_cfg, "c4")(IMAGES, features("c4"), [proposals(*GT)] * 2)
    assert {"Res5ROIHeads", "StandardROIHeads"} <= {name for name, _ in ROI_HEADS_REGISTRY}
