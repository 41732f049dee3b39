"""TensorMask's head: classes, boxes, and masks by the tensor bipyramid.

Paper: TensorMask (Chen et al., ICCV 2019), Sections 5 and 6.1. Parameters have the names of the public project, so that
its checkpoints load.

Shape shorthand: N images, L levels, W windows of an image, A window sizes, K classes, S steps of a window's side.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from torch import Tensor, nn
from torch.nn import functional as F

from mask_rcnn_paper.layers.mask_windows import natural_windows
from mask_rcnn_paper.modeling.window_grid import WindowGrid, window_sides

# Score of every class before training, as in RetinaNet.
_PRIOR = 0.01


class TensorMaskHead(nn.Module):
    """Towers of 3x3 convolutions that all levels share: for classes, and where they are wanted for boxes and masks.

    The mask branch is the tensor bipyramid: level k is upsampled by lambda = 2^k to the finest map and fused with it. A
    1x1 convolution predicts windows of S x S steps of level k there, in the aligned representation; `swap_align2nat`
    makes of them windows of lambda S x lambda S pixels at the cells of level k. It is computed at wanted windows alone.

    Args:
        in_channels: Of the feature maps.
        num_classes: K.
        sides: S of each window size.
        num_convs: Convolutions of each tower, at least 1.
        class_channels: Channels of the tower of classes.
        box_channels: Of that of boxes; None for none.
        mask_channels: Of that of masks; None for none.
        init_std: Standard deviation of all weights before training.

    Raises:
        ValueError: a tower without convolutions.
    """

    @configurable
    def __init__(
        self,
        *,
        in_channels: int,
        num_classes: int,
        sides: Sequence[int],
        num_convs: int = 4,
        class_channels: int = 256,
        box_channels: int | None = 128,
        mask_channels: int | None = 128,
        init_std: float = 0.01,
    ) -> None:
        super().__init__()
        if num_convs < 1:
            raise ValueError(f"MODEL.TENSOR_MASK.NUM_CONVS={num_convs}: must be at least 1")
        self.num_classes = num_classes
        self.sides = tuple(sides)
        self.box_on, self.mask_on = box_channels is not None, mask_channels is not None
        self.cls_subnet = _tower(in_channels, class_channels, num_convs)
        self.cls_score = nn.Conv2d(class_channels, len(sides) * num_classes, kernel_size=3, padding=1)
        if self.box_on:
            self.bbox_subnet = _tower(in_channels, box_channels, num_convs)
            self.bbox_pred = nn.Conv2d(box_channels, len(sides) * 4, kernel_size=3, padding=1)
        if self.mask_on:
            self.mask_subnet = _tower(in_channels, mask_channels, num_convs)
            self.mask_fuse = _tower(mask_channels, mask_channels, 1)
            for side in sides:
                self.add_module(_prediction(side), nn.Conv2d(mask_channels, side * side, kernel_size=1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=init_std)
                nn.init.zeros_(layer.bias)
        nn.init.constant_(self.cls_score.bias, -math.log((1 - _PRIOR) / _PRIOR))

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: Sequence[ShapeSpec]) -> dict[str, Any]:
        """Arguments from MODEL.TENSOR_MASK, MASK_ON and ANCHOR_GENERATOR.SIZES."""
        c = cfg.MODEL.TENSOR_MASK
        return {
            "in_channels": input_shape[0].channels,
            "num_classes": c.NUM_CLASSES,
            "sides": window_sides(cfg.MODEL.ANCHOR_GENERATOR.SIZES, [shape.stride for shape in input_shape]),
            "num_convs": c.NUM_CONVS,
            "class_channels": c.CLS_CHANNELS,
            "box_channels": c.BBOX_CHANNELS if c.BOX_ON else None,
            "mask_channels": c.MASK_CHANNELS if cfg.MODEL.MASK_ON else None,
            "init_std": cfg.MODEL.DENSE_HEAD_INIT_STD,
        }

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Classes and boxes of all windows.

        Args:
            features: Maps (N, C, H, W) of the L levels, fine to coarse.

        Returns:
            Logits (N, W, K) and, with boxes, deltas (N, W, 4); windows are ordered as in `WindowGrid`.
        """
        logits = [_by_window(self.cls_score(self.cls_subnet(x)), self.num_classes) for x in features]
        if not self.box_on:
            return torch.cat(logits, dim=1), None
        deltas = [_by_window(self.bbox_pred(self.bbox_subnet(x)), 4) for x in features]
        return torch.cat(logits, dim=1), torch.cat(deltas, dim=1)

    def mask_logits(self, features: Sequence[Tensor], windows: WindowGrid) -> list[tuple[Tensor, Tensor]]:
        """Masks of some windows, by level and size.

        Args:
            features: As of `forward`.
            windows: R windows of the batch.

        Returns:
            Indices (r,) of windows, which together are all R, and their masks (r, lambda S, lambda S) in float32. The
            finest level is always there, if with no window: so every parameter has a gradient.
        """
        finest = self.mask_subnet(features[0])
        found = []
        for level, feature in enumerate(features):
            if level > 0 and not (windows.level == level).any():
                continue
            factor = 2**level
            fused = self._fused(finest, finest if level == 0 else self.mask_subnet(feature), factor)
            for size, side in enumerate(self.sides):
                (rows,) = ((windows.level == level) & (windows.size == size)).nonzero(as_tuple=True)
                layer = getattr(self, _prediction(side))
                weight, bias = layer.weight.view(side, side, -1), layer.bias.view(side, side)
                cells = windows.image[rows], windows.y[rows], windows.x[rows]
                found.append((rows, natural_windows(fused, weight, bias, factor, *cells)))
        return found

    def _fused(self, finest: Tensor, coarse: Tensor, factor: int) -> Tensor:
        """A level's map at the finest level's size, fused with it."""
        height, width = finest.shape[-2:]
        if factor > 1:
            coarse = F.interpolate(coarse, scale_factor=factor, mode="bilinear", align_corners=False)
        return self.mask_fuse(finest + coarse[:, :, :height, :width])


def _tower(in_channels: int, channels: int, num_convs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before in [in_channels, *[channels] * (num_convs - 1)]:
        layers += [nn.Conv2d(before, channels, kernel_size=3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


def _prediction(side: int) -> str:
    return f"mask_pred_{side:02d}"


def _by_window(prediction: Tensor, values: int) -> Tensor:
    """(N, A * values, H, W) to (N, H * W * A, values)."""
    return prediction.unflatten(1, (-1, values)).permute(0, 3, 4, 1, 2).flatten(1, 3)
