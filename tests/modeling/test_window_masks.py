"""Masks of several sides in their windows."""

import torch
from detectron2.modeling import detector_postprocess
from detectron2.structures import Boxes, Instances

from mask_rcnn_paper.layers.mask_boxes import tight_boxes
from mask_rcnn_paper.modeling.mask_box_nms import MaskBoxNMS, PlacedMasks
from mask_rcnn_paper.modeling.window_masks import WindowMasks

SIZE = (60, 80)
SIDES = (11, 15, 22, 11)
WINDOWS = torch.tensor([[2.0, 3, 46, 47], [10, 0, 70, 60], [-20, -30, 68, 58], [30, 10, 74, 54]])


def window_masks() -> WindowMasks:
    generator = torch.Generator().manual_seed(0)
    return WindowMasks([torch.rand(side, side, generator=generator) for side in SIDES], Boxes(WINDOWS), SIZE)


def one_by_one(masks: WindowMasks, size: tuple[int, int]) -> torch.Tensor:
    pairs = zip(masks.masks, masks.boxes.tensor, strict=True)
    return torch.cat([PlacedMasks(m[None], Boxes(b[None]), SIZE).to_bitmasks(None, *size).tensor for m, b in pairs])


def test_masks_are_pasted_as_one_by_one():
    """Into an output of another size too; a window may reach beyond the image."""
    for size in (SIZE, (120, 160)):
        assert torch.equal(window_masks().to_bitmasks(None, *size).tensor, one_by_one(window_masks(), size))
    assert torch.equal(window_masks().tight_boxes(), tight_boxes(one_by_one(window_masks(), SIZE)))


def test_masks_are_selected_with_their_windows():
    """By an integer, from the end too, a slice, indices and bools; moved together."""
    picks = [(1, [1]), (-1, [3]), (slice(1, 3), [1, 2]), (slice(0, 0), []), (torch.tensor([2, 0]), [2, 0])]
    picks += [(torch.tensor([True, False, False, True]), [0, 3])]
    for item, expected in picks:
        chosen = window_masks()[item]
        assert isinstance(chosen.to("cpu"), WindowMasks)
        assert len(chosen) == len(chosen.masks) == len(expected)
        assert [len(mask) for mask in chosen.to("cpu").masks] == [SIDES[i] for i in expected]
        assert torch.equal(chosen.boxes.tensor, WINDOWS[expected])


def test_no_mask():
    """Nothing is pasted, and there is no box."""
    none = window_masks()[:0]
    assert none.to_bitmasks(None, *SIZE).tensor.shape == (0, *SIZE)
    assert none.tight_boxes().shape == (0, 4)


def test_detectron2_pastes_them_where_they_are():
    """Detections whose boxes are elsewhere; those with an empty box are dropped with their masks."""
    boxes = torch.tensor([[0.0, 0, 20, 20], [5, 5, 5, 5], [1, 1, 30, 30], [2, 2, 9, 9]])
    found = Instances(SIZE, pred_boxes=Boxes(boxes), scores=torch.rand(4), pred_masks=window_masks())
    pasted = detector_postprocess(found, 120, 160).pred_masks
    assert torch.equal(pasted, one_by_one(window_masks(), (120, 160))[[0, 2, 3]])


def test_nms_by_the_boxes_of_masks():
    """Each keeps its own mask; a copy of a detection is suppressed."""
    masks = window_masks()[torch.tensor([0, 1, 2, 2])]
    found = Instances(SIZE, pred_boxes=Boxes(torch.zeros(4, 4)), scores=torch.tensor([0.9, 0.8, 0.7, 0.6]))
    found.pred_classes, found.pred_masks = torch.tensor([0, 1, 2, 2]), masks
    kept = MaskBoxNMS(0.5, 100)(found)
    assert kept.pred_classes.tolist() == [0, 1, 2]
    assert torch.equal(kept.pred_boxes.tensor, masks.tight_boxes()[:3])
    assert [len(mask) for mask in kept.pred_masks.masks] == [11, 15, 22]
