"""NMS on the boxes of predicted masks (TensorMask, Appendix A.4), as an option of the Mask R-CNN rows."""

import pytest
import torch
from detectron2.modeling import build_model, detector_postprocess
from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
from detectron2.structures import Boxes, Instances
from torch.testing import assert_close
from torchvision.ops import box_iou

from mask_rcnn_paper.layers.mask_boxes import tight_boxes
from mask_rcnn_paper.modeling import mask_box_nms
from mask_rcnn_paper.modeling.mask_box_nms import MaskBoxNMS, PlacedMasks
from mask_rcnn_paper.scales import load_cfg
from tests.modeling.test_rows_train import sample

SIZE = (60, 80)
ON = ["TEST.NMS_BOXES", "mask-bb"]


def some_boxes(num: int, seed: int = 0) -> torch.Tensor:
    """(num, 4) boxes with whole corners inside SIZE, near each other, at least 2 pixels wide and high."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 20, (num, 2), generator=generator)
    return torch.cat([corner, corner + torch.randint(2, 40, (num, 2), generator=generator)], dim=1).float()


def detections(boxes: torch.Tensor, masks: torch.Tensor, num_classes: int = 2) -> Instances:
    """Best first; classes in turn."""
    num = len(boxes)
    fields = {"pred_boxes": Boxes(boxes), "scores": torch.linspace(0.9, 0.1, num), "pred_masks": masks}
    return Instances(SIZE, pred_classes=torch.arange(num) % num_classes, **fields)


def by_detectron2(found: Instances, threshold: float, topk: int, num_classes: int = 2) -> Instances:
    """NMS on regressed boxes."""
    scores = torch.zeros(len(found), num_classes + 1)
    scores[torch.arange(len(found)), found.pred_classes] = found.scores
    (kept,), (rows,) = fast_rcnn_inference([found.pred_boxes.tensor], [scores], [SIZE], 0.0, threshold, topk)
    kept.rows = rows
    return kept


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("topk", [-1, 5, 100])
def test_where_masks_fill_their_boxes_it_is_box_nms(threshold, topk):
    """The same detections in the same order with the same boxes."""
    boxes = some_boxes(40)
    found = detections(torch.cat([boxes, boxes + torch.tensor([1.0, 0, 1, 0])]), torch.ones(80, 1, 28, 28))
    ours, theirs = MaskBoxNMS(threshold, topk)(found), by_detectron2(found, threshold, topk)
    assert 1 < len(theirs) < 80
    assert_close(ours.pred_boxes.tensor, theirs.pred_boxes.tensor, rtol=0, atol=0)
    assert_close(ours.scores, theirs.scores, rtol=0, atol=0)
    assert torch.equal(ours.pred_classes, theirs.pred_classes)


def test_masks_decide_where_boxes_do_not():
    """Two equal boxes with masks in opposite halves both stay; two boxes far from equal with one mask do not."""
    left, right = torch.zeros(1, 28, 28), torch.zeros(1, 28, 28)
    left[..., :14], right[..., 14:] = 1, 1
    box = torch.tensor([[10.0, 10.0, 38.0, 38.0]])
    apart = MaskBoxNMS(0.5, 100)(detections(box.repeat(2, 1), torch.stack([left, right]), num_classes=1))
    assert len(apart) == 2
    assert apart.pred_boxes.tensor.tolist() == [[10, 10, 24, 38], [24, 10, 38, 38]]
    # The left half of a box, and all of a box that is that half.
    half = torch.tensor([[10.0, 10.0, 24.0, 38.0]])
    pair = detections(torch.cat([box, half]), torch.stack([left, torch.ones(1, 28, 28)]), num_classes=1)
    assert len(by_detectron2(pair, 0.5, 100, num_classes=1)) == 2
    same = MaskBoxNMS(0.5, 100)(pair)
    assert same.scores.tolist() == pair.scores[:1].tolist()


def test_classes_never_suppress_each_other():
    """Two classes at one place."""
    found = detections(some_boxes(1).repeat(4, 1), torch.ones(4, 1, 14, 14))
    assert MaskBoxNMS(0.5, 100)(found).pred_classes.tolist() == [0, 1]


def test_detections_without_a_pixel_are_dropped():
    """They have no box; one that is below a half everywhere has no pixel either."""
    masks = torch.ones(3, 1, 14, 14)
    masks[0], masks[1] = 0.0, 0.49
    found = detections(some_boxes(3), masks, num_classes=3)
    kept = MaskBoxNMS(0.5, 100)(found)
    assert kept.pred_classes.tolist() == [2]
    assert torch.equal(kept.pred_masks.tensor, masks[2])
    assert torch.equal(kept.pred_masks.boxes.tensor, found.pred_boxes.tensor[2:])
    assert len(MaskBoxNMS(0.5, 100)(found[:2])) == 0
    assert len(MaskBoxNMS(0.5, 100)(found[:0])) == 0


@pytest.mark.parametrize("scale", [1, 2, 0.5])
def test_masks_are_pasted_where_they_were_predicted(scale):
    """Into an output of another size too: as detectron2 pastes them for the regressed boxes."""
    generator = torch.Generator().manual_seed(2)
    found = detections(some_boxes(6) + 0.3, torch.rand(6, 1, 14, 14, generator=generator), num_classes=6)
    out = [int(side * scale) for side in SIZE]
    kept = detector_postprocess(MaskBoxNMS(0.5, -1)(found), *out)
    theirs = detector_postprocess(found, *out)
    assert len(kept) == 6
    assert torch.equal(kept.pred_masks, theirs.pred_masks)
    if scale == 1:
        assert torch.equal(kept.pred_boxes.tensor, tight_boxes(theirs.pred_masks))


def test_boxes_do_not_depend_on_how_many_masks_are_pasted_at_once(monkeypatch):
    """One at a time, or all."""
    masks = torch.rand(7, 14, 14, generator=torch.Generator().manual_seed(3))
    placed = PlacedMasks(masks, Boxes(some_boxes(7)), SIZE)
    together = placed.tight_boxes()
    monkeypatch.setattr(mask_box_nms, "_PIXELS_AT_ONCE", 1)
    assert torch.equal(placed.tight_boxes(), together)


def test_placed_masks_are_selected_with_their_boxes():
    """By an integer, from the end too, a slice, indices and bools; moved together; and pasting leaves them alone."""
    placed = PlacedMasks(torch.rand(4, 3, 3), Boxes(some_boxes(4)), SIZE)
    placed.to_bitmasks(None, 2 * SIZE[0], 2 * SIZE[1])
    assert torch.equal(placed.boxes.tensor, some_boxes(4))
    picks = [(1, [1]), (-1, [3]), (slice(1, 3), [1, 2])]
    picks += [(torch.tensor([2, 0]), [2, 0]), (torch.tensor([True, False, False, True]), [0, 3])]
    for item, expected in picks:
        assert torch.equal(placed[item].tensor, placed.tensor[expected])
        assert torch.equal(placed[item].boxes.tensor, placed.boxes.tensor[expected])
    moved = placed.to("cpu")
    assert isinstance(moved, PlacedMasks)
    assert moved.image_size == SIZE


def model_of(row: str, *opts: str) -> torch.nn.Module:
    """A row's model at mini scale that finds every proposal, with random scores, and random blobs for masks."""
    torch.manual_seed(0)
    fixed = ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", "MODEL.RESNETS.NORM", "BN"]
    fixed += ["MODEL.ROI_HEADS.SCORE_THRESH_TEST", "0.01"]
    model = build_model(load_cfg(row, "mini", [*fixed, *opts])).eval()
    heads = model.roi_heads
    classes = heads.num_classes
    logits, blobs = torch.randn(200, classes + 1), torch.randn(2000, classes, 4, 4)
    heads.box_predictor.forward = lambda x: (logits[: len(x)], x.new_zeros(len(x), 4 * classes))
    heads.mask_head.layers = lambda x: torch.nn.functional.interpolate(blobs[: len(x)], (28, 28), mode="bilinear")
    if "keypoint" in row:
        heads.keypoint_head.layers = lambda x: torch.randn(len(x), 17, 56, 56)
    return model


def image() -> dict:
    """With sixteen proposals."""
    boxes = some_boxes(16)
    return {**sample(2), "proposals": Instances((96, 96), proposal_boxes=Boxes(boxes), objectness_logits=boxes[:, 0])}


@pytest.mark.parametrize("row", ["table2b/sigmoid.yaml", "table2a/r50_fpn.yaml", "table4/keypoint_and_mask.yaml"])
@torch.no_grad()
def test_a_row_detects_by_its_masks(row):
    """Its detections have the tight boxes of their masks, and no two of a class overlap more than the threshold."""
    model = model_of(row, *ON)
    found = model([image()])[0]["instances"]
    assert 5 < len(found) <= 100
    boxes, classes = found.pred_boxes.tensor, found.pred_classes
    assert torch.equal(boxes, tight_boxes(found.pred_masks))
    assert (found.scores[:-1] >= found.scores[1:]).all()
    of_a_class = (classes[:, None] == classes).triu(1)
    assert box_iou(boxes, boxes)[of_a_class].max() <= model.roi_heads.mask_box_nms.threshold
    assert found.has("pred_keypoints") == ("keypoint" in row)


@torch.no_grad()
def test_regressed_boxes_stay_the_default():
    """And a row's parameters are the same either way, so that one checkpoint serves both."""
    by_default, by_masks = model_of("table2a/r50_fpn.yaml"), model_of("table2a/r50_fpn.yaml", *ON)
    assert by_default.roi_heads.mask_box_nms is None
    assert by_default.roi_heads.box_predictor.test_nms_thresh == 0.3
    assert by_masks.roi_heads.mask_box_nms == MaskBoxNMS(0.3, 100)
    by_masks.load_state_dict(by_default.state_dict())


@torch.no_grad()
def test_given_boxes_keep_their_number():
    """Masks for boxes that are given are those of all of them: nothing is suppressed there."""
    model = model_of("table2a/r50_fpn.yaml", *ON)
    boxes = torch.tensor([[8.0, 8.0, 60.0, 70.0]]).repeat(3, 1)
    given = Instances((96, 96), pred_boxes=Boxes(boxes), pred_classes=torch.zeros(3, dtype=torch.int64))
    (result,) = model.inference([sample(2)], [given], do_postprocess=False)
    assert torch.equal(result.pred_boxes.tensor, boxes)
    assert result.pred_masks.shape == (3, 1, 28, 28)


@pytest.mark.parametrize("limit, expected", [(1000, 16 * 12), (3, 3)])
@torch.no_grad()
def test_masks_of_all_candidates_are_predicted(limit, expected):
    """Every class of every proposal, however boxes overlap; no more than TEST.NMS_CANDIDATES."""
    opts = ["TEST.NMS_CANDIDATES", str(limit), "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0"]
    model = model_of("table2a/r50_fpn.yaml", *ON, *opts)
    seen = []
    model.roi_heads.mask_head.register_forward_hook(lambda module, inputs, result: seen.append(len(inputs[0])))
    model([image()])
    assert seen == [expected]


@pytest.mark.parametrize(
    "opts, message",
    [
        (["TEST.NMS_BOXES", "mask"], "TEST.NMS_BOXES='mask': choose from bb, mask-bb"),
        ([*ON, "MODEL.MASK_ON", "False"], "TEST.NMS_BOXES='mask-bb' with MODEL.MASK_ON=False: there are no masks"),
        ([*ON, "TEST.NMS_CANDIDATES", "0"], "TEST.NMS_CANDIDATES=0: must be at least 1"),
    ],
)
def test_bad_values_are_named(opts, message):
    """With key and cure."""
    with pytest.raises(ValueError, match=message):
        model_of("table2a/r50_fpn.yaml", *opts)
