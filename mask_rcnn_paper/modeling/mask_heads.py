"""Mask heads whose loss is a config key: the fully convolutional one, and the perceptron of Table 2e.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3, Figure 4 and Tables 2b and 2e.
"""

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, cat
from detectron2.modeling import ROI_MASK_HEAD_REGISTRY
from detectron2.modeling.roi_heads.mask_head import BaseMaskRCNNHead, MaskRCNNConvUpsampleHead
from detectron2.structures import Instances
from detectron2.utils.events import get_event_storage
from fvcore.nn.weight_init import c2_xavier_fill
from torch import nn

from mask_rcnn_paper.modeling.mask_losses import MASK_LOSS_REGISTRY, MaskLoss, mask_targets
from mask_rcnn_paper.modeling.registry import registered


class NamedLossMaskHead(BaseMaskRCNNHead):
    """BaseMaskRCNNHead with the loss that MODEL.ROI_MASK_HEAD.LOSS names.

    A subclass gives the network in `layers`: (R, C, H, W) RoI features to logits (R, `num_classes`, M, M), R >= 0, with
    the `num_classes` of `from_config`: the channels that the loss needs. All arguments but `mask_loss`, what it is
    trained with, are the next class's.
    """

    @configurable
    def __init__(self, *args: Any, mask_loss: MaskLoss, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask_loss = mask_loss

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Add MODEL.ROI_MASK_HEAD.LOSS, and the number of channels it needs, to what the next class reads.

        Raises:
            ValueError: unknown loss, or one with background for class-agnostic masks.
        """
        head = cfg.MODEL.ROI_MASK_HEAD
        mask_loss = registered(MASK_LOSS_REGISTRY, "MODEL.ROI_MASK_HEAD.LOSS", head.LOSS)()
        if mask_loss.background and head.CLS_AGNOSTIC_MASK:
            legal = ", ".join(name for name, build in MASK_LOSS_REGISTRY if not build().background)
            raise ValueError(
                f"MODEL.ROI_MASK_HEAD.LOSS={head.LOSS!r} with CLS_AGNOSTIC_MASK=True: a class-agnostic mask has no "
                f"classes to compete; choose from {legal}"
            )
        classes = 1 if head.CLS_AGNOSTIC_MASK else cfg.MODEL.ROI_HEADS.NUM_CLASSES
        channels = classes + mask_loss.background
        return {**super().from_config(cfg, input_shape), "mask_loss": mask_loss, "num_classes": channels}

    def forward(self, x: torch.Tensor, instances: list[Instances]) -> dict[str, torch.Tensor] | list[Instances]:
        """Loss in training, masks at test.

        Args:
            x: (R, C, H, W) features of the RoIs of all images.
            instances: Per image; in training foreground proposals with `proposal_boxes`, `gt_classes` and `gt_masks`,
                at test detections with `pred_classes`.

        Returns:
            In training `{"loss_mask": scalar}`, 0 where R = 0; at test `instances`, each with `pred_masks`
            (R_i, 1, M, M), the probabilities of the predicted class.
        """
        logits = self.layers(x)
        if not self.training:
            masks = self.mask_loss.probabilities(logits, cat([i.pred_classes for i in instances]))[:, None]
            for image, image_masks in zip(instances, masks.split([len(i) for i in instances]), strict=True):
                image.pred_masks = image_masks
            return instances
        if len(logits) == 0:
            # For every loss: a mean over nothing is NaN, and with several processes each must reach all parameters.
            return {"loss_mask": logits.sum() * 0}
        classes = cat([p.gt_classes.to(torch.int64) for p in instances])
        targets = mask_targets(instances, logits.shape[-1]).to(logits.device)
        correct = (self.mask_loss.probabilities(logits.detach(), classes) >= 0.5) == targets
        get_event_storage().put_scalar("mask_rcnn/accuracy", correct.float().mean().item())
        return {"loss_mask": self.mask_loss.loss(logits, targets, classes) * self.loss_weight}


@ROI_MASK_HEAD_REGISTRY.register()
class FCNMaskHead(NamedLossMaskHead, MaskRCNNConvUpsampleHead):
    """The paper's fully convolutional mask head (Figure 4).

    Differs from MaskRCNNConvUpsampleHead only in `forward`, and with LOSS "sigmoid" in nothing that can be measured:
    parameters, losses and masks are the same. "softmax" has one more output channel, for background.
    """


@ROI_MASK_HEAD_REGISTRY.register()
class MLPMaskHead(NamedLossMaskHead):
    """Masks as the output of fully connected layers: "fc: 1024-1024-80*28^2" and one hidden layer more.

    Args:
        input_shape: Channels, height and width of the RoI features.
        num_classes: Mask channels K.
        hidden_dims: Width of each hidden layer, at least 1.
        mask_size: Side M of the masks, at least 1.
        **kwargs: NamedLossMaskHead's.

    Raises:
        ValueError: a width or side below 1.

    Differs from the paper: it does not say what the MLP sees. Here it is the flattened 14x14 feature of an RoI that
    the convolutional head gets, so that only the branch differs; MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION 7 gives the
    box branch's.
    """

    @configurable
    def __init__(
        self, input_shape: ShapeSpec, *, num_classes: int, hidden_dims: Sequence[int], mask_size: int, **kwargs: Any
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
