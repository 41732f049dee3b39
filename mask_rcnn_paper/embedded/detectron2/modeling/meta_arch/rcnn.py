"""Two-stage detectors, and the first stage alone."""

from typing import Any

from detectron2.config import CfgNode, configurable
from detectron2.modeling.backbone import Backbone, build_backbone
from detectron2.modeling.choices import require
from detectron2.modeling.meta_arch.build import META_ARCH_REGISTRY
from detectron2.modeling.meta_arch.image_model import BatchedInputs, ImageModel, postprocess
from detectron2.modeling.proposal_generator import build_proposal_generator
from detectron2.modeling.roi_heads import build_roi_heads
from detectron2.structures import ImageList, Instances
from torch import Tensor, nn


@META_ARCH_REGISTRY.register()
class GeneralizedRCNN(ImageModel):
    """Backbone, proposals, and heads on each proposal. Paper: Mask R-CNN, Sec. 3.

    Args:
        backbone: Maps images to features.
        proposal_generator: Maps features to proposals; None takes them from the inputs.
        roi_heads: Maps features and proposals to detections.
        pixel_mean: Subtracted from each channel.
        pixel_std: Divides each channel.
        input_format: Order of the channels, for information.
        vis_period: Only 0; the core draws no images.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        proposal_generator: nn.Module | None,
        roi_heads: nn.Module,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        input_format: str | None = None,
        vis_period: int = 0,
    ) -> None:
        super().__init__(backbone, pixel_mean, pixel_std)
        require("VIS_PERIOD", vis_period, (0,))
        self.proposal_generator = proposal_generator
        self.roi_heads = roi_heads
        self.input_format = input_format

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """Build the parts that the configuration names."""
        backbone = build_backbone(cfg)
        return {
            "backbone": backbone,
            "proposal_generator": build_proposal_generator(cfg, backbone.output_shape()),
            "roi_heads": build_roi_heads(cfg, backbone.output_shape()),
            "input_format": cfg.INPUT.FORMAT,
            "vis_period": cfg.VIS_PERIOD,
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
        }

    def forward(self, batched_inputs: BatchedInputs) -> dict[str, Tensor] | list[dict[str, Instances]]:
        """Compute losses in training, detections in testing.

        Args:
            batched_inputs: One dictionary an image: `image` (C, H, W) in [0, 255]; in training
                `instances`, the ground truth; `proposals` where the model has no proposal generator;
                `height` and `width`, the size of the results.

        Returns:
            Losses by name in training; in testing `{"instances": Instances}` for each image.
        """
        if not self.training:
            return self.inference(batched_inputs)
        images = self.preprocess_image(batched_inputs)
        gt_instances = self.field(batched_inputs, "instances")
        features = self.backbone(images.tensor)
        proposals, proposal_losses = self._propose(images, features, batched_inputs, gt_instances)
        _, losses = self.roi_heads(images, features, proposals, gt_instances)
        return {**losses, **proposal_losses}

    def inference(
        self,
        batched_inputs: BatchedInputs,
        detected_instances: list[Instances] | None = None,
        do_postprocess: bool = True,
    ) -> list[dict[str, Instances]] | list[Instances]:
        """Detect instances.

        Args:
            batched_inputs: See `forward`.
            detected_instances: Boxes already found, with `pred_boxes` and `pred_classes`; then only masks
                and keypoints are computed for them.
            do_postprocess: Whether to rescale the results; otherwise they are in the network's input
                pixels, with masks as (R, 1, M, M) probabilities.
        """
        if self.training:
            raise ValueError("inference needs a model in evaluation mode: call model.eval() before")
        images = self.preprocess_image(batched_inputs)
        features = self.backbone(images.tensor)
        if detected_instances is None:
            proposals, _ = self._propose(images, features, batched_inputs, None)
            results, _ = self.roi_heads(images, features, proposals, None)
        else:
            given = [x.to(self.device) for x in detected_instances]
            results = self.roi_heads.forward_with_given_boxes(features, given)
        if not do_postprocess:
            return results
        return postprocess(results, batched_inputs, images.image_sizes, "instances")

    def _propose(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        batched_inputs: BatchedInputs,
        gt_instances: list[Instances] | None,
    ) -> tuple[list[Instances], dict[str, Tensor]]:
        if self.proposal_generator is not None:
            return self.proposal_generator(images, features, gt_instances)
        proposals = self.field(batched_inputs, "proposals")
        if proposals is None:
            raise ValueError(
                "MODEL.PROPOSAL_GENERATOR.NAME='PrecomputedProposals' but the inputs have no proposals: set "
                "MODEL.LOAD_PROPOSALS True and DATASETS.PROPOSAL_FILES_TRAIN and _TEST"
            )
        return proposals, {}


@META_ARCH_REGISTRY.register()
class ProposalNetwork(ImageModel):
    """Backbone and proposal generator only: the first stage of stage-wise training.

    The arguments are those of `GeneralizedRCNN`.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        proposal_generator: nn.Module,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
    ) -> None:
        super().__init__(backbone, pixel_mean, pixel_std)
        if proposal_generator is None:
            raise ValueError("MODEL.PROPOSAL_GENERATOR.NAME='PrecomputedProposals': a ProposalNetwork needs RPN")
        self.proposal_generator = proposal_generator

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """Build the parts that the configuration names."""
        backbone = build_backbone(cfg)
        return {
            "backbone": backbone,
            "proposal_generator": build_proposal_generator(cfg, backbone.output_shape()),
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
        }

    def forward(self, batched_inputs: BatchedInputs) -> dict[str, Tensor] | list[dict[str, Instances]]:
        """Compute the RPN's losses in training, `{"proposals": Instances}` for each image in testing."""
        images = self.preprocess_image(batched_inputs)
        features = self.backbone(images.tensor)
        gt_instances = self.field(batched_inputs, "instances") if self.training else None
        proposals, losses = self.proposal_generator(images, features, gt_instances)
        if self.training:
            return losses
        return postprocess(proposals, batched_inputs, images.image_sizes, "proposals")
