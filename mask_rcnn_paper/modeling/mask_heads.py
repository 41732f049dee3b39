"""Mask heads whose loss is a config key.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3, Figure 4 and Table 2b.
"""

from collections.abc import Callable
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, cat
from detectron2.modeling import ROI_MASK_HEAD_REGISTRY
from detectron2.modeling.roi_heads.mask_head import BaseMaskRCNNHead, MaskRCNNConvUpsampleHead
from detectron2.structures import Instances
from detectron2.utils.events import get_event_storage

from mask_rcnn_paper.modeling.mask_losses import (
    mask_targets,
    sigmoid_mask_loss,
    sigmoid_mask_probabilities,
    softmax_mask_loss,
    softmax_mask_probabilities,
)

MASK_LOSSES: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigmoid_mask_loss, sigmoid_mask_probabilities),
    "softmax": (softmax_mask_loss, softmax_mask_probabilities),
}


class NamedLossMaskHead(BaseMaskRCNNHead):
    """BaseMaskRCNNHead with the loss that MODEL.ROI_MASK_HEAD.LOSS names; a subclass gives the network in `layers`.

    Args:
        *args: Positional arguments of the next class, such as `input_shape`.
        mask_loss: "sigmoid" or "softmax".
        **kwargs: Arguments of the next class.
    """

    @configurable
    def __init__(self, *args: Any, mask_loss: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask_loss, self.mask_probabilities = MASK_LOSSES[mask_loss]

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Add MODEL.ROI_MASK_HEAD.LOSS, and the number of channels it needs, to what the next class reads.

        Raises:
            ValueError: unknown loss, or "softmax" for class-agnostic masks.
        """
        head = cfg.MODEL.ROI_MASK_HEAD
        if head.LOSS not in MASK_LOSSES:
            raise ValueError(f"MODEL.ROI_MASK_HEAD.LOSS={head.LOSS!r}: choose from {', '.join(MASK_LOSSES)}")
        if head.LOSS == "softmax" and head.CLS_AGNOSTIC_MASK:
            raise ValueError(
                "MODEL.ROI_MASK_HEAD.LOSS='softmax' with CLS_AGNOSTIC_MASK=True: a class-agnostic mask has no classes "
                "to compete; use LOSS 'sigmoid'"
            )
        classes = 1 if head.CLS_AGNOSTIC_MASK else cfg.MODEL.ROI_HEADS.NUM_CLASSES
        channels = classes + 1 if head.LOSS == "softmax" else classes
        return {**super().from_config(cfg, input_shape), "mask_loss": head.LOSS, "num_classes": channels}

    def forward(self, x: torch.Tensor, instances: list[Instances]) -> dict[str, torch.Tensor] | list[Instances]:
        """Loss in training, masks at test.

        Args:
            x: (R, C, H, W) features of the RoIs of all images.
            instances: Per image; in training foreground proposals with `proposal_boxes`, `gt_classes` and `gt_masks`,
                at test detections with `pred_classes`.

        Returns:
            In training `{"loss_mask": scalar}`; at test `instances`, each with `pred_masks` (R_i, 1, M, M), the
            probabilities of the predicted class.
        """
        logits = self.layers(x)
        if not self.training:
            return self._add_masks(logits, instances)
        classes = cat([p.gt_classes.to(torch.int64) for p in instances])
        targets = mask_targets(instances, logits.shape[-1]).to(logits.device)
        self._log_accuracy(logits.detach(), targets, classes)
        return {"loss_mask": self.mask_loss(logits, targets, classes) * self.loss_weight}

    def _add_masks(self, logits: torch.Tensor, instances: list[Instances]) -> list[Instances]:
        classes = cat([i.pred_classes for i in instances])
        masks = self.mask_probabilities(logits, classes)[:, None]
        for image, image_masks in zip(instances, masks.split([len(i) for i in instances]), strict=True):
            image.pred_masks = image_masks
        return instances

    def _log_accuracy(self, logits: torch.Tensor, targets: torch.Tensor, classes: torch.Tensor) -> None:
        if len(logits) == 0:
            return
        correct = (self.mask_probabilities(logits, classes) >= 0.5) == targets
        get_event_storage().put_scalar("mask_rcnn/accuracy", correct.float().mean().item())


@ROI_MASK_HEAD_REGISTRY.register()
class FCNMaskHead(NamedLossMaskHead, MaskRCNNConvUpsampleHead):
    """The paper's fully convolutional mask head (Figure 4).

    Differs from MaskRCNNConvUpsampleHead only in `forward`, and with LOSS "sigmoid" in nothing that can be measured:
    parameters, losses and masks are the same. "softmax" has one more output channel, for background.
    """
