"""TensorMask's head."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from mask_rcnn_paper.layers import swap_align2nat
from mask_rcnn_paper.modeling.tensormask_head import TensorMaskHead
from mask_rcnn_paper.modeling.window_grid import WindowGrid

MAPS = [(7, 9), (4, 5), (2, 3)]


def make_head(**options) -> TensorMaskHead:
    torch.manual_seed(0)
    small = {"in_channels": 6, "num_classes": 3, "sides": (3, 5), "num_convs": 2, "class_channels": 8}
    return TensorMaskHead(**(small | {"box_channels": 4, "mask_channels": 4, "init_std": 0.3} | options))


def make_maps(images: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(images, 6, *size, generator=generator) for size in MAPS]


def all_windows(images: int = 2) -> WindowGrid:
    """Every window of every level; where they are in the image plays no part."""
    places = [
        (level, image, y, x, size)
        for level, (height, width) in enumerate(MAPS)
        for image in range(images)
        for y in range(height)
        for x in range(width)
        for size in range(2)
    ]
    level, image, y, x, size = torch.tensor(places).unbind(1)
    return WindowGrid(torch.zeros(len(level), 4), level, y, x, size, image)


@torch.no_grad()
def test_masks_are_those_of_the_whole_bipyramid():
    """As published: each level upsampled, fused, convolved, and all of it transformed; then the windows are chosen."""
    head, maps, windows = make_head(), make_maps(), all_windows()
    finest = head.mask_subnet(maps[0])
    found = dict.fromkeys(range(len(windows)))
    for rows, logits in head.mask_logits(maps, windows):
        found.update(zip(rows.tolist(), logits, strict=True))
    for level, feature in enumerate(maps):
        coarse = F.interpolate(head.mask_subnet(feature), scale_factor=2**level, mode="bilinear")
        fused = head.mask_fuse(finest + coarse[:, :, :7, :9])
        for size, side in enumerate((3, 5)):
            aligned = getattr(head, f"mask_pred_{side:02d}")(fused).unflatten(1, (side, side))
            natural = swap_align2nat(aligned, 2**level)
            (rows,) = ((windows.level == level) & (windows.size == size)).nonzero(as_tuple=True)
            expected = natural[windows.image[rows], :, :, windows.y[rows], windows.x[rows]]
            assert_close(torch.stack([found[row] for row in rows.tolist()]), expected)


def test_predictions_are_ordered_as_windows_are():
    """By level, row, column and size."""
    head, maps = make_head(), make_maps()
    logits, deltas = head(maps)
    assert logits.shape == (2, 2 * (63 + 20 + 6), 3)
    assert deltas.shape == (2, 2 * (63 + 20 + 6), 4)
    second = head.bbox_pred(head.bbox_subnet(maps[1]))
    # Image 1, row 2, column 3, the second size.
    assert_close(deltas[1, 2 * 63 + (2 * 5 + 3) * 2 + 1], second[1, 4:, 2, 3])
    scores = head.cls_score(head.cls_subnet(maps[0]))
    assert_close(logits[0, (1 * 9 + 4) * 2], scores[0, :3, 1, 4])


def test_parameters_have_the_public_projects_names():
    """At the sizes of its models; branches that are off have none."""
    options = {"sides": (11, 15), "num_convs": 4, "in_channels": 256, "class_channels": 256, "num_classes": 80}
    head = make_head(**options, box_channels=128, mask_channels=128)
    towers = {f"{name}_subnet.{i}": (c, d, 3, 3) for name, c in (("cls", 256), ("bbox", 128), ("mask", 128))
              for i, d in zip((0, 2, 4, 6), (256, c, c, c), strict=True)}  # fmt: skip
    expected = towers | {"cls_score": (160, 256, 3, 3), "bbox_pred": (8, 128, 3, 3), "mask_fuse.0": (128, 128, 3, 3)}
    expected |= {"mask_pred_11": (121, 128, 1, 1), "mask_pred_15": (225, 128, 1, 1)}
    shapes = {name: tuple(value.shape) for name, value in head.state_dict().items()}
    assert {name.removesuffix(".weight"): shape for name, shape in shapes.items() if "weight" in name} == expected
    assert set(shapes) == {f"{name}.{part}" for name in expected for part in ("weight", "bias")}
    branches = {"box_channels": "bbox", "mask_channels": "mask"}
    for option, name in branches.items():
        without = make_head(**{option: None})
        assert not [key for key in without.state_dict() if key.startswith(name)]


def test_before_training_every_class_scores_a_hundredth():
    """The prior of RetinaNet; weights have the standard deviation that is asked for."""
    head = make_head(init_std=0.02, class_channels=64, num_convs=4)
    assert head.cls_score.bias.sigmoid().tolist() == pytest.approx([0.01] * 6)
    assert head.cls_subnet[2].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert math.isclose(head.mask_pred_05.bias.abs().sum().item(), 0)


def test_no_window_leaves_gradients_of_zeros():
    """Of every parameter of the mask branch, so that a batch without objects can be trained on."""
    head = make_head()
    none = all_windows()[torch.zeros(0, dtype=torch.int64)]
    found = head.mask_logits(make_maps(), none)
    assert [logits.shape for _, logits in found] == [(0, 3, 3), (0, 5, 5)]
    sum(logits.sum() for _, logits in found).backward()
    assert all(not weight.grad.any() for name, weight in head.named_parameters() if name.startswith("mask"))


def test_a_tower_needs_a_convolution():
    """Said with its key."""
    with pytest.raises(ValueError, match="MODEL.TENSOR_MASK.NUM_CONVS=0: must be at least 1"):
        make_head(num_convs=0)
