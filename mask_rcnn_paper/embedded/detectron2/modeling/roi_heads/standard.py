"""Independent box, mask and keypoint branches, each with its own pooler. Paper: Mask R-CNN, Sec. 3 and 5."""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling.choices import select_shapes
from detectron2.modeling.poolers import ROIPooler
from detectron2.modeling.roi_heads.box_head import build_box_head
from detectron2.modeling.roi_heads.fast_rcnn import FastRCNNOutputLayers
from detectron2.modeling.roi_heads.keypoint_head import (
    build_keypoint_head,
    select_proposals_with_visible_keypoints,
)
from detectron2.modeling.roi_heads.mask_head import build_mask_head
from detectron2.modeling.roi_heads.roi_heads import ROI_HEADS_REGISTRY, ROIHeads, select_foreground_proposals
from detectron2.structures import Boxes, ImageList, Instances
from torch import Tensor, nn


def _make_pooler(
    cfg: CfgNode, head: CfgNode, input_shape: dict[str, ShapeSpec]
) -> tuple[list[str], ROIPooler | None, ShapeSpec | dict[str, ShapeSpec]]:
    """Return a branch's features, its pooler (None where `POOLER_TYPE` is empty) and its head's input."""
    names = cfg.MODEL.ROI_HEADS.IN_FEATURES
    shapes = select_shapes("MODEL.ROI_HEADS.IN_FEATURES", names, input_shape)
    if not head.POOLER_TYPE:
        return names, None, dict(zip(names, shapes, strict=True))
    channels = {shape.channels for shape in shapes}
    if len(channels) != 1:
        raise ValueError(f"MODEL.ROI_HEADS.IN_FEATURES={list(names)} have {sorted(channels)} channels: they must agree")
    pooler = ROIPooler(
        output_size=head.POOLER_RESOLUTION,
        scales=[1.0 / shape.stride for shape in shapes],
        sampling_ratio=head.POOLER_SAMPLING_RATIO,
        pooler_type=head.POOLER_TYPE,
    )
    size = head.POOLER_RESOLUTION
    return names, pooler, ShapeSpec(channels=channels.pop(), height=size, width=size)


@ROI_HEADS_REGISTRY.register()
class StandardROIHeads(ROIHeads):
    """Box head, and optionally mask and keypoint heads, that share nothing but the backbone.

    Args:
        box_in_features: Names of the maps that the box branch pools from.
        box_pooler: Pools RoIs for the box branch.
        box_head: Maps pooled features to what the predictor takes.
        box_predictor: Maps these to scores and deltas.
        mask_in_features: Names of the maps for the mask branch.
        mask_pooler: Pools for the mask branch; None hands it whole maps by name.
        mask_head: The mask branch; None for none.
        keypoint_in_features: Names of the maps for the keypoint branch.
        keypoint_pooler: Pools for the keypoint branch; None hands it whole maps by name.
        keypoint_head: The keypoint branch; None for none.
        train_on_pred_boxes: Whether masks and keypoints are trained on the predicted boxes instead of
            the proposals.
        **kwargs: See `ROIHeads`.
    """

    @configurable
    def __init__(
        self,
        *,
        box_in_features: list[str],
        box_pooler: ROIPooler,
        box_head: nn.Module,
        box_predictor: nn.Module,
        mask_in_features: list[str] | None = None,
        mask_pooler: ROIPooler | None = None,
        mask_head: nn.Module | None = None,
        keypoint_in_features: list[str] | None = None,
        keypoint_pooler: ROIPooler | None = None,
        keypoint_head: nn.Module | None = None,
        train_on_pred_boxes: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.in_features = self.box_in_features = box_in_features
        self.box_pooler = box_pooler
        self.box_head = box_head
        self.box_predictor = box_predictor
        self.mask_on = mask_head is not None
        if self.mask_on:
            self.mask_in_features = mask_in_features
            self.mask_pooler = mask_pooler
            self.mask_head = mask_head
        self.keypoint_on = keypoint_head is not None
        if self.keypoint_on:
            self.keypoint_in_features = keypoint_in_features
            self.keypoint_pooler = keypoint_pooler
            self.keypoint_head = keypoint_head
        self.train_on_pred_boxes = train_on_pred_boxes

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_HEADS` and the branches' nodes."""
        ret = super().from_config(cfg)
        ret["train_on_pred_boxes"] = cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES
        ret.update(cls._init_box_head(cfg, input_shape))
        ret.update(cls._init_mask_head(cfg, input_shape))
        ret.update(cls._init_keypoint_head(cfg, input_shape))
        return ret

    @classmethod
    def _init_box_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        names, pooler, shape = _make_pooler(cfg, cfg.MODEL.ROI_BOX_HEAD, input_shape)
        if pooler is None:
            raise ValueError("MODEL.ROI_BOX_HEAD.POOLER_TYPE='': choose ROIAlign, ROIAlignV2 or ROIPool")
        head = build_box_head(cfg, shape)
        return {
            "box_in_features": names,
            "box_pooler": pooler,
            "box_head": head,
            "box_predictor": FastRCNNOutputLayers(cfg, head.output_shape),
        }

    @classmethod
    def _init_mask_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        if not cfg.MODEL.MASK_ON:
            return {}
        names, pooler, shape = _make_pooler(cfg, cfg.MODEL.ROI_MASK_HEAD, input_shape)
        return {"mask_in_features": names, "mask_pooler": pooler, "mask_head": build_mask_head(cfg, shape)}

    @classmethod
    def _init_keypoint_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        if not cfg.MODEL.KEYPOINT_ON:
            return {}
        names, pooler, shape = _make_pooler(cfg, cfg.MODEL.ROI_KEYPOINT_HEAD, input_shape)
        return {
            "keypoint_in_features": names,
            "keypoint_pooler": pooler,
            "keypoint_head": build_keypoint_head(cfg, shape),
        }

    def forward(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """See `ROIHeads.forward`; in training the sampled proposals are returned with the losses."""
        if not self.training:
            return self.forward_with_given_boxes(features, self._forward_box(features, proposals)), {}
        proposals = self._sample(proposals, targets)
        losses = self._forward_box(features, proposals)
        losses.update(self._forward_mask(features, proposals))
        losses.update(self._forward_keypoint(features, proposals))
        return proposals, losses

    def forward_with_given_boxes(self, features: dict[str, Tensor], instances: list[Instances]) -> list[Instances]:
        """Add masks and keypoints to detections.

        Args:
            features: Feature maps by name.
            instances: Detections of each image with `pred_boxes` and `pred_classes`.

        Returns:
            The same instances with `pred_masks` and `pred_keypoints`, where the model has these branches.
        """
        instances = self._forward_mask(features, instances)
        return self._forward_keypoint(features, instances)

    def _forward_box(
        self, features: dict[str, Tensor], proposals: list[Instances]
    ) -> dict[str, Tensor] | list[Instances]:
        """Return losses in training, detected boxes in testing."""
        maps = [features[name] for name in self.box_in_features]
        pooled = self.box_pooler(maps, [p.proposal_boxes for p in proposals])
        predictions = self.box_predictor(self.box_head(pooled))
        if not self.training:
            return self.box_predictor.inference(predictions, proposals)[0]
        losses = self.box_predictor.losses(predictions, proposals)
        if self.train_on_pred_boxes:
            with torch.no_grad():
                boxes = self.box_predictor.predict_boxes_for_gt_classes(predictions, proposals)
            for p, b in zip(proposals, boxes, strict=True):
                p.proposal_boxes = Boxes(b)
        return losses

    def _forward_mask(
        self, features: dict[str, Tensor], instances: list[Instances]
    ) -> dict[str, Tensor] | list[Instances]:
        """Return the loss of foreground proposals in training, instances with masks in testing."""
        if not self.mask_on:
            return {} if self.training else instances
        if self.training:
            instances, _ = select_foreground_proposals(instances, self.num_classes)
        return self.mask_head(self._pool(features, instances, "mask"), instances)

    def _forward_keypoint(
        self, features: dict[str, Tensor], instances: list[Instances]
    ) -> dict[str, Tensor] | list[Instances]:
        """Return the loss of proposals with keypoints in training, instances with keypoints in testing."""
        if not self.keypoint_on:
            return {} if self.training else instances
        if self.training:
            instances, _ = select_foreground_proposals(instances, self.num_classes)
            instances = select_proposals_with_visible_keypoints(instances)
        return self.keypoint_head(self._pool(features, instances, "keypoint"), instances)

    def _pool(self, features: dict[str, Tensor], instances: list[Instances], branch: str) -> Tensor | dict[str, Tensor]:
        """Pool the instances' boxes for a branch, or return its maps by name where it has no pooler."""
        names = getattr(self, f"{branch}_in_features")
        pooler = getattr(self, f"{branch}_pooler")
        if pooler is None:
            return {name: features[name] for name in names}
        boxes = [x.proposal_boxes if self.training else x.pred_boxes for x in instances]
        return pooler([features[name] for name in names], boxes)
