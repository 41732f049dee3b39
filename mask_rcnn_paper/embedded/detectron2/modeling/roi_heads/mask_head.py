"""Mask heads and their loss.

Paper: Mask R-CNN, Sec. 3 (a sigmoid and a mask per class) and Figure 4.
Shapes: B instances over all images, K classes, M the mask's side in cells.
"""

from typing import Any

import torch
import torch.nn.functional as F
from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ConvTranspose2d, ShapeSpec, cat, get_norm
from detectron2.modeling.choices import lookup, require
from detectron2.structures import Instances
from detectron2.utils.events import get_event_storage
from detectron2.utils.registry import Registry
from fvcore.nn.weight_init import c2_msra_fill
from torch import Tensor, nn

ROI_MASK_HEAD_REGISTRY = Registry("ROI_MASK_HEAD")
"""Called as `obj(cfg, input_shape)` with the pooled features' ShapeSpec. Returns a module that is called
with pooled features and a list of Instances; it returns losses by name in training, and in testing the
Instances with `pred_masks`."""


def build_mask_head(cfg: CfgNode, input_shape: ShapeSpec) -> nn.Module:
    """Build the head that `MODEL.ROI_MASK_HEAD.NAME` names.

    Args:
        cfg: Full config.
        input_shape: Channels, height and width of the pooled features.

    Raises:
        KeyError: nothing of that name is registered.
    """
    name = cfg.MODEL.ROI_MASK_HEAD.NAME
    return lookup(ROI_MASK_HEAD_REGISTRY, "MODEL.ROI_MASK_HEAD.NAME", name)(cfg, input_shape)


def mask_rcnn_loss(pred_mask_logits: Tensor, instances: list[Instances], vis_period: int = 0) -> Tensor:
    """Mean binary cross-entropy of the masks of each instance's own class.

    Args:
        pred_mask_logits: (B, K, M, M), or (B, 1, M, M) for class-agnostic masks.
        instances: Foreground proposals of each image, B in all, with `proposal_boxes`, `gt_classes` and
            `gt_masks`.
        vis_period: Only 0.

    Returns:
        A scalar; 0 where B is 0.
    """
    require("VIS_PERIOD", vis_period, (0,))
    instances = [x for x in instances if len(x)]
    if not instances:
        return pred_mask_logits.sum() * 0
    side = pred_mask_logits.shape[2]
    with torch.no_grad():
        target = [x.gt_masks.crop_and_resize(x.proposal_boxes.tensor, side) for x in instances]
        target = cat([t.to(pred_mask_logits.device) for t in target], dim=0)
    logits = _of_class(pred_mask_logits, [x.gt_classes for x in instances])
    _log_mask_accuracy(logits > 0, target > 0.5)
    return F.binary_cross_entropy_with_logits(logits, target.to(torch.float32), reduction="mean")


def _of_class(logits: Tensor, classes: list[Tensor]) -> Tensor:
    """Pick from (B, K, M, M) each instance's class, or the only channel: (B, M, M)."""
    if logits.shape[1] == 1:
        return logits[:, 0]
    return logits[torch.arange(len(logits), device=logits.device), cat(classes).to(torch.int64)]


def _log_mask_accuracy(predicted: Tensor, target: Tensor) -> None:
    """Put the shares of wrong cells: among all, among those outside and those inside the target."""
    wrong = predicted != target
    num_inside = target.sum().item()
    num_outside = target.numel() - num_inside
    storage = get_event_storage()
    storage.put_scalar("mask_rcnn/accuracy", 1 - wrong.sum().item() / max(target.numel(), 1.0))
    storage.put_scalar("mask_rcnn/false_positive", (wrong & ~target).sum().item() / max(num_outside, 1.0))
    storage.put_scalar("mask_rcnn/false_negative", (wrong & target).sum().item() / max(num_inside, 1.0))


def mask_rcnn_inference(pred_mask_logits: Tensor, pred_instances: list[Instances]) -> None:
    """Set `pred_masks` (R, 1, M, M), the probabilities of each instance's class in its box.

    Args:
        pred_mask_logits: (B, K, M, M), or (B, 1, M, M) for class-agnostic masks.
        pred_instances: Detections of each image, B in all, with `pred_classes`.
    """
    masks = _of_class(pred_mask_logits, [x.pred_classes for x in pred_instances]).sigmoid().unsqueeze(1)
    for probabilities, x in zip(masks.split([len(x) for x in pred_instances]), pred_instances, strict=True):
        x.pred_masks = probabilities


class BaseMaskRCNNHead(nn.Module):
    """Loss and inference of Mask R-CNN; a subclass gives the network in `layers`.

    Args:
        loss_weight: Factor of the loss.
        vis_period: Only 0; the core draws no images.
    """

    @configurable
    def __init__(self, *, loss_weight: float = 1.0, vis_period: int = 0) -> None:
        super().__init__()
        require("VIS_PERIOD", vis_period, (0,))
        self.loss_weight = loss_weight
        self.vis_period = vis_period

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments that all mask heads share."""
        return {"vis_period": cfg.VIS_PERIOD}

    def forward(self, x: Tensor, instances: list[Instances]) -> dict[str, Tensor] | list[Instances]:
        """Compute the loss in training, masks in testing.

        Args:
            x: Pooled features (B, C, H, W), or maps by name where there is no pooler.
            instances: See `mask_rcnn_loss` and `mask_rcnn_inference`.

        Returns:
            `{"loss_mask": scalar}` in training, the instances with `pred_masks` in testing.
        """
        logits = self.layers(x)
        if self.training:
            return {"loss_mask": mask_rcnn_loss(logits, instances, self.vis_period) * self.loss_weight}
        mask_rcnn_inference(logits, instances)
        return instances

    def layers(self, x: Tensor) -> Tensor:
        """Map features to logits (B, K, M, M)."""
        raise NotImplementedError


@ROI_MASK_HEAD_REGISTRY.register()
class MaskRCNNConvUpsampleHead(BaseMaskRCNNHead, nn.Sequential):
    """3x3 convolutions, a 2x2 deconvolution of stride 2, and a 1x1 predictor.

    Args:
        input_shape: Channels of the input.
        num_classes: K, or 1 for class-agnostic masks.
        conv_dims: Channels of each convolution and, last, of the deconvolution.
        conv_norm: Normalisation of the convolutions and the deconvolution, see `get_norm`.
        **kwargs: See `BaseMaskRCNNHead`.

    Raises:
        ValueError: `conv_dims` is empty.
    """

    @configurable
    def __init__(
        self, input_shape: ShapeSpec, *, num_classes: int, conv_dims: list[int], conv_norm: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not conv_dims:
            raise ValueError("conv_dims=[]: the mask head needs at least the deconvolution's channels")
        channels = input_shape.channels
        for k, dim in enumerate(conv_dims[:-1], start=1):
            norm = get_norm(conv_norm, dim)
            conv = Conv2d(channels, dim, 3, padding=1, bias=not conv_norm, norm=norm, activation=nn.ReLU())
            self.add_module(f"mask_fcn{k}", conv)
            channels = dim
        self.add_module("deconv", ConvTranspose2d(channels, conv_dims[-1], kernel_size=2, stride=2))
        self.add_module("deconv_relu", nn.ReLU())
        self.add_module("predictor", Conv2d(conv_dims[-1], num_classes, kernel_size=1))
        for name, layer in self.named_children():
            if name == "deconv" or name.startswith("mask_fcn"):
                c2_msra_fill(layer)
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_MASK_HEAD`."""
        c = cfg.MODEL.ROI_MASK_HEAD
        return {
            **super().from_config(cfg, input_shape),
            "input_shape": input_shape,
            "conv_dims": [c.CONV_DIM] * (c.NUM_CONV + 1),
            "conv_norm": c.NORM,
            "num_classes": 1 if c.CLS_AGNOSTIC_MASK else cfg.MODEL.ROI_HEADS.NUM_CLASSES,
        }

    def layers(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to logits (B, num_classes, 2 H, 2 W)."""
        for layer in self:
            x = layer(x)
        return x
