"""Classification and box regression of RoIs.

Paper: Fast R-CNN (arXiv:1504.08083), Sec. 2.3.
Shapes: N images, R proposals of an image, M proposals over all images, K classes; the background is class K.
"""

from collections.abc import Callable
from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, batched_nms, cat, cross_entropy, nonzero_tuple
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.modeling.choices import require
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import get_event_storage
from fvcore.nn import smooth_l1_loss
from torch import Tensor, nn


def fast_rcnn_inference(
    boxes: list[Tensor],
    scores: list[Tensor],
    image_shapes: list[tuple[int, int]],
    score_thresh: float,
    nms_thresh: float,
    topk_per_image: int,
) -> tuple[list[Instances], list[Tensor]]:
    """Choose detections: score threshold, NMS in each class, best over all classes.

    Args:
        boxes: (R, K * 4) of each image, or (R, 4) for class-agnostic boxes.
        scores: (R, K + 1) of each image, the background last.
        image_shapes: Height and width of each image.
        score_thresh: Only higher scores are kept, in [0, 1].
        nms_thresh: IoU above which the lower of two boxes of a class is dropped.
        topk_per_image: Most detections an image; negative for all.

    Returns:
        Instances of each image with `pred_boxes`, `scores` and `pred_classes`, best first, and for
        each image the row of `boxes` that each comes from.
    """
    results = [
        _infer_image(*image, score_thresh, nms_thresh, topk_per_image)
        for image in zip(boxes, scores, image_shapes, strict=True)
    ]
    return [r for r, _ in results], [rows for _, rows in results]


def _infer_image(
    boxes: Tensor, scores: Tensor, image_shape: tuple[int, int], score_thresh: float, nms_thresh: float, topk: int
) -> tuple[Instances, Tensor]:
    num_box_classes = boxes.shape[1] // 4
    finite = torch.isfinite(boxes).all(dim=1) & torch.isfinite(scores).all(dim=1)
    rows, classes = nonzero_tuple((scores[:, :-1] > score_thresh) & finite.unsqueeze(1))
    candidates = boxes.view(-1, num_box_classes, 4)[rows, 0 if num_box_classes == 1 else classes]
    clipped = Boxes(candidates)
    clipped.clip(image_shape)
    candidate_scores = scores[rows, classes]
    keep = batched_nms(clipped.tensor, candidate_scores, classes, nms_thresh)
    if topk >= 0:
        keep = keep[:topk]
    result = Instances(image_shape, pred_boxes=clipped[keep], scores=candidate_scores[keep], pred_classes=classes[keep])
    return result, rows[keep]


def _log_classification(logits: Tensor, gt_classes: Tensor) -> None:
    """Put the accuracy over all, the accuracy over foreground, and foreground taken for background."""
    if gt_classes.numel() == 0:
        return
    background = logits.shape[1] - 1
    predicted = logits.argmax(dim=1)
    foreground = (gt_classes >= 0) & (gt_classes < background)
    num_foreground = foreground.sum().item()
    storage = get_event_storage()
    storage.put_scalar("fast_rcnn/cls_accuracy", (predicted == gt_classes).sum().item() / gt_classes.numel())
    if num_foreground:
        right = (predicted == gt_classes)[foreground].sum().item()
        missed = (predicted[foreground] == background).sum().item()
        storage.put_scalar("fast_rcnn/fg_cls_accuracy", right / num_foreground)
        storage.put_scalar("fast_rcnn/false_negative", missed / num_foreground)


class FastRCNNOutputLayers(nn.Module):
    """Linear layers for K + 1 scores and for box deltas, with their losses and inference.

    Args:
        input_shape: Shape of the features; they are flattened.
        box2box_transform: Encodes boxes as deltas to proposals.
        num_classes: K.
        test_score_thresh: See `fast_rcnn_inference`.
        test_nms_thresh: See there.
        test_topk_per_image: See there.
        cls_agnostic_bbox_reg: One box for all classes instead of one a class.
        smooth_l1_beta: Where the box loss turns from L2 to L1, in deltas; 0 is L1.
        box_reg_loss_type: Only `smooth_l1`.
        loss_weight: Factor of both losses, or of each by its name.
        use_fed_loss: Only False.
        use_sigmoid_ce: Only False.
        get_fed_loss_cls_weights: Has no effect without the federated loss.
        fed_loss_num_classes: Has no effect without the federated loss.
    """

    @configurable
    def __init__(
        self,
        input_shape: ShapeSpec,
        *,
        box2box_transform: Box2BoxTransform,
        num_classes: int,
        test_score_thresh: float = 0.0,
        test_nms_thresh: float = 0.5,
        test_topk_per_image: int = 100,
        cls_agnostic_bbox_reg: bool = False,
        smooth_l1_beta: float = 0.0,
        box_reg_loss_type: str = "smooth_l1",
        loss_weight: float | dict[str, float] = 1.0,
        use_fed_loss: bool = False,
        use_sigmoid_ce: bool = False,
        get_fed_loss_cls_weights: Callable | None = None,
        fed_loss_num_classes: int = 50,
    ) -> None:
        super().__init__()
        require("MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE", box_reg_loss_type, ("smooth_l1",))
        require("MODEL.ROI_BOX_HEAD.USE_FED_LOSS", use_fed_loss, (False,))
        require("MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE", use_sigmoid_ce, (False,))
        if isinstance(input_shape, int):
            input_shape = ShapeSpec(channels=input_shape)
        size = input_shape.channels * (input_shape.width or 1) * (input_shape.height or 1)
        self.num_classes = num_classes
        self.cls_score = nn.Linear(size, num_classes + 1)
        self.bbox_pred = nn.Linear(size, 4 * (1 if cls_agnostic_bbox_reg else num_classes))
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        nn.init.zeros_(self.cls_score.bias)
        nn.init.zeros_(self.bbox_pred.bias)
        self.box2box_transform = box2box_transform
        self.smooth_l1_beta = smooth_l1_beta
        self.test_score_thresh = test_score_thresh
        self.test_nms_thresh = test_nms_thresh
        self.test_topk_per_image = test_topk_per_image
        self.box_reg_loss_type = box_reg_loss_type
        if not isinstance(loss_weight, dict):
            loss_weight = {"loss_cls": loss_weight, "loss_box_reg": loss_weight}
        self.loss_weight = loss_weight

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_BOX_HEAD`, `MODEL.ROI_HEADS` and `TEST`."""
        c = cfg.MODEL.ROI_BOX_HEAD
        return {
            "input_shape": input_shape,
            "box2box_transform": Box2BoxTransform(weights=c.BBOX_REG_WEIGHTS),
            "num_classes": cfg.MODEL.ROI_HEADS.NUM_CLASSES,
            "cls_agnostic_bbox_reg": c.CLS_AGNOSTIC_BBOX_REG,
            "smooth_l1_beta": c.SMOOTH_L1_BETA,
            "test_score_thresh": cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST,
            "test_nms_thresh": cfg.MODEL.ROI_HEADS.NMS_THRESH_TEST,
            "test_topk_per_image": cfg.TEST.DETECTIONS_PER_IMAGE,
            "box_reg_loss_type": c.BBOX_REG_LOSS_TYPE,
            "loss_weight": {"loss_box_reg": c.BBOX_REG_LOSS_WEIGHT},
        }

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (M, ...) to logits (M, K + 1) and deltas (M, K * 4), or (M, 4) class-agnostic."""
        x = x.flatten(1)
        return self.cls_score(x), self.bbox_pred(x)

    def losses(self, predictions: tuple[Tensor, Tensor], proposals: list[Instances]) -> dict[str, Tensor]:
        """Return `loss_cls` and `loss_box_reg`.

        Args:
            predictions: What `forward` returns.
            proposals: Sampled proposals of each image with `proposal_boxes`, `gt_classes` and, where the
                image has ground truth, `gt_boxes`.
        """
        logits, deltas = predictions
        gt_classes = cat([p.gt_classes for p in proposals]) if proposals else logits.new_zeros(0).long()
        _log_classification(logits, gt_classes)
        boxes = gt_boxes = deltas.new_zeros((0, 4))
        if proposals:
            boxes = cat([p.proposal_boxes.tensor for p in proposals])
            # Images without ground truth have background only, whose boxes are not looked at.
            gt_boxes = cat([(p.gt_boxes if p.has("gt_boxes") else p.proposal_boxes).tensor for p in proposals])
        losses = {
            "loss_cls": cross_entropy(logits, gt_classes, reduction="mean"),
            "loss_box_reg": self.box_reg_loss(boxes, gt_boxes, deltas, gt_classes),
        }
        return {name: loss * self.loss_weight.get(name, 1.0) for name, loss in losses.items()}

    def box_reg_loss(self, proposal_boxes: Tensor, gt_boxes: Tensor, pred_deltas: Tensor, gt_classes: Tensor) -> Tensor:
        """Smooth L1 loss of the foreground, summed and divided by the number of all proposals.

        Dividing by all rather than by the foreground gives every foreground example the same weight
        whatever their number.

        Args:
            proposal_boxes: (M, 4).
            gt_boxes: (M, 4), meaningful for foreground.
            pred_deltas: (M, K * 4) or (M, 4).
            gt_classes: (M,), in [0, K]; K is background.
        """
        (foreground,) = nonzero_tuple((gt_classes >= 0) & (gt_classes < self.num_classes))
        deltas = pred_deltas.unflatten(1, (-1, 4))
        deltas = deltas[foreground, 0 if deltas.shape[1] == 1 else gt_classes[foreground]]
        targets = self.box2box_transform.get_deltas(proposal_boxes[foreground], gt_boxes[foreground])
        loss = smooth_l1_loss(deltas, targets, self.smooth_l1_beta, reduction="sum")
        return loss / max(gt_classes.numel(), 1.0)

    def inference(
        self, predictions: tuple[Tensor, Tensor], proposals: list[Instances]
    ) -> tuple[list[Instances], list[Tensor]]:
        """Choose detections among the predictions; see `fast_rcnn_inference`.

        Args:
            predictions: What `forward` returns.
            proposals: Proposals of each image with `proposal_boxes`.

        Returns:
            Instances of each image, and for each image the proposal that each comes from.
        """
        return fast_rcnn_inference(
            self.predict_boxes(predictions, proposals),
            self.predict_probs(predictions, proposals),
            [p.image_size for p in proposals],
            self.test_score_thresh,
            self.test_nms_thresh,
            self.test_topk_per_image,
        )

    def predict_boxes(self, predictions: tuple[Tensor, Tensor], proposals: list[Instances]) -> list[Tensor]:
        """Decoded boxes of each image.

        Args:
            predictions: What `forward` returns.
            proposals: Proposals of each image with `proposal_boxes`.

        Returns:
            XYXY, shape (R, K * 4), or (R, 4) class-agnostic.
        """
        if not proposals:
            return []
        boxes = cat([p.proposal_boxes.tensor for p in proposals])
        return list(self.box2box_transform.apply_deltas(predictions[1], boxes).split([len(p) for p in proposals]))

    def predict_boxes_for_gt_classes(
        self, predictions: tuple[Tensor, Tensor], proposals: list[Instances]
    ) -> list[Tensor]:
        """The decoded box of each proposal's class; arbitrary for background.

        Args:
            predictions: What `forward` returns.
            proposals: Proposals of each image with `proposal_boxes` and `gt_classes`.

        Returns:
            XYXY of each image, shape (R, 4).
        """
        results = []
        for boxes, p in zip(self.predict_boxes(predictions, proposals), proposals, strict=True):
            boxes = boxes.unflatten(1, (-1, 4))
            classes = p.gt_classes.clamp(0, boxes.shape[1] - 1)
            results.append(boxes[torch.arange(len(p), device=boxes.device), classes])
        return results

    def predict_probs(self, predictions: tuple[Tensor, Tensor], proposals: list[Instances]) -> list[Tensor]:
        """Probabilities of the classes and of background, for each image.

        Args:
            predictions: What `forward` returns.
            proposals: Proposals of each image; only their numbers count.

        Returns:
            In [0, 1], shape (R, K + 1).
        """
        return list(predictions[0].softmax(dim=-1).split([len(p) for p in proposals]))
