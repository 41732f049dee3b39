"""The mini scale keeps the paper's geometry: what a network sees of its objects is what it sees of COCO's.

The figures of COCO are of the 812 objects of 80 images (40 of train2017, 40 of val2017) at short side 800.
"""

import numpy as np
import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.anchor_generator import build_anchor_generator
from detectron2.modeling.poolers import assign_boxes_to_levels
from detectron2.structures import Boxes, pairwise_iou

from mask_rcnn_paper.generated.datasets import MINI_SPECS, scene_annotations
from mask_rcnn_paper.generated.scene import draw_scene
from mask_rcnn_paper.layers.roi_ops import quantize_rois
from mask_rcnn_paper.modeling.window_assignment import assign_windows
from mask_rcnn_paper.modeling.window_grid import WindowGrid
from mask_rcnn_paper.scales import load_cfg

COCO = {
    "cells of a RoI's side": {"C4": 5.4, "C5": 2.7, "FPN": 16.4},
    "RoIs that rounding keeps": {"C4": 0.33, "C5": 0.18, "FPN": 0.78},
    "objects with an anchor": {"C4": 0.30, "FPN": 0.40},
}
RPNS = {"C4": "rpn/r50_c4.yaml", "C5": "rpn/r50_c5.yaml", "FPN": "rpn/r50_fpn.yaml"}
LEVELS = {"C4": (4, 4), "C5": (5, 5), "FPN": (2, 5)}
SPEC = MINI_SPECS["mini_val"]
SIZE = (SPEC.scene.height, SPEC.scene.width)
IMAGES = 250


@pytest.fixture(scope="module")
def objects():
    """Annotations of some validation images."""
    scenes = (draw_scene(SPEC.scene, SPEC.seed, index) for index in range(IMAGES))
    return [a for scene in scenes for a in scene_annotations(scene) if not a["iscrowd"]]


@pytest.fixture(scope="module")
def boxes(objects):
    """(G, 4) boxes of the objects."""
    corners = torch.tensor([a["bbox"] for a in objects])
    return torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], dim=1)


def strides(boxes, backbone):
    """(G,) stride of the map that a RoI of each box is read from."""
    size = load_cfg("Base-FPN.yaml", "mini").MODEL.ROI_POOLER.CANONICAL_BOX_SIZE
    return 2.0 ** (assign_boxes_to_levels([Boxes(boxes)], *LEVELS[backbone], size, 4) + LEVELS[backbone][0])


def cells(boxes, backbone):
    """Median of the square root of a box's area, in cells of its map."""
    return (Boxes(boxes).area().sqrt() / strides(boxes, backbone)).median().item()


def kept_by_rounding(boxes, backbone):
    """Share of boxes whose overlap with themselves, rounded to cells, is 0.9 or more."""
    ious = []
    for box, stride in zip(boxes, strides(boxes, backbone).tolist(), strict=True):
        rounded = quantize_rois(torch.cat([torch.zeros(1), box])[None], 1 / stride)[:, 1:]
        ious.append(pairwise_iou(Boxes(box[None]), Boxes(rounded)).item())
    return np.mean(np.array(ious) >= 0.9)


def with_an_anchor(boxes, backbone):
    """Share of boxes that overlap by 0.7 or more with an anchor that is trained, one inside the image."""
    cfg = load_cfg(RPNS[backbone], "mini")
    assert cfg.MODEL.RPN.BOUNDARY_THRESH == 0
    steps = [2 ** int(name[1:]) if name[0] == "p" else 16 for name in cfg.MODEL.RPN.IN_FEATURES]
    generator = build_anchor_generator(cfg, [ShapeSpec(stride=step) for step in steps])
    maps = [torch.zeros(1, 1, -(-SIZE[0] // step), -(-SIZE[1] // step)) for step in steps]
    anchors = Boxes.cat(generator(maps))
    inside = anchors[anchors.inside_box(SIZE, 0)]
    return (pairwise_iou(Boxes(boxes), inside).max(dim=1).values >= 0.7).float().mean().item()


MEASURES = dict(zip(COCO, (cells, kept_by_rounding, with_an_anchor), strict=True))


@pytest.mark.parametrize(("figure", "backbone"), [(figure, name) for figure in COCO for name in COCO[figure]])
def test_geometry_is_within_a_fifth_of_cocos(boxes, figure, backbone):
    """Every figure of every backbone."""
    assert MEASURES[figure](boxes, backbone) == pytest.approx(COCO[figure][backbone], rel=0.2)


@pytest.fixture(scope="module")
def trained_levels(objects):
    """Of each object the levels of TensorMask whose windows are trained to be it, in images of their own."""
    cfg = load_cfg("tableTM-4/tensormask.yaml", "mini")
    steps = [2 ** int(name[1:]) for name in cfg.MODEL.TENSOR_MASK.IN_FEATURES]
    maps = [torch.zeros(1, 1, -(-SIZE[0] // step), -(-SIZE[1] // step)) for step in steps]
    windows = WindowGrid.of_maps(build_anchor_generator(cfg, [ShapeSpec(stride=step) for step in steps])(maps), maps)
    boxes = [torch.tensor(a["bbox"]) for a in objects]
    boxes = [torch.cat([box[:2], box[:2] + box[2:]])[None] for box in boxes]
    found = [assign_windows(box, windows.boxes, torch.tensor(steps)[windows.level]) for box in boxes]
    return [windows.level[index >= 0].unique().tolist() for index in found]


def test_nearly_every_object_has_a_window_of_tensormask(trained_levels):
    """On P2 to P5; windows of P6 and P7 want objects of 320 pixels, and images have 192."""
    assert np.mean([bool(levels) for levels in trained_levels]) > 0.95
    of_level = [np.mean([level in levels for levels in trained_levels]) for level in range(6)]
    assert min(of_level[:4]) > 0.05
    assert max(of_level[4:]) == 0


def test_images_are_read_as_they_are_drawn():
    """Training and test sizes of a row are those of the drawn images: nothing is resized."""
    cfg = load_cfg("table2b/sigmoid.yaml", "mini")
    assert (*cfg.INPUT.MIN_SIZE_TRAIN, cfg.INPUT.MIN_SIZE_TEST) == (min(SIZE), min(SIZE))


@pytest.mark.parametrize("row", ["table2b/sigmoid.yaml", "table2d/roialign.yaml", "table2a/r50_fpn.yaml"])
def test_every_head_sees_the_same_share_of_the_papers_rois(row):
    """An eighth of the RoIs per image, whatever the head."""
    paper, mini = (load_cfg(row, scale).MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE for scale in ("paper", "mini"))
    assert paper == 8 * mini


def test_every_size_of_coco_is_there(objects):
    """A tenth of the objects at least is small, medium, and large: of mini_val's, more than 100 each."""
    sides = np.sqrt([a["area"] for a in objects])
    shares = np.histogram(sides, (0, 32, 96, 1e5))[0] / len(objects)
    assert min(shares) > 0.1
    assert min(shares) * len(objects) / IMAGES * SPEC.images > 100
