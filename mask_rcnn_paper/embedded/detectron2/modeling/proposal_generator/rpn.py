"""Region proposal network.

Paper: Faster R-CNN (arXiv:1506.01497), Sec. 3.1.
Shapes: N images, L levels, A anchors a cell, R anchors of an image over all levels.
"""

from typing import Any

import torch
import torch.nn.functional as F
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, cat
from detectron2.modeling.anchor_generator import build_anchor_generator
from detectron2.modeling.box_regression import Box2BoxTransform, dense_box_regression_loss
from detectron2.modeling.choices import require, select_shapes
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.proposal_generator.build import PROPOSAL_GENERATOR_REGISTRY
from detectron2.modeling.proposal_generator.proposal_utils import find_top_rpn_proposals
from detectron2.modeling.proposal_generator.rpn_head import build_rpn_head
from detectron2.modeling.sampling import subsample_labels
from detectron2.structures import Boxes, ImageList, Instances, pairwise_iou
from detectron2.utils.events import get_event_storage
from torch import Tensor, nn


@PROPOSAL_GENERATOR_REGISTRY.register()
class RPN(nn.Module):
    """Scores and refines anchors, and keeps the best as proposals.

    Args:
        in_features: Names of the feature maps, L of them.
        head: Maps L features to logits and deltas.
        anchor_generator: Makes the anchors of each level.
        anchor_matcher: Labels anchors by their IoU with the ground truth.
        box2box_transform: Encodes boxes as deltas to anchors.
        batch_size_per_image: Anchors an image in the loss.
        positive_fraction: Largest fraction of positives among them.
        pre_nms_topk: Boxes a level before NMS, in training and in testing.
        post_nms_topk: Boxes an image after NMS, in training and in testing.
        nms_thresh: IoU threshold of NMS.
        min_box_size: Boxes with a side of at most this many pixels are dropped.
        anchor_boundary_thresh: Anchors that reach this many pixels or more outside the image are not
            trained; negative trains all.
        loss_weight: Factor of both losses, or of each by its name.
        box_reg_loss_type: Only `smooth_l1`.
        smooth_l1_beta: Where that loss turns from L2 to L1, in deltas; 0 is L1.
    """

    @configurable
    def __init__(
        self,
        *,
        in_features: list[str],
        head: nn.Module,
        anchor_generator: nn.Module,
        anchor_matcher: Matcher,
        box2box_transform: Box2BoxTransform,
        batch_size_per_image: int,
        positive_fraction: float,
        pre_nms_topk: tuple[float, float],
        post_nms_topk: tuple[float, float],
        nms_thresh: float = 0.7,
        min_box_size: float = 0.0,
        anchor_boundary_thresh: float = -1.0,
        loss_weight: float | dict[str, float] = 1.0,
        box_reg_loss_type: str = "smooth_l1",
        smooth_l1_beta: float = 0.0,
    ) -> None:
        super().__init__()
        require("MODEL.RPN.BBOX_REG_LOSS_TYPE", box_reg_loss_type, ("smooth_l1",))
        self.in_features = in_features
        self.rpn_head = head
        self.anchor_generator = anchor_generator
        self.anchor_matcher = anchor_matcher
        self.box2box_transform = box2box_transform
        self.batch_size_per_image = batch_size_per_image
        self.positive_fraction = positive_fraction
        self.pre_nms_topk = {True: pre_nms_topk[0], False: pre_nms_topk[1]}
        self.post_nms_topk = {True: post_nms_topk[0], False: post_nms_topk[1]}
        self.nms_thresh = nms_thresh
        self.min_box_size = float(min_box_size)
        self.anchor_boundary_thresh = anchor_boundary_thresh
        if not isinstance(loss_weight, dict):
            loss_weight = {"loss_rpn_cls": loss_weight, "loss_rpn_loc": loss_weight}
        self.loss_weight = loss_weight
        self.box_reg_loss_type = box_reg_loss_type
        self.smooth_l1_beta = smooth_l1_beta

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Arguments from `MODEL.RPN` and `MODEL.PROPOSAL_GENERATOR`."""
        c = cfg.MODEL.RPN
        shapes = select_shapes("MODEL.RPN.IN_FEATURES", c.IN_FEATURES, input_shape)
        return {
            "in_features": c.IN_FEATURES,
            "head": build_rpn_head(cfg, shapes),
            "anchor_generator": build_anchor_generator(cfg, shapes),
            "anchor_matcher": Matcher(c.IOU_THRESHOLDS, c.IOU_LABELS, allow_low_quality_matches=True),
            "box2box_transform": Box2BoxTransform(weights=c.BBOX_REG_WEIGHTS),
            "batch_size_per_image": c.BATCH_SIZE_PER_IMAGE,
            "positive_fraction": c.POSITIVE_FRACTION,
            "pre_nms_topk": (c.PRE_NMS_TOPK_TRAIN, c.PRE_NMS_TOPK_TEST),
            "post_nms_topk": (c.POST_NMS_TOPK_TRAIN, c.POST_NMS_TOPK_TEST),
            "nms_thresh": c.NMS_THRESH,
            "min_box_size": cfg.MODEL.PROPOSAL_GENERATOR.MIN_SIZE,
            "anchor_boundary_thresh": c.BOUNDARY_THRESH,
            "loss_weight": {
                "loss_rpn_cls": c.LOSS_WEIGHT,
                "loss_rpn_loc": c.BBOX_REG_LOSS_WEIGHT * c.LOSS_WEIGHT,
            },
            "box_reg_loss_type": c.BBOX_REG_LOSS_TYPE,
            "smooth_l1_beta": c.SMOOTH_L1_BETA,
        }

    @torch.no_grad()
    def label_and_sample_anchors(
        self, anchors: list[Boxes], gt_instances: list[Instances]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Label the anchors that take part in the loss.

        Args:
            anchors: Anchors of each level.
            gt_instances: Ground truth of each image, with `gt_boxes`.

        Returns:
            For each image labels (R,) in {-1 ignored, 0 negative, 1 positive} and matched boxes (R, 4),
            which mean something only where the label is 1.
        """
        all_anchors = Boxes.cat(anchors)
        labels, matched_boxes = [], []
        for gt in gt_instances:
            index, label = self.anchor_matcher(pairwise_iou(gt.gt_boxes, all_anchors))
            if self.anchor_boundary_thresh >= 0:
                label[~all_anchors.inside_box(gt.image_size, self.anchor_boundary_thresh)] = -1
            positive, negative = subsample_labels(label, self.batch_size_per_image, self.positive_fraction, 0)
            label = torch.full_like(label, -1)
            label[positive] = 1
            label[negative] = 0
            labels.append(label)
            boxes = gt.gt_boxes.tensor
            matched_boxes.append(boxes[index] if len(boxes) else torch.zeros_like(all_anchors.tensor))
        return labels, matched_boxes

    def losses(
        self,
        anchors: list[Boxes],
        pred_objectness_logits: list[Tensor],
        gt_labels: list[Tensor],
        pred_anchor_deltas: list[Tensor],
        gt_boxes: list[Tensor],
    ) -> dict[str, Tensor]:
        """Return `loss_rpn_cls` and `loss_rpn_loc`.

        Both are sums over the sampled anchors, divided by the nominal batch N * `batch_size_per_image`,
        so that images with few anchors weigh less.

        Args:
            anchors: Anchors of each level.
            pred_objectness_logits: L tensors (N, R_level).
            gt_labels: Labels (R,) of each image, see `label_and_sample_anchors`.
            pred_anchor_deltas: L tensors (N, R_level, 4).
            gt_boxes: Matched boxes (R, 4) of each image.
        """
        labels = torch.stack(gt_labels)
        positive, sampled = labels == 1, labels >= 0
        storage = get_event_storage()
        storage.put_scalar("rpn/num_pos_anchors", positive.sum().item() / len(labels))
        storage.put_scalar("rpn/num_neg_anchors", (labels == 0).sum().item() / len(labels))
        localization = dense_box_regression_loss(
            anchors, self.box2box_transform, pred_anchor_deltas, gt_boxes, positive, self.smooth_l1_beta
        )
        objectness = F.binary_cross_entropy_with_logits(
            cat(pred_objectness_logits, dim=1)[sampled], labels[sampled].to(torch.float32), reduction="sum"
        )
        normalizer = self.batch_size_per_image * len(labels)
        losses = {"loss_rpn_cls": objectness / normalizer, "loss_rpn_loc": localization / normalizer}
        return {name: loss * self.loss_weight.get(name, 1.0) for name, loss in losses.items()}

    def forward(
        self, images: ImageList, features: dict[str, Tensor], gt_instances: list[Instances] | None = None
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """Propose boxes.

        Args:
            images: N images.
            features: Feature maps by name.
            gt_instances: Ground truth of each image; needed in training.

        Returns:
            One Instances an image with `proposal_boxes` and `objectness_logits`, and the losses (none
            in testing).
        """
        maps = [features[name] for name in self.in_features]
        anchors = self.anchor_generator(maps)
        logits, deltas = self.rpn_head(maps)
        logits = [x.permute(0, 2, 3, 1).flatten(1) for x in logits]
        box_dim = self.anchor_generator.box_dim
        deltas = [x.permute(0, 2, 3, 1).reshape(len(x), -1, box_dim) for x in deltas]
        losses = {}
        if self.training:
            if gt_instances is None:
                raise ValueError("the RPN needs ground truth in training: give each image 'instances'")
            labels, boxes = self.label_and_sample_anchors(anchors, gt_instances)
            losses = self.losses(anchors, logits, labels, deltas, boxes)
        return self.predict_proposals(anchors, logits, deltas, images.image_sizes), losses

    @torch.no_grad()
    def predict_proposals(
        self,
        anchors: list[Boxes],
        pred_objectness_logits: list[Tensor],
        pred_anchor_deltas: list[Tensor],
        image_sizes: list[tuple[int, int]],
    ) -> list[Instances]:
        """Decode all boxes and choose the best; without gradients, as boxes are constants to what follows.

        Args:
            anchors: Anchors of each level.
            pred_objectness_logits: L tensors (N, R_level).
            pred_anchor_deltas: L tensors (N, R_level, 4).
            image_sizes: Height and width of each image.
        """
        boxes = []
        for level, deltas in zip(anchors, pred_anchor_deltas, strict=True):
            source = level.tensor.expand(len(deltas), -1, -1).reshape(-1, 4)
            boxes.append(self.box2box_transform.apply_deltas(deltas.reshape(-1, 4), source).view(deltas.shape))
        return find_top_rpn_proposals(
            boxes,
            pred_objectness_logits,
            image_sizes,
            self.nms_thresh,
            self.pre_nms_topk[self.training],
            self.post_nms_topk[self.training],
            self.min_box_size,
            self.training,
        )
