"""The paper's RoI layers inside detectron2's multi-level pooler.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "RoIAlign", Tables 2c, 2d and 6.
"""

import torch
from detectron2.config import CfgNode
from detectron2.modeling.poolers import ROIPooler
from torch import nn

from mask_rcnn_paper.layers import roi_align, roi_pool, roi_warp

ROI_LAYERS = {"RoIPool": roi_pool, "RoIWarp": roi_warp, "RoIAlign": roi_align}


class RoILayer(nn.Module):
    """One of the paper's RoI layers on one feature map.

    Args:
        name: "RoIPool", "RoIWarp" or "RoIAlign".
        output_size: (P, Q) of the pooled features.
        spatial_scale: Feature cells per image pixel, 1 / stride.
        sampling_ratio: Bilinear samples per bin side; RoIPool has none.
        aggregation: "ave" or "max" of the samples of a bin; RoIPool is always "max".

    Raises:
        ValueError: unknown name, or RoIPool with an aggregation other than "max".
    """

    def __init__(
        self, name: str, output_size: tuple[int, int], spatial_scale: float, sampling_ratio: int, aggregation: str
    ) -> None:
        super().__init__()
        if name not in ROI_LAYERS:
            raise ValueError(
                f"MODEL.ROI_POOLER.NAME={name!r}: choose from {', '.join(ROI_LAYERS)}, or '' for detectron2's"
            )
        if name == "RoIPool" and aggregation != "max":
            raise ValueError(f"MODEL.ROI_POOLER.AGGREGATION={aggregation!r} with RoIPool: it always takes the 'max'")
        self.name = name
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling = {} if name == "RoIPool" else {"sampling_ratio": sampling_ratio, "aggregation": aggregation}

    def forward(self, features: torch.Tensor, rois: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) features and (R, 5) RoIs in image pixels to (R, C, P, Q)."""
        return ROI_LAYERS[self.name](features, rois, self.output_size, self.spatial_scale, **self.sampling)

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        return f"{self.name}, output_size={self.output_size}, spatial_scale={self.spatial_scale}, {self.sampling}"


class PaperROIPooler(ROIPooler):
    """detectron2's ROIPooler (levels, empty inputs, box format) with one of the paper's RoI layers on each level.

    Args:
        name: "RoIPool", "RoIWarp" or "RoIAlign".
        aggregation: "ave" or "max".
        output_size: Side of the pooled features, in bins.
        scales: Feature cells per image pixel of each level, finest first.
        sampling_ratio: Bilinear samples per bin side.
        canonical_box_size: Side in pixels of an RoI that belongs to level P4.
    """

    def __init__(
        self,
        name: str,
        aggregation: str,
        output_size: int,
        scales: list[float],
        sampling_ratio: int,
        canonical_box_size: int = 224,
    ) -> None:
        super().__init__(output_size, scales, sampling_ratio, "ROIAlign", canonical_box_size=canonical_box_size)
        size = (output_size, output_size)
        self.level_poolers = nn.ModuleList(RoILayer(name, size, scale, sampling_ratio, aggregation) for scale in scales)


def build_pooler(cfg: CfgNode, head: CfgNode, scales: list[float], default: ROIPooler) -> ROIPooler:
    """The pooler that MODEL.ROI_POOLER names for one branch.

    Args:
        cfg: Whole config; reads MODEL.ROI_POOLER.
        head: Node of the branch, such as `cfg.MODEL.ROI_MASK_HEAD`; reads its POOLER_RESOLUTION and
            POOLER_SAMPLING_RATIO.
        scales: Feature cells per image pixel of each level, finest first.
        default: detectron2's pooler of this branch, returned where MODEL.ROI_POOLER.NAME is "".
    """
    pooler = cfg.MODEL.ROI_POOLER
    if pooler.NAME == "":
        return default
    return PaperROIPooler(
        pooler.NAME,
        pooler.AGGREGATION,
        head.POOLER_RESOLUTION,
        scales,
        head.POOLER_SAMPLING_RATIO,
        pooler.CANONICAL_BOX_SIZE,
    )
