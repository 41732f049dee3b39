"""From input dictionaries to one batch of images, and from its results to those of each input."""

from typing import Any

import torch
from detectron2.modeling.backbone import Backbone
from detectron2.modeling.postprocessing import detector_postprocess
from detectron2.structures import ImageList, Instances
from torch import Tensor, nn

BatchedInputs = list[dict[str, Any]]


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)


class ImageModel(nn.Module):
    """What all models share: pixel normalisation, batching and rescaling."""

    def __init__(self, backbone: Backbone, pixel_mean: tuple[float, ...], pixel_std: tuple[float, ...]) -> None:
        super().__init__()
        if len(pixel_mean) != len(pixel_std):
            found = f"MODEL.PIXEL_MEAN={list(pixel_mean)} and MODEL.PIXEL_STD={list(pixel_std)}"
            raise ValueError(f"{found}: give one number a channel")
        self.backbone = backbone
        self.register_buffer("pixel_mean", _per_channel(pixel_mean), persistent=False)
        self.register_buffer("pixel_std", _per_channel(pixel_std), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self.pixel_mean.device

    def preprocess_image(self, batched_inputs: BatchedInputs) -> ImageList:
        """Normalise the images and pad them to one batch (N, C, H, W)."""
        images = [(x["image"].to(self.device) - self.pixel_mean) / self.pixel_std for x in batched_inputs]
        return ImageList.from_tensors(
            images, self.backbone.size_divisibility, padding_constraints=self.backbone.padding_constraints
        )

    def field(self, batched_inputs: BatchedInputs, name: str) -> list[Instances] | None:
        """One Instances an image on the model's device, or None where the inputs lack them."""
        if name not in batched_inputs[0]:
            return None
        return [x[name].to(self.device) for x in batched_inputs]


def postprocess(
    instances: list[Instances], batched_inputs: BatchedInputs, image_sizes: list[tuple[int, int]], key: str
) -> list[dict[str, Instances]]:
    """Rescale results to the `height` and `width` of each input, by default the image's own."""
    return [
        {key: detector_postprocess(r, x.get("height", size[0]), x.get("width", size[1]))}
        for r, x, size in zip(instances, batched_inputs, image_sizes, strict=True)
    ]
