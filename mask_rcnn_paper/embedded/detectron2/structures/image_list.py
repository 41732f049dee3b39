"""Images of different sizes in one padded tensor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ImageList:
    """A padded batch that remembers the size of each image; indexing gives an image without its padding.

    `from_tensors` pads images to a batch.

    Args:
        tensor: Shape (N, C, H, W) or (N, H, W); images start at the top left corner.
        image_sizes: (height, width) of each image before padding.

    Attributes:
        tensor: As given.
        image_sizes: As given, in Python integers.
    """

    def __init__(self, tensor: Tensor, image_sizes: list[tuple[int, int]]) -> None:
        self.tensor = tensor
        self.image_sizes = [(int(height), int(width)) for height, width in image_sizes]

    def __len__(self) -> int:
        return len(self.image_sizes)

    def __getitem__(self, idx: int) -> Tensor:
        """Image `idx` without padding, shape (C, H, W) or (H, W); a view."""
        height, width = self.image_sizes[idx]
        return self.tensor[idx, ..., :height, :width]

    def to(self, *args: Any, **kwargs: Any) -> ImageList:
        """The batch on another device or in another dtype."""
        return ImageList(self.tensor.to(*args, **kwargs), self.image_sizes)

    @property
    def device(self) -> torch.device:
        """Where the batch is."""
        return self.tensor.device

    @staticmethod
    def from_tensors(
        tensors: list[Tensor],
        size_divisibility: int = 0,
        pad_value: float = 0.0,
        padding_constraints: dict[str, int] | None = None,
    ) -> ImageList:
        """Pad images at the right and the bottom to a common size and stack them.

        Args:
            tensors: At least one image, each of shape (C, H, W) or (H, W), with equal C.
            size_divisibility: Height and width of the batch become multiples of it, if greater than 1.
            pad_value: Value of the padding.
            padding_constraints: What a backbone asks for: `size_divisibility` replaces the argument of that
                name; `square_size`, if positive, is the side of the batch whatever the images' sizes.

        Raises:
            ValueError: no tensors, images of different channels, or larger than `square_size`.
        """
        if not tensors:
            raise ValueError("ImageList.from_tensors needs at least one image")
        if any(image.shape[:-2] != tensors[0].shape[:-2] for image in tensors):
            raise ValueError(f"images differ in channels: shapes {[tuple(image.shape) for image in tensors]}")
        sizes = [(image.shape[-2], image.shape[-1]) for image in tensors]
        shape = [max(side) for side in zip(*sizes, strict=True)]
        constraints = padding_constraints or {}
        square = constraints.get("square_size", 0)
        if square > 0:
            if max(shape) > square:
                raise ValueError(f"images of up to {shape[0]} x {shape[1]} do not fit square_size={square}")
            shape = [square, square]
        divisor = constraints.get("size_divisibility", size_divisibility)
        if divisor > 1:
            shape = [-(-side // divisor) * divisor for side in shape]
        batch = tensors[0].new_full((len(tensors), *tensors[0].shape[:-2], *shape), pad_value)
        for padded, image, (height, width) in zip(batch, tensors, sizes, strict=True):
            padded[..., :height, :width].copy_(image)
        return ImageList(batch, sizes)
