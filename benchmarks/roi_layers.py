"""RoI layers forward and backward, beside detectron2's pooler, which is torchvision's operator."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import Boxes

from mask_rcnn_paper.modeling.roi_layers import replace_roi_layers
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.timing.turns import Measured, clock_of, side_by_side

STOCK, OURS, OURS_BFLOAT16 = "detectron2's pooler", "ours", "ours, bfloat16"


class Shapes(NamedTuple):
    """Of the RoIs and maps of a branch: image height and width, channels, strides, RoIs per image, pooled side."""

    name: str
    images: int
    size: tuple[int, int]
    channels: int
    strides: tuple[int, ...]
    rois: int
    side: int


FPN = (4, 8, 16, 32)
MINI = (
    Shapes("C4", 8, (192, 192), 256, (16,), 8, 7),
    Shapes("C5, boxes", 8, (192, 192), 512, (32,), 64, 7),
    Shapes("C5, masks", 8, (192, 192), 512, (32,), 16, 14),
    Shapes("FPN, boxes", 8, (192, 192), 64, FPN, 64, 7),
    Shapes("FPN, masks", 8, (192, 192), 64, FPN, 16, 14),
)
PAPER = (
    Shapes("C4", 2, (800, 1216), 1024, (16,), 64, 7),
    Shapes("FPN, boxes", 2, (800, 1216), 256, FPN, 512, 7),
    Shapes("FPN, masks", 2, (800, 1216), 256, FPN, 128, 14),
)


def measure(shape: Shapes, device: str, rounds: int) -> dict[str, Measured]:
    """Times of detectron2's pooler and ours, `OURS_BFLOAT16` on a CPU alone."""
    return side_by_side(_cases(shape, device), rounds, clock_of(device))


def _cases(shape: Shapes, device: str) -> dict[str, Callable[[], None]]:
    generator = torch.Generator().manual_seed(0)
    height, width = shape.size
    maps = [
        torch.randn(shape.images, shape.channels, -(-height // s), -(-width // s), generator=generator).to(device)
        for s in shape.strides
    ]
    boxes = [Boxes(_boxes(shape, generator).to(device)) for _ in range(shape.images)]
    stock, ours = (ROIPooler(shape.side, [1 / s for s in shape.strides], 2, "ROIAlign") for _ in range(2))
    replace_roi_layers(ours, load_cfg("table2c/roialign_ave.yaml"), 2)
    last = [m.contiguous(memory_format=torch.channels_last) for m in maps] if device == "cpu" else maps
    cases = {STOCK: _turn(stock, maps, boxes), OURS: _turn(ours, last, boxes)}
    if device == "cpu":
        cases[OURS_BFLOAT16] = _turn(ours, [m.bfloat16() for m in last], boxes)
    return cases


def _turn(pooler: ROIPooler, maps: list[torch.Tensor], boxes: list[Boxes]) -> Callable[[], None]:
    leaves = [m.detach().requires_grad_() for m in maps]

    def forward_and_backward() -> None:
        pooled = pooler(leaves, boxes)
        torch.autograd.grad(pooled.sum(), leaves)

    return forward_and_backward


def _boxes(shape: Shapes, generator: torch.Generator) -> torch.Tensor:
    """(R, 4) boxes of sides from a fiftieth of the image's shorter one to all of it."""
    limits = torch.tensor([shape.size[1], shape.size[0]] * 2, dtype=torch.float32)
    centres = torch.rand(shape.rois, 2, generator=generator) * limits[:2]
    sides = min(shape.size) * 50 ** -torch.rand(shape.rois, 2, generator=generator)
    corners = torch.cat([centres - sides / 2, centres + sides / 2], dim=1)
    return torch.minimum(corners.clamp(min=0), limits)
