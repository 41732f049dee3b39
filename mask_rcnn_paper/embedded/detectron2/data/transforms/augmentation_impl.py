"""Resizing and flipping."""

import sys

import numpy as np
from fvcore.transforms.transform import HFlipTransform, NoOpTransform, Transform, VFlipTransform
from PIL import Image

from .augmentation import Augmentation
from .transform import ResizeTransform

__all__ = ["RandomFlip", "ResizeShortestEdge"]


class RandomFlip(Augmentation):
    """Flip the image with some probability.

    Args:
        prob: Probability in [0, 1].
        horizontal: Swap left and right.
        vertical: Swap top and bottom.

    Raises:
        ValueError: not exactly one of the directions is chosen.
    """

    def __init__(self, prob: float = 0.5, *, horizontal: bool = True, vertical: bool = False) -> None:
        if horizontal == vertical:
            raise ValueError(f"RandomFlip(horizontal={horizontal}, vertical={vertical}): choose one; for both, use two")
        self.prob, self.horizontal, self.vertical = prob, horizontal, vertical

    def get_transform(self, image: np.ndarray) -> Transform:
        """A flip or no transform."""
        if self._rand_range() >= self.prob:
            return NoOpTransform()
        return HFlipTransform(image.shape[1]) if self.horizontal else VFlipTransform(image.shape[0])


class ResizeShortestEdge(Augmentation):
    """Resize so that the short side gets a chosen length, but the long side no more than a limit.

    Args:
        short_edge_length: Lengths in pixels to choose from, or (lowest, highest) of a range; or one length. 0
            leaves images as they are.
        max_size: Limit of the long side in pixels.
        sample_style: "choice" or "range".
        interp: PIL resampling filter.

    Raises:
        ValueError: another `sample_style`, or a range that is not two lengths.
    """

    def __init__(
        self,
        short_edge_length: int | tuple[int, ...] | list[int],
        max_size: int = sys.maxsize,
        sample_style: str = "range",
        interp: int = Image.BILINEAR,
    ) -> None:
        if sample_style not in ("range", "choice"):
            raise ValueError(f"INPUT.MIN_SIZE_TRAIN_SAMPLING={sample_style!r}: choose range or choice")
        lengths = (short_edge_length,) * 2 if isinstance(short_edge_length, int) else tuple(short_edge_length)
        self.is_range = sample_style == "range"
        if self.is_range and len(lengths) != 2:
            raise ValueError(f"INPUT.MIN_SIZE_TRAIN (short_edge_length)={lengths!r}: a range is two lengths")
        self.short_edge_length, self.max_size, self.sample_style = lengths, max_size, sample_style
        self.interp = interp

    def get_transform(self, image: np.ndarray) -> Transform:
        """The resize for this image and a drawn length."""
        h, w = image.shape[:2]
        if self.is_range:
            size = np.random.randint(self.short_edge_length[0], self.short_edge_length[1] + 1)
        else:
            size = np.random.choice(self.short_edge_length)
        if size == 0:
            return NoOpTransform()
        return ResizeTransform(h, w, *self.get_output_shape(h, w, int(size), self.max_size), self.interp)

    @staticmethod
    def get_output_shape(oldh: int, oldw: int, short_edge_length: int, max_size: int) -> tuple[int, int]:
        """Size of an image after resizing.

        Args:
            oldh: Height in pixels.
            oldw: Width in pixels.
            short_edge_length: What the short side becomes, in pixels, if `max_size` allows it.
            max_size: Limit of the long side in pixels.

        Returns:
            Height and width in pixels, rounded half up.
        """
        size = float(short_edge_length)
        scale = size / min(oldh, oldw)
        newh, neww = (size, scale * oldw) if oldh < oldw else (scale * oldh, size)
        if max(newh, neww) > max_size:
            shrink = max_size / max(newh, neww)
            newh, neww = newh * shrink, neww * shrink
        return int(newh + 0.5), int(neww + 0.5)
