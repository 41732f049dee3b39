"""What all ROI heads share: labelling and sampling proposals for training.

Paper: Mask R-CNN, Sec. 3.1.  Shapes: N images, R proposals of an image, K classes.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec, nonzero_tuple
from detectron2.modeling.choices import lookup
from detectron2.modeling.matcher import Matcher
from detectron2.modeling.proposal_generator.proposal_utils import add_ground_truth_to_proposals
from detectron2.modeling.sampling import subsample_labels
from detectron2.structures import ImageList, Instances, pairwise_iou
from detectron2.utils.events import get_event_storage
from detectron2.utils.registry import Registry
from torch import Tensor, nn

ROI_HEADS_REGISTRY = Registry("ROI_HEADS")
"""Called as `obj(cfg, input_shape)` with the backbone's ShapeSpecs by name. Returns an ROIHeads."""


def build_roi_heads(cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> nn.Module:
    """Build the heads that `MODEL.ROI_HEADS.NAME` names.

    Args:
        cfg: Full config.
        input_shape: Shape of each of the backbone's outputs, by name.

    Raises:
        KeyError: nothing of that name is registered.
    """
    return lookup(ROI_HEADS_REGISTRY, "MODEL.ROI_HEADS.NAME", cfg.MODEL.ROI_HEADS.NAME)(cfg, input_shape)


def select_foreground_proposals(proposals: list[Instances], bg_label: int) -> tuple[list[Instances], list[Tensor]]:
    """Keep the proposals whose `gt_classes` is neither background nor ignored (-1).

    Args:
        proposals: Instances of each image with `gt_classes`.
        bg_label: The background's class, K.

    Returns:
        The kept proposals of each image, and for each image a mask (R,) of what was kept.
    """
    masks = [(p.gt_classes != -1) & (p.gt_classes != bg_label) for p in proposals]
    return [p[nonzero_tuple(mask)[0]] for p, mask in zip(proposals, masks, strict=True)], masks


class ROIHeads(nn.Module):
    """Base class: matches proposals to the ground truth and samples a minibatch of them.

    Subclasses do the computation on each RoI in `forward`.

    Args:
        num_classes: K, without the background.
        batch_size_per_image: Proposals an image to sample in training.
        positive_fraction: Largest fraction of foreground among them.
        proposal_matcher: Labels proposals by their IoU with the ground truth.
        proposal_append_gt: Whether the ground-truth boxes join the proposals in training.
    """

    @configurable
    def __init__(
        self,
        *,
        num_classes: int,
        batch_size_per_image: int,
        positive_fraction: float,
        proposal_matcher: Matcher,
        proposal_append_gt: bool = True,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.batch_size_per_image = batch_size_per_image
        self.positive_fraction = positive_fraction
        self.proposal_matcher = proposal_matcher
        self.proposal_append_gt = proposal_append_gt

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """Arguments from `MODEL.ROI_HEADS`."""
        c = cfg.MODEL.ROI_HEADS
        return {
            "num_classes": c.NUM_CLASSES,
            "batch_size_per_image": c.BATCH_SIZE_PER_IMAGE,
            "positive_fraction": c.POSITIVE_FRACTION,
            "proposal_matcher": Matcher(c.IOU_THRESHOLDS, c.IOU_LABELS, allow_low_quality_matches=False),
            "proposal_append_gt": c.PROPOSAL_APPEND_GT,
        }

    @torch.no_grad()
    def label_and_sample_proposals(self, proposals: list[Instances], targets: list[Instances]) -> list[Instances]:
        """Sample proposals and give each the ground truth that it matches.

        Args:
            proposals: Instances of each image with `proposal_boxes` and `objectness_logits`.
            targets: Ground truth of each image with `gt_boxes` and `gt_classes`; any other `gt_*`
                field is passed on.

        Returns:
            The sampled proposals of each image, foreground first, with the fields of both. `gt_classes`
            is K for background. The other `gt_*` fields mean something for foreground only, and are
            absent where the image has no ground truth.
        """
        if self.proposal_append_gt:
            proposals = add_ground_truth_to_proposals(targets, proposals)
        sampled, num_fg, num_bg = [], 0, 0
        for candidates, target in zip(proposals, targets, strict=True):
            index, labels = self.proposal_matcher(pairwise_iou(target.gt_boxes, candidates.proposal_boxes))
            classes = torch.full_like(index, self.num_classes)
            if len(target):
                classes = torch.where(labels == 1, target.gt_classes[index], classes)
                classes[labels == -1] = -1
            fg, bg = subsample_labels(classes, self.batch_size_per_image, self.positive_fraction, self.num_classes)
            chosen = torch.cat([fg, bg])
            chosen_proposals = candidates[chosen]
            chosen_proposals.gt_classes = classes[chosen]
            if len(target):
                for name, value in target.get_fields().items():
                    if name.startswith("gt_") and not chosen_proposals.has(name):
                        chosen_proposals.set(name, value[index[chosen]])
            sampled.append(chosen_proposals)
            num_fg += fg.numel()
            num_bg += bg.numel()
        storage = get_event_storage()
        storage.put_scalar("roi_head/num_fg_samples", num_fg / len(targets))
        storage.put_scalar("roi_head/num_bg_samples", num_bg / len(targets))
        return sampled

    def forward(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        """Compute losses in training, detections in testing.

        Args:
            images: N images.
            features: Feature maps by name.
            proposals: Instances of each image with `proposal_boxes` and `objectness_logits`.
            targets: Ground truth of each image, in training: `gt_boxes`, `gt_classes` and what the heads
                need of `gt_masks` and `gt_keypoints`.

        Returns:
            Detections of each image (in training of no meaning), and losses by name (in testing none).
        """
        raise NotImplementedError

    def _sample(self, proposals: list[Instances], targets: list[Instances] | None) -> list[Instances]:
        if targets is None:
            raise ValueError("ROI heads need ground truth in training: give each image 'instances'")
        return self.label_and_sample_proposals(proposals, targets)
