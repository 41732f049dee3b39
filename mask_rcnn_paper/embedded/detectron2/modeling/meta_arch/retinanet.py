"""RetinaNet: class and box of every anchor, without proposals.

Paper: Focal Loss for Dense Object Detection (arXiv:1708.02002), Sec. 4.
Shapes: N images, A anchors a cell, R anchors of an image over all levels, K classes; K is background too.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import batched_nms, cat
from detectron2.modeling.anchor_generator import build_anchor_generator
from detectron2.modeling.backbone import Backbone, build_backbone
from detectron2.modeling.box_regression import Box2BoxTransform, dense_box_regression_loss
from detectron2.modeling.choices import require, select_shapes
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.meta_arch.build import META_ARCH_REGISTRY
from detectron2.modeling.meta_arch.image_model import BatchedInputs, ImageModel, postprocess
from detectron2.modeling.meta_arch.retinanet_head import RetinaNetHead
from detectron2.structures import Boxes, Instances, pairwise_iou
from detectron2.utils.events import get_event_storage
from fvcore.nn import sigmoid_focal_loss
from torch import Tensor, nn

_IGNORED = -1


@META_ARCH_REGISTRY.register()
class RetinaNet(ImageModel):
    """Backbone and head; trained by the focal loss and L1.

    Args:
        backbone: Maps images to features.
        head: Maps features to logits and deltas.
        head_in_features: Names of the feature maps, fine to coarse.
        anchor_generator: Makes the anchors of each level.
        box2box_transform: Encodes boxes as deltas to anchors.
        anchor_matcher: Labels anchors by their IoU with the ground truth.
        num_classes: K.
        focal_loss_alpha: Weight of positives; 1 minus it is that of negatives.
        focal_loss_gamma: How much well classified anchors lose weight.
        smooth_l1_beta: Where the box loss turns from L2 to L1, in deltas; 0 is L1.
        box_reg_loss_type: Only `smooth_l1`.
        test_score_thresh: Detections score more.
        test_topk_candidates: Most detections of a level before NMS.
        test_nms_thresh: IoU threshold of NMS.
        max_detections_per_image: Most detections after it.
        pixel_mean: Subtracted from each channel.
        pixel_std: Divides each channel.
        vis_period: Only 0; the core draws no images.
        input_format: Order of the channels, for information.

    Attributes:
        loss_normalizer: Moving average of the positives of a batch, by which losses are divided.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        head: nn.Module,
        head_in_features: list[str],
        anchor_generator: nn.Module,
        box2box_transform: Box2BoxTransform,
        anchor_matcher: Matcher,
        num_classes: int,
        focal_loss_alpha: float = 0.25,
        focal_loss_gamma: float = 2.0,
        smooth_l1_beta: float = 0.0,
        box_reg_loss_type: str = "smooth_l1",
        test_score_thresh: float = 0.05,
        test_topk_candidates: int = 1000,
        test_nms_thresh: float = 0.5,
        max_detections_per_image: int = 100,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        vis_period: int = 0,
        input_format: str = "BGR",
    ) -> None:
        super().__init__(backbone, pixel_mean, pixel_std)
        require("MODEL.RETINANET.BBOX_REG_LOSS_TYPE", box_reg_loss_type, ("smooth_l1",))
        require("VIS_PERIOD", vis_period, (0,))
        self.head = head
        self.head_in_features = head_in_features
        self.anchor_generator = anchor_generator
        self.box2box_transform = box2box_transform
        self.anchor_matcher = anchor_matcher
        self.num_classes = num_classes
        self.focal_loss_alpha = focal_loss_alpha
        self.focal_loss_gamma = focal_loss_gamma
        self.smooth_l1_beta = smooth_l1_beta
        self.box_reg_loss_type = box_reg_loss_type
        self.test_score_thresh = test_score_thresh
        self.test_topk_candidates = test_topk_candidates
        self.test_nms_thresh = test_nms_thresh
        self.max_detections_per_image = max_detections_per_image
        self.input_format = input_format
        self.loss_normalizer = 100

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """Arguments from `MODEL.RETINANET`, and the parts that the configuration names."""
        c = cfg.MODEL.RETINANET
        backbone = build_backbone(cfg)
        shapes = select_shapes("MODEL.RETINANET.IN_FEATURES", c.IN_FEATURES, backbone.output_shape())
        return {
            "backbone": backbone,
            "head": RetinaNetHead(cfg, shapes),
            "head_in_features": c.IN_FEATURES,
            "anchor_generator": build_anchor_generator(cfg, shapes),
            "box2box_transform": Box2BoxTransform(weights=c.BBOX_REG_WEIGHTS),
            "anchor_matcher": Matcher(c.IOU_THRESHOLDS, c.IOU_LABELS, allow_low_quality_matches=True),
            "num_classes": c.NUM_CLASSES,
            "focal_loss_alpha": c.FOCAL_LOSS_ALPHA,
            "focal_loss_gamma": c.FOCAL_LOSS_GAMMA,
            "smooth_l1_beta": c.SMOOTH_L1_LOSS_BETA,
            "box_reg_loss_type": c.BBOX_REG_LOSS_TYPE,
            "test_score_thresh": c.SCORE_THRESH_TEST,
            "test_topk_candidates": c.TOPK_CANDIDATES_TEST,
            "test_nms_thresh": c.NMS_THRESH_TEST,
            "max_detections_per_image": cfg.TEST.DETECTIONS_PER_IMAGE,
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
            "vis_period": cfg.VIS_PERIOD,
            "input_format": cfg.INPUT.FORMAT,
        }

    def forward(self, batched_inputs: BatchedInputs) -> dict[str, Tensor] | list[dict[str, Instances]]:
        """Compute `loss_cls` and `loss_box_reg` in training, `{"instances": Instances}` for each image in testing."""
        images = self.preprocess_image(batched_inputs)
        features = self.backbone(images.tensor)
        maps = [features[name] for name in self.head_in_features]
        anchors = self.anchor_generator(maps)
        logits, deltas = self.head(maps)
        logits = [_by_anchor(x, self.num_classes) for x in logits]
        deltas = [_by_anchor(x, 4) for x in deltas]
        if self.training:
            gt_instances = self.field(batched_inputs, "instances")
            if gt_instances is None:
                raise ValueError("RetinaNet needs ground truth in training: give each image 'instances'")
            labels, boxes = self.label_anchors(anchors, gt_instances)
            return self.losses(anchors, logits, labels, deltas, boxes)
        results = [
            self.inference_single_image(anchors, [x[i].sigmoid() for x in logits], [x[i] for x in deltas], size)
            for i, size in enumerate(images.image_sizes)
        ]
        return postprocess(results, batched_inputs, images.image_sizes, "instances")

    @torch.no_grad()
    def label_anchors(self, anchors: list[Boxes], gt_instances: list[Instances]) -> tuple[list[Tensor], list[Tensor]]:
        """Give every anchor a class.

        Args:
            anchors: Anchors of each level.
            gt_instances: Ground truth of each image, with `gt_boxes` and `gt_classes`.

        Returns:
            For each image classes (R,), K for background and -1 for ignored ones, and matched boxes (R, 4), which mean
            something only for the others.
        """
        all_anchors = Boxes.cat(anchors)
        classes, matched_boxes = [], []
        for gt in gt_instances:
            index, label = self.anchor_matcher(pairwise_iou(gt.gt_boxes, all_anchors))
            if len(gt):
                found, boxes = gt.gt_classes[index], gt.gt_boxes.tensor[index]
            else:
                found, boxes = index, torch.zeros_like(all_anchors.tensor)
            found = torch.where(label == 0, self.num_classes, found)
            classes.append(torch.where(label < 0, _IGNORED, found))
            matched_boxes.append(boxes)
        return classes, matched_boxes

    def losses(
        self,
        anchors: list[Boxes],
        pred_logits: list[Tensor],
        gt_labels: list[Tensor],
        pred_anchor_deltas: list[Tensor],
        gt_boxes: list[Tensor],
    ) -> dict[str, Tensor]:
        """Return `loss_cls` and `loss_box_reg`, sums over anchors divided by the moving average of positives.

        Args:
            anchors: Anchors of each level.
            pred_logits: (N, R_level, K) for each level.
            gt_labels: Classes (R,) of each image, see `label_anchors`.
            pred_anchor_deltas: (N, R_level, 4) for each level.
            gt_boxes: Matched boxes (R, 4) of each image.
        """
        labels = torch.stack(gt_labels)
        valid = labels != _IGNORED
        positive = valid & (labels != self.num_classes)
        found = int(positive.sum())
        get_event_storage().put_scalar("num_pos_anchors", found / len(labels))
        self.loss_normalizer = 0.9 * self.loss_normalizer + 0.1 * max(found, 1)
        logits = cat(pred_logits, dim=1)[valid]
        wanted = labels[valid][:, None] == torch.arange(self.num_classes, device=labels.device)
        classification = sigmoid_focal_loss(
            logits, wanted.to(logits.dtype), self.focal_loss_alpha, self.focal_loss_gamma, reduction="sum"
        )
        localization = dense_box_regression_loss(
            anchors, self.box2box_transform, pred_anchor_deltas, gt_boxes, positive, self.smooth_l1_beta
        )
        return {
            "loss_cls": classification / self.loss_normalizer,
            "loss_box_reg": localization / self.loss_normalizer,
        }

    def inference_single_image(
        self, anchors: list[Boxes], box_cls: list[Tensor], box_delta: list[Tensor], image_size: tuple[int, int]
    ) -> Instances:
        """Detections of one image, best first.

        Args:
            anchors: Anchors of each level.
            box_cls: Scores (R_level, K) for each level.
            box_delta: (R_level, 4) for each level.
            image_size: Height and width.
        """
        boxes, scores, classes = [], [], []
        for level, of_level, deltas in zip(anchors, box_cls, box_delta, strict=True):
            place = (of_level > self.test_score_thresh).nonzero()
            best, order = of_level[place.unbind(1)].topk(min(len(place), self.test_topk_candidates))
            anchor, category = place[order].unbind(1)
            boxes.append(self.box2box_transform.apply_deltas(deltas[anchor], level.tensor[anchor]))
            scores.append(best)
            classes.append(category)
        found = Instances(image_size, pred_boxes=Boxes(cat(boxes)), scores=cat(scores), pred_classes=cat(classes))
        keep = batched_nms(found.pred_boxes.tensor, found.scores, found.pred_classes, self.test_nms_thresh)
        return found[keep[: self.max_detections_per_image]]


def _by_anchor(prediction: Tensor, size: int) -> Tensor:
    """(N, A * size, H, W) to (N, H * W * A, size)."""
    return prediction.unflatten(1, (-1, size)).permute(0, 3, 4, 1, 2).flatten(1, 3)
