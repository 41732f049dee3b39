"""TensorMask: dense masks in sliding windows, with or without boxes.

Paper: TensorMask (Chen et al., ICCV 2019), Section 6 and Appendix A.3 and A.4: the whole model, "box-only" without its
mask branch (MODEL.MASK_ON), and mask-only without its box branch (MODEL.TENSOR_MASK.BOX_ON).

Shape shorthand: N images, W windows of an image, K classes, P positive windows, R detections.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import batched_nms
from detectron2.modeling import (
    META_ARCH_REGISTRY,
    Backbone,
    build_anchor_generator,
    build_backbone,
    detector_postprocess,
)
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.structures import Boxes, ImageList, Instances
from detectron2.utils.events import get_event_storage
from torch import Tensor, nn

from mask_rcnn_paper.modeling.mask_box_nms import OF_MASKS, MaskBoxNMS, by_masks
from mask_rcnn_paper.modeling.tensormask_head import TensorMaskHead
from mask_rcnn_paper.modeling.window_assignment import BACKGROUND, assign_windows
from mask_rcnn_paper.modeling.window_grid import WindowGrid
from mask_rcnn_paper.modeling.window_losses import box_loss, class_loss, mask_loss
from mask_rcnn_paper.modeling.window_masks import WindowMasks

BatchedInputs = list[dict[str, Any]]


@META_ARCH_REGISTRY.register()
class TensorMask(nn.Module):
    """Backbone and head; called as detectron2's detectors are.

    Args:
        backbone: Maps images to features.
        head: Class, box and mask branches.
        in_features: Names of the feature maps, fine to coarse.
        window_generator: Makes the windows of each level, as an anchor generator with squares.
        box2box_transform: Encodes boxes as deltas to windows.
        focal_loss_alpha: Of `class_loss`.
        focal_loss_gamma: Of `class_loss`.
        mask_loss_weight: Factor of the mask loss.
        positive_weight: Of `mask_loss`.
        test_limits: Detections score more than the first; the second is the most of an image before NMS.
        test_nms_thresh: IoU threshold of NMS on regressed boxes.
        max_detections_per_image: Most detections after it.
        mask_box_nms: NMS on the boxes of masks; None for that on regressed boxes.
        pixel_mean: Subtracted from each channel.
        pixel_std: Divides each channel.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        head: TensorMaskHead,
        in_features: list[str],
        window_generator: nn.Module,
        box2box_transform: Box2BoxTransform,
        focal_loss_alpha: float,
        focal_loss_gamma: float,
        mask_loss_weight: float,
        positive_weight: float,
        test_limits: tuple[float, int],
        test_nms_thresh: float,
        max_detections_per_image: int,
        mask_box_nms: MaskBoxNMS | None,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.in_features = in_features
        self.window_generator = window_generator
        self.box2box_transform = box2box_transform
        self.focal_loss_alpha = focal_loss_alpha
        self.focal_loss_gamma = focal_loss_gamma
        self.mask_loss_weight = mask_loss_weight
        self.positive_weight = positive_weight
        self.test_limits = test_limits
        self.test_nms_thresh = test_nms_thresh
        self.max_detections_per_image = max_detections_per_image
        self.mask_box_nms = mask_box_nms
        for name, values in (("pixel_mean", pixel_mean), ("pixel_std", pixel_std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).view(-1, 1, 1), persistent=False)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """Arguments from MODEL.TENSOR_MASK and TEST, and the parts that the configuration names.

        Raises:
            ValueError: the branches and TEST.NMS_BOXES do not fit together, or windows are not squares about a cell's
                coordinate.
        """
        c, windows = cfg.MODEL.TENSOR_MASK, cfg.MODEL.ANCHOR_GENERATOR
        nms_by_masks = by_masks(cfg.TEST.NMS_BOXES, cfg.MODEL.MASK_ON)
        if not (c.BOX_ON or nms_by_masks):
            found = f"TEST.NMS_BOXES={cfg.TEST.NMS_BOXES!r} with MODEL.TENSOR_MASK.BOX_ON=False"
            raise ValueError(f"{found}: no box is regressed; set it to {OF_MASKS!r}")
        if windows.OFFSET != 0 or any(list(ratios) != [1.0] for ratios in windows.ASPECT_RATIOS):
            found = f"OFFSET={windows.OFFSET} and ASPECT_RATIOS={windows.ASPECT_RATIOS}"
            raise ValueError(f"MODEL.ANCHOR_GENERATOR.{found}: TensorMask's windows need 0.0 and [[1.0]]")
        backbone = build_backbone(cfg)
        shapes = backbone.output_shape()
        if missing := [name for name in c.IN_FEATURES if name not in shapes]:
            raise ValueError(f"MODEL.TENSOR_MASK.IN_FEATURES: no {missing}; the backbone has {', '.join(shapes)}")
        levels = [shapes[name] for name in c.IN_FEATURES]
        return {
            "backbone": backbone,
            "head": TensorMaskHead(cfg, levels),
            "in_features": c.IN_FEATURES,
            "window_generator": build_anchor_generator(cfg, levels),
            "box2box_transform": Box2BoxTransform(weights=c.BBOX_REG_WEIGHTS),
            "focal_loss_alpha": c.FOCAL_LOSS_ALPHA,
            "focal_loss_gamma": c.FOCAL_LOSS_GAMMA,
            "mask_loss_weight": c.MASK_LOSS_WEIGHT,
            "positive_weight": c.POSITIVE_WEIGHT,
            "test_limits": (c.SCORE_THRESH_TEST, cfg.TEST.NMS_CANDIDATES if nms_by_masks else c.TOPK_CANDIDATES_TEST),
            "test_nms_thresh": c.NMS_THRESH_TEST,
            "max_detections_per_image": cfg.TEST.DETECTIONS_PER_IMAGE,
            "mask_box_nms": MaskBoxNMS(c.NMS_THRESH_TEST, cfg.TEST.DETECTIONS_PER_IMAGE) if nms_by_masks else None,
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
        }

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self.pixel_mean.device

    def forward(self, batched_inputs: BatchedInputs) -> dict[str, Tensor] | list[dict[str, Instances]]:
        """Compute losses in training, detections in testing.

        Args:
            batched_inputs: One dictionary an image: `image` (C, H, W) in [0, 255]; in training `instances`, the ground
                truth; `height` and `width`, the size of the results.

        Returns:
            In training `loss_cls`, `loss_box_reg` with boxes, `loss_mask` with masks; in testing
            `{"instances": Instances}` for each image.
        """
        pixels = [(x["image"].to(self.device) - self.pixel_mean) / self.pixel_std for x in batched_inputs]
        constraints = self.backbone.padding_constraints
        images = ImageList.from_tensors(pixels, self.backbone.size_divisibility, padding_constraints=constraints)
        features = self.backbone(images.tensor)
        maps = [features[name] for name in self.in_features]
        windows = WindowGrid.of_maps(self.window_generator(maps), maps)
        if self.training:
            return self._losses(maps, windows, [x["instances"].to(self.device) for x in batched_inputs])
        results = self._detect(maps, windows, images.image_sizes)
        return [
            {"instances": detector_postprocess(found, x.get("height", size[0]), x.get("width", size[1]))}
            for found, x, size in zip(results, batched_inputs, images.image_sizes, strict=True)
        ]

    def _losses(self, maps: list[Tensor], windows: WindowGrid, truth: list[Instances]) -> dict[str, Tensor]:
        logits, deltas = self.head(maps)
        strides = torch.tensor(self.window_generator.strides, device=self.device)
        objects = torch.stack([assign_windows(x.gt_boxes.tensor, windows.boxes, strides[windows.level]) for x in truth])
        image, window = (objects != BACKGROUND).nonzero(as_tuple=True)
        positive, assigned = windows.of_images(image, window), objects[image, window]
        get_event_storage().put_scalar("num_pos_windows", len(positive) / len(truth))
        normalizer = max(1, len(positive))
        classes = torch.full_like(objects, BACKGROUND)
        classes[image, window] = _of_objects([x.gt_classes for x in truth], image, assigned)
        focal = class_loss(logits.flatten(0, 1), classes.flatten(), self.focal_loss_alpha, self.focal_loss_gamma)
        losses = {"loss_cls": focal / normalizer}
        if self.head.box_on:
            boxes = _of_objects([x.gt_boxes.tensor for x in truth], image, assigned)
            targets = self.box2box_transform.get_deltas(positive.boxes, boxes)
            losses["loss_box_reg"] = box_loss(deltas[image, window], targets) / normalizer
        if self.head.mask_on:
            total = self._mask_loss(maps, positive, assigned, truth)
            losses["loss_mask"] = self.mask_loss_weight * total / normalizer
        return losses

    def _mask_loss(self, maps: list[Tensor], positive: WindowGrid, assigned: Tensor, truth: list[Instances]) -> Tensor:
        losses = []
        for rows, logits in self.head.mask_logits(maps, positive):
            windows, of_rows = positive[rows], assigned[rows]
            masks = [  # rows are ordered by image
                x.gt_masks[of_rows[windows.image == i]].crop_and_resize(
                    windows.boxes[windows.image == i], logits.shape[-1]
                )
                for i, x in enumerate(truth)
                if (windows.image == i).any()
            ]
            targets = torch.cat(masks) if masks else torch.zeros_like(logits, dtype=torch.bool)
            losses.append(mask_loss(logits, targets.to(logits.device), self.positive_weight))
        return torch.stack(losses).sum()

    def _detect(self, maps: list[Tensor], windows: WindowGrid, sizes: list[tuple[int, int]]) -> list[Instances]:
        logits, deltas = self.head(maps)
        found, chosen = [], []
        for i, size in enumerate(sizes):
            scores, window, classes = best_windows(logits[i].sigmoid(), *self.test_limits)
            of_image = windows.of_images(torch.full_like(window, i), window)
            boxes = of_image.boxes  # without a box branch until there are masks
            if deltas is not None:
                boxes = self.box2box_transform.apply_deltas(deltas[i][window], boxes)
            detections = Instances(size, pred_boxes=Boxes(boxes), scores=scores, pred_classes=classes)
            if self.mask_box_nms is None:
                keep = batched_nms(boxes, scores, classes, self.test_nms_thresh)[: self.max_detections_per_image]
                detections, of_image = detections[keep], of_image[keep]
            found.append(detections)
            chosen.append(of_image)
        if self.head.mask_on:
            self._add_masks(maps, found, chosen)
        return found if self.mask_box_nms is None else [self.mask_box_nms(detections) for detections in found]

    def _add_masks(self, maps: list[Tensor], found: list[Instances], chosen: list[WindowGrid]) -> None:
        """Set `pred_masks`, `WindowMasks`, of the detections of each image."""
        masks: dict[int, Tensor] = {}
        for rows, logits in self.head.mask_logits(maps, WindowGrid.cat(chosen)):
            masks.update(zip(rows.tolist(), logits.sigmoid(), strict=True))
        first = 0
        for detections, windows in zip(found, chosen, strict=True):
            of_image = [masks[first + i] for i in range(len(windows))]
            detections.pred_masks = WindowMasks(of_image, Boxes(windows.boxes), detections.image_size)
            first += len(windows)


def best_windows(scores: Tensor, threshold: float, topk: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best scores of an image's windows.

    Args:
        scores: (W, K).
        threshold: They are greater.
        topk: Most of them.

    Returns:
        Scores (R,), best first, their windows (R,) and their classes (R,), both long.
    """
    place = (scores > threshold).nonzero()
    found, order = scores[place.unbind(1)].sort(descending=True, stable=True)
    return found[:topk], *place[order[:topk]].unbind(1)


def _of_objects(values: list[Tensor], image: Tensor, index: Tensor) -> Tensor:
    """Rows of the values of each image's objects: those of `image` (P,) at `index` (P,)."""
    first = torch.tensor([0, *(len(x) for x in values[:-1])], device=image.device).cumsum(0)
    return torch.cat(values)[first[image] + index]
