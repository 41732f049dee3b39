"""Keypoint heads and their loss.

Paper: Mask R-CNN, Sec. 5 (a one-hot heat map for each keypoint, softmax over its cells).
Shapes: B instances over all images, K keypoints, S the heat map's side in cells.
"""

from typing import Any

import torch.nn.functional as F
from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ConvTranspose2d, ShapeSpec, cat, interpolate, nonzero_tuple
from detectron2.modeling.choices import lookup
from detectron2.structures import Instances, heatmaps_to_keypoints
from detectron2.utils.events import get_event_storage
from detectron2.utils.registry import Registry
from torch import Tensor, nn

ROI_KEYPOINT_HEAD_REGISTRY = Registry("ROI_KEYPOINT_HEAD")
"""Called as `obj(cfg, input_shape)` with the pooled features' ShapeSpec. Returns a module that is called
with pooled features and a list of Instances; it returns losses by name in training, and in testing the
Instances with `pred_keypoints`."""


def build_keypoint_head(cfg: CfgNode, input_shape: ShapeSpec) -> nn.Module:
    """Build the head that `MODEL.ROI_KEYPOINT_HEAD.NAME` names.

    Args:
        cfg: Full config.
        input_shape: Channels, height and width of the pooled features.

    Raises:
        KeyError: nothing of that name is registered.
    """
    name = cfg.MODEL.ROI_KEYPOINT_HEAD.NAME
    return lookup(ROI_KEYPOINT_HEAD_REGISTRY, "MODEL.ROI_KEYPOINT_HEAD.NAME", name)(cfg, input_shape)


def select_proposals_with_visible_keypoints(proposals: list[Instances]) -> list[Instances]:
    """Keep the foreground proposals that hold at least one labelled keypoint of their instance.

    Args:
        proposals: Foreground proposals of each image with `proposal_boxes` and `gt_keypoints`.
    """
    selected = []
    for x in proposals:
        if len(x):
            keypoints = x.gt_keypoints.tensor
            box = x.proposal_boxes.tensor.unsqueeze(1)
            xy = keypoints[..., :2]
            inside = ((xy >= box[..., :2]) & (xy <= box[..., 2:])).all(dim=2)
            x = x[nonzero_tuple((inside & (keypoints[..., 2] >= 1)).any(dim=1))[0]]
        selected.append(x)
    num_samples = sum(len(x) for x in selected) / max(len(selected), 1)
    get_event_storage().put_scalar("keypoint_head/num_fg_samples", num_samples)
    return selected


def keypoint_rcnn_loss(pred_keypoint_logits: Tensor, instances: list[Instances], normalizer: float | None) -> Tensor:
    """Cross-entropy over the cells of each heat map whose keypoint is labelled and inside the box.

    Args:
        pred_keypoint_logits: (B, K, S, S).
        instances: Proposals of each image, B in all, with `proposal_boxes` and `gt_keypoints`.
        normalizer: Divides the sum; None divides by the number of such heat maps.

    Returns:
        A scalar; 0 where there is no such heat map.
    """
    instances = [x for x in instances if len(x)]
    side = pred_keypoint_logits.shape[2]
    targets = [x.gt_keypoints.to_heatmap(x.proposal_boxes.tensor, side) for x in instances]
    valid = cat([v.flatten() for _, v in targets]).bool() if targets else None
    if valid is None or not bool(valid.any()):
        storage = get_event_storage()
        skipped = storage.latest().get("kpts_num_skipped_batches", (0, 0))[0] + 1
        storage.put_scalar("kpts_num_skipped_batches", skipped, smoothing_hint=False)
        return pred_keypoint_logits.sum() * 0
    cells = cat([t.flatten() for t, _ in targets])[valid]
    logits = pred_keypoint_logits.flatten(2).flatten(0, 1)[valid]
    loss = F.cross_entropy(logits, cells, reduction="sum")
    return loss / (len(cells) if normalizer is None else normalizer)


def keypoint_rcnn_inference(pred_keypoint_logits: Tensor, pred_instances: list[Instances]) -> None:
    """Set `pred_keypoints` (R, K, 3: x, y, score) and `pred_keypoint_heatmaps` (R, K, S, S).

    Args:
        pred_keypoint_logits: (B, K, S, S).
        pred_instances: Detections of each image, B in all, with `pred_boxes`.
    """
    logits = pred_keypoint_logits.detach()
    boxes = cat([x.pred_boxes.tensor for x in pred_instances], dim=0).detach()
    # Columns of the decoded keypoints: x, y, logit, score.
    keypoints = heatmaps_to_keypoints(logits, boxes)[:, :, [0, 1, 3]]
    sizes = [len(x) for x in pred_instances]
    for x, points, maps in zip(pred_instances, keypoints.split(sizes), logits.split(sizes), strict=True):
        x.pred_keypoints = points
        x.pred_keypoint_heatmaps = maps


class BaseKeypointRCNNHead(nn.Module):
    """Loss and inference of keypoints; a subclass gives the network in `layers`.

    Args:
        num_keypoints: K.
        loss_weight: Factor of the loss.
        loss_normalizer: `visible` divides the loss by the number of visible keypoints; a number
            divides it by that number times the number of images.

    Raises:
        ValueError: another text than `visible`.
    """

    @configurable
    def __init__(self, *, num_keypoints: int, loss_weight: float = 1.0, loss_normalizer: float | str = 1.0) -> None:
        super().__init__()
        if isinstance(loss_normalizer, str) and loss_normalizer != "visible":
            raise ValueError(f"loss_normalizer={loss_normalizer!r}: choose 'visible' or a number")
        self.num_keypoints = num_keypoints
        self.loss_weight = loss_weight
        self.loss_normalizer = loss_normalizer

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_KEYPOINT_HEAD`.

        Without `NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS` the loss is divided by the largest number of keypoints
        that a batch may hold.
        """
        c, roi = cfg.MODEL.ROI_KEYPOINT_HEAD, cfg.MODEL.ROI_HEADS
        largest = c.NUM_KEYPOINTS * roi.BATCH_SIZE_PER_IMAGE * roi.POSITIVE_FRACTION
        return {
            "num_keypoints": c.NUM_KEYPOINTS,
            "loss_weight": c.LOSS_WEIGHT,
            "loss_normalizer": "visible" if c.NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS else largest,
        }

    def forward(self, x: Tensor, instances: list[Instances]) -> dict[str, Tensor] | list[Instances]:
        """Compute the loss in training, keypoints in testing.

        Args:
            x: Pooled features (B, C, H, W), or maps by name where there is no pooler.
            instances: See `keypoint_rcnn_loss` and `keypoint_rcnn_inference`.

        Returns:
            `{"loss_keypoint": scalar}` in training, the instances with `pred_keypoints` in testing.
        """
        logits = self.layers(x)
        if self.training:
            visible = self.loss_normalizer == "visible"
            normalizer = None if visible else self.loss_normalizer * len(instances)
            return {"loss_keypoint": keypoint_rcnn_loss(logits, instances, normalizer) * self.loss_weight}
        keypoint_rcnn_inference(logits, instances)
        return instances

    def layers(self, x: Tensor) -> Tensor:
        """Map features to logits (B, K, S, S)."""
        raise NotImplementedError


@ROI_KEYPOINT_HEAD_REGISTRY.register()
class KRCNNConvDeconvUpsampleHead(BaseKeypointRCNNHead, nn.Sequential):
    """3x3 convolutions, a 4x4 deconvolution of stride 2, and bilinear upsampling by 2.

    Args:
        input_shape: Channels of the input.
        num_keypoints: K.
        conv_dims: Channels of each convolution.
        **kwargs: See `BaseKeypointRCNNHead`.
    """

    @configurable
    def __init__(self, input_shape: ShapeSpec, *, num_keypoints: int, conv_dims: list[int], **kwargs: Any) -> None:
        super().__init__(num_keypoints=num_keypoints, **kwargs)
        channels = input_shape.channels
        for k, dim in enumerate(conv_dims, start=1):
            self.add_module(f"conv_fcn{k}", Conv2d(channels, dim, 3, padding=1))
            self.add_module(f"conv_fcn_relu{k}", nn.ReLU())
            channels = dim
        deconv = ConvTranspose2d(channels, num_keypoints, kernel_size=4, stride=2, padding=1)
        self.add_module("score_lowres", deconv)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.kaiming_normal_(parameter, mode="fan_out", nonlinearity="relu")

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_KEYPOINT_HEAD`."""
        return {
            **super().from_config(cfg, input_shape),
            "input_shape": input_shape,
            "conv_dims": cfg.MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS,
        }

    def layers(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to logits (B, K, 4 H, 4 W)."""
        for layer in self:
            x = layer(x)
        return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
