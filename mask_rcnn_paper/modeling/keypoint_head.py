"""The keypoint head of Section 5, with the output resolution and the loss that the paper argues for as config keys.

Paper: Mask R-CNN (arXiv:1703.06870), Section 5 "Implementation Details".

Shape shorthand: R RoIs, C channels, K keypoints, m side of a keypoint's map.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ShapeSpec, cat
from detectron2.modeling import ROI_KEYPOINT_HEAD_REGISTRY
from detectron2.modeling.roi_heads import KRCNNConvDeconvUpsampleHead
from detectron2.structures import Instances, heatmaps_to_keypoints
from torch import nn
from torch.nn import functional as F

LOSSES = ("softmax", "sigmoid")


@ROI_KEYPOINT_HEAD_REGISTRY.register()
class PaperKeypointHead(KRCNNConvDeconvUpsampleHead):
    """Eight 3x3 convolutions of 512 channels, then as much upscaling, and the loss, that one asks for.

    With resolution 56 and "softmax", the paper's, it is KRCNNConvDeconvUpsampleHead: parameters, losses and keypoints
    are the same. Both are keys because the paper argues for them: "a relatively high resolution output (compared to
    masks) is required", and a softmax over all positions "encourages a single point to be detected".

    Args:
        input_shape: Channels, height and width of the RoI features, as high as wide.
        num_keypoints: K.
        resolution: m, 4, 2 or 1 times the side of the RoI features: a deconvolution and bilinear upscaling, the
            deconvolution alone, or neither.
        loss: "softmax", a cross-entropy over the m^2 positions, or "sigmoid", a binary one at each.
        **kwargs: KRCNNConvDeconvUpsampleHead's.

    Raises:
        ValueError: another resolution or loss.

    Differs from the paper: it says nothing of a head without upscaling. Here a 1x1 convolution, like the last of the
    mask head (Figure 4), takes the place of the deconvolution, under the same name.
    """

    @configurable
    def __init__(
        self, input_shape: ShapeSpec, *, num_keypoints: int, resolution: int, loss: str, **kwargs: Any
    ) -> None:
        super().__init__(input_shape, num_keypoints=num_keypoints, **kwargs)
        legal = [factor * input_shape.height for factor in (1, 2, 4)]
        if resolution not in legal:
            raise ValueError(
                f"MODEL.ROI_KEYPOINT_HEAD.RESOLUTION={resolution}: choose from {', '.join(map(str, legal))}, "
                f"which are 1, 2 and 4 times POOLER_RESOLUTION"
            )
        if loss not in LOSSES:
            raise ValueError(f"MODEL.ROI_KEYPOINT_HEAD.LOSS={loss!r}: choose from {', '.join(LOSSES)}")
        self.bilinear = resolution == legal[2]
        self.keypoint_loss = loss
        if resolution == legal[0]:
            channels = self.score_lowres.in_channels
            self.score_lowres = Conv2d(channels, num_keypoints, kernel_size=1)
            # Logits vary as much as the deconvolution's, which sum four taps of variance 2 / (16 * channels).
            nn.init.normal_(self.score_lowres.weight, std=(2 * channels) ** -0.5)
            nn.init.zeros_(self.score_lowres.bias)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Add RESOLUTION and LOSS of MODEL.ROI_KEYPOINT_HEAD to what detectron2 reads."""
        head = cfg.MODEL.ROI_KEYPOINT_HEAD
        return {**super().from_config(cfg, input_shape), "resolution": head.RESOLUTION, "loss": head.LOSS}

    def layers(self, x: torch.Tensor) -> torch.Tensor:
        """(R, C, H, H) RoI features to (R, K, m, m) logits."""
        # detectron2's `layers` runs them all, then upscales.
        return super().layers(x) if self.bilinear else nn.Sequential.forward(self, x)

    def forward(self, x: torch.Tensor, instances: list[Instances]) -> dict[str, torch.Tensor] | list[Instances]:
        """Loss in training, keypoints at test.

        Args:
            x: (R, C, H, H) features of the RoIs of all images.
            instances: Per image; in training foreground proposals with `proposal_boxes` and `gt_keypoints`, at test
                detections with `pred_boxes`.

        Returns:
            In training `{"loss_keypoint": scalar}`, 0 where no keypoint is visible; at test `instances`, each with
            `pred_keypoints` (R_i, K, 3): x, y, score, and the logits as `pred_keypoint_heatmaps`.
        """
        if self.keypoint_loss == "softmax":
            return super().forward(x, instances)
        logits = self.layers(x)
        if self.training:
            return {"loss_keypoint": self._sigmoid_loss(logits, instances) * self.loss_weight}
        for image, maps in zip(instances, logits.detach().split([len(i) for i in instances]), strict=True):
            image.pred_keypoints = sigmoid_keypoints(maps, image.pred_boxes.tensor.detach())
            image.pred_keypoint_heatmaps = maps
        return instances

    def _sigmoid_loss(self, logits: torch.Tensor, instances: list[Instances]) -> torch.Tensor:
        if len(logits) == 0:
            return logits.sum() * 0
        boxes_of = ((i.gt_keypoints, i.proposal_boxes.tensor) for i in instances if len(i) > 0)
        targets = [keypoints.to_heatmap(boxes, logits.shape[-1]) for keypoints, boxes in boxes_of]
        cells, visible = (cat(parts) for parts in zip(*targets, strict=True))
        total = sigmoid_keypoint_loss(logits, cells, visible.bool())
        if self.loss_normalizer == "visible":
            return total / visible.sum().clamp(min=1)
        return total / (self.loss_normalizer * len(instances))


def sigmoid_keypoint_loss(logits: torch.Tensor, cells: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Average binary cross-entropy over the positions of a keypoint's map, summed over visible keypoints.

    It is to the paper's softmax what the sigmoid is among the losses of masks: positions do not compete. As the average
    over m^2 positions, one of them foreground, it is small; MODEL.ROI_KEYPOINT_HEAD.LOSS_WEIGHT weighs it against the
    other losses.

    Args:
        logits: (R, K, m, m).
        cells: (R, K) long, y * m + x of the one foreground position.
        visible: (R, K) bool, whether a keypoint is labelled and inside its RoI.

    Returns:
        Scalar; 0, attached to `logits`, where nothing is visible. Zero logits give ln 2 for each visible keypoint.
    """
    maps = logits.flatten(2)[visible]
    targets = F.one_hot(cells[visible], maps.shape[1]).to(maps.dtype)
    return F.binary_cross_entropy_with_logits(maps, targets, reduction="sum") / maps.shape[1]


def sigmoid_keypoints(logits: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Keypoints where their maps, resized to their boxes, are highest.

    Args:
        logits: (R, K, m, m).
        boxes: (R, 4) XYXY in pixels.

    Returns:
        (R, K, 3): x and y in pixels, as detectron2 finds them under a softmax, and the position's own probability,
        where a softmax would have the position's share.
    """
    x_y_logit = heatmaps_to_keypoints(logits, boxes)[..., :3]
    return torch.cat([x_y_logit[..., :2], x_y_logit[..., 2:].sigmoid()], dim=2)
