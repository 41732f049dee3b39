"""The multi-layer perceptron that Table 2e compares with the fully convolutional mask head.

Paper: Mask R-CNN (arXiv:1703.06870), Section 4.2 "Mask Branch" and Table 2e.
"""

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_MASK_HEAD_REGISTRY
from fvcore.nn.weight_init import c2_xavier_fill
from torch import nn

from mask_rcnn_paper.modeling.mask_heads import NamedLossMaskHead


@ROI_MASK_HEAD_REGISTRY.register()
class MLPMaskHead(NamedLossMaskHead):
    """Masks as the output of fully connected layers: "fc: 1024-1024-80*28^2" and one hidden layer more.

    Args:
        input_shape: Channels, height and width of the RoI features.
        num_classes: Mask channels K.
        hidden_dims: Width of each hidden layer.
        mask_size: Side M of the masks.
        **kwargs: NamedLossMaskHead's.

    Raises:
        ValueError: no positive mask size or widths.

    Differs from the paper: it does not say what the MLP sees. Here it is the flattened 14x14 feature of an RoI that
    the convolutional head gets, so that only the branch differs; MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION 7 gives the
    box branch's.
    """

    @configurable
    def __init__(
        self,
        input_shape: ShapeSpec,
        *,
        num_classes: int,
        hidden_dims: Sequence[int],
        mask_size: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for key, value in (("MLP_MASK_SIZE", mask_size), *(("MLP_DIMS", dim) for dim in hidden_dims)):
            if value < 1:
                raise ValueError(f"MODEL.ROI_MASK_HEAD.{key} has {value}: it must be at least 1")
        self.mask_shape = (num_classes, mask_size, mask_size)
        width = input_shape.channels * input_shape.height * input_shape.width
        self.hidden = nn.Sequential()
        for dim in hidden_dims:
            self.hidden.append(nn.Linear(width, dim)).append(nn.ReLU())
            c2_xavier_fill(self.hidden[-2])
            width = dim
        self.predictor = nn.Linear(width, num_classes * mask_size**2)
        # As in the convolutional head, so that both start from masks of 0.5.
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Read MLP_DIMS and MLP_MASK_SIZE of MODEL.ROI_MASK_HEAD."""
        head = cfg.MODEL.ROI_MASK_HEAD
        ret = super().from_config(cfg, input_shape)
        return {**ret, "input_shape": input_shape, "hidden_dims": head.MLP_DIMS, "mask_size": head.MLP_MASK_SIZE}

    def layers(self, x: torch.Tensor) -> torch.Tensor:
        """(R, C, H, W) RoI features to (R, K, M, M) logits."""
        return self.predictor(self.hidden(x.flatten(1))).view(-1, *self.mask_shape)
