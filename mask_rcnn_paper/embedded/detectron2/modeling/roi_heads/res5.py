"""The C4 head: `res5` runs on every RoI. Paper: Mask R-CNN, Sec. 3 and Figure 4 (left)."""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone.resnet import BottleneckBlock, ResNet
from detectron2.modeling.choices import require, select_shapes
from detectron2.modeling.poolers import ROIPooler
from detectron2.modeling.roi_heads.fast_rcnn import FastRCNNOutputLayers
from detectron2.modeling.roi_heads.mask_head import build_mask_head
from detectron2.modeling.roi_heads.roi_heads import ROI_HEADS_REGISTRY, ROIHeads, select_foreground_proposals
from detectron2.structures import Boxes, ImageList, Instances
from torch import Tensor, nn


@ROI_HEADS_REGISTRY.register()
class Res5ROIHeads(ROIHeads):
    """Box and mask heads that share `res5` on pooled features of one map.

    Args:
        in_features: Name of the feature map, as a list of one.
        pooler: Pools each RoI.
        res5: Maps pooled features to those that both heads use.
        box_predictor: Maps their spatial mean to scores and deltas.
        mask_head: Maps them to masks; None for boxes only.
        **kwargs: See `ROIHeads`.
    """

    @configurable
    def __init__(
        self,
        *,
        in_features: list[str],
        pooler: ROIPooler,
        res5: nn.Module,
        box_predictor: nn.Module,
        mask_head: nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.in_features = in_features
        self.pooler = pooler
        self.res5 = nn.Sequential(*res5) if isinstance(res5, (list, tuple)) else res5
        self.box_predictor = box_predictor
        self.mask_on = mask_head is not None
        if self.mask_on:
            self.mask_head = mask_head

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_HEADS`, `ROI_BOX_HEAD` (pooler) and `RESNETS` (`res5`)."""
        ret = super().from_config(cfg)
        require("MODEL.KEYPOINT_ON with MODEL.ROI_HEADS.NAME='Res5ROIHeads'", cfg.MODEL.KEYPOINT_ON, (False,))
        names = cfg.MODEL.ROI_HEADS.IN_FEATURES
        shapes = select_shapes("MODEL.ROI_HEADS.IN_FEATURES", names, input_shape)
        if len(names) != 1:
            raise ValueError(f"MODEL.ROI_HEADS.IN_FEATURES={list(names)}: Res5ROIHeads pools from one map, give one")
        resolution = cfg.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION
        ret["in_features"] = names
        ret["pooler"] = ROIPooler(
            output_size=resolution,
            scales=[1.0 / shapes[0].stride],
            sampling_ratio=cfg.MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO,
            pooler_type=cfg.MODEL.ROI_BOX_HEAD.POOLER_TYPE,
        )
        ret["res5"], channels = cls._build_res5_block(cfg)
        ret["box_predictor"] = FastRCNNOutputLayers(cfg, ShapeSpec(channels=channels, height=1, width=1))
        if cfg.MODEL.MASK_ON:
            ret["mask_head"] = build_mask_head(cfg, ShapeSpec(channels=channels, width=resolution, height=resolution))
        return ret

    @classmethod
    def _build_res5_block(cls, cfg: CfgNode) -> tuple[nn.Sequential, int]:
        """Return `res5`, whose first block has stride 2, and its channels."""
        c = cfg.MODEL.RESNETS
        out_channels = c.RES2_OUT_CHANNELS * 8
        blocks = ResNet.make_stage(
            BottleneckBlock,
            3,
            stride_per_block=[2, 1, 1],
            in_channels=out_channels // 2,
            bottleneck_channels=c.NUM_GROUPS * c.WIDTH_PER_GROUP * 8,
            out_channels=out_channels,
            num_groups=c.NUM_GROUPS,
            norm=c.NORM,
            stride_in_1x1=c.STRIDE_IN_1X1,
        )
        return nn.Sequential(*blocks), out_channels

    def forward(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """See `ROIHeads.forward`; in training the list of detections is empty."""
        if self.training:
            proposals = self._sample(proposals, targets)
        box_features = self._pool_and_transform(features, [p.proposal_boxes for p in proposals])
        predictions = self.box_predictor(box_features.mean(dim=(2, 3)))
        if not self.training:
            detections, _ = self.box_predictor.inference(predictions, proposals)
            return self.forward_with_given_boxes(features, detections), {}
        losses = self.box_predictor.losses(predictions, proposals)
        if self.mask_on:
            foreground, masks = select_foreground_proposals(proposals, self.num_classes)
            losses.update(self.mask_head(box_features[torch.cat(masks)], foreground))
        return [], losses

    def forward_with_given_boxes(self, features: dict[str, Tensor], instances: list[Instances]) -> list[Instances]:
        """Add masks to detections.

        `res5` runs again, on the detected boxes, since they are not the proposals.

        Args:
            features: Feature maps by name.
            instances: Detections of each image with `pred_boxes` and `pred_classes`.

        Returns:
            The same instances with `pred_masks`, where the model has masks.
        """
        if not self.mask_on:
            return instances
        return self.mask_head(self._pool_and_transform(features, [x.pred_boxes for x in instances]), instances)

    def _pool_and_transform(self, features: dict[str, Tensor], boxes: list[Boxes]) -> Tensor:
        return self.res5(self.pooler([features[name] for name in self.in_features], boxes))
