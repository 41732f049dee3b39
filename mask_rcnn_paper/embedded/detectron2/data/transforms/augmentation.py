"""Augmentations: policies that look at an input and choose a transform for it."""

import inspect
from typing import Any

import numpy as np
from fvcore.transforms.transform import Transform, TransformList

__all__ = ["AugInput", "Augmentation", "AugmentationList"]


class Augmentation:
    """Base class: implement `get_transform`, whose argument names say what it wants of the `AugInput`."""

    def get_transform(self, *args: Any) -> Transform:
        """Choose a transform, at random where the policy is random.

        Args:
            *args: Attributes of the input, each under the name of the argument, e.g. `image`.
        """
        raise NotImplementedError(f"{type(self).__name__}.get_transform")

    def __call__(self, aug_input: "AugInput") -> Transform:
        """Choose a transform for the input, apply it in place, and return it."""
        tfm = self.get_transform(*self._wanted_of(aug_input))
        aug_input.transform(tfm)
        return tfm

    def _wanted_of(self, aug_input: "AugInput") -> list[Any]:
        names = list(inspect.signature(self.get_transform).parameters)
        missing = [n for n in names if not hasattr(aug_input, n)]
        if missing:
            raise AttributeError(f"{type(self).__name__}: a {type(aug_input).__name__} has no {missing}")
        return [getattr(aug_input, n) for n in names]

    def _rand_range(self, low: float = 1.0, high: float | None = None, size: Any = None) -> Any:
        """Uniform in [low, high), or in [0, low) where only one bound is given.

        Draws from numpy's global generator, as detectron2's own do; the loader seeds it in each worker.
        """
        low, high = (0.0, low) if high is None else (low, high)
        return np.random.uniform(low, high, size)

    def __repr__(self) -> str:
        names = inspect.signature(type(self).__init__).parameters
        shown = [f"{n}={getattr(self, n)!r}" for n in names if hasattr(self, n)]
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__


class _Always(Augmentation):
    """A fixed transform as an augmentation."""

    def __init__(self, tfm: Transform) -> None:
        self.tfm = tfm

    def get_transform(self) -> Transform:
        return self.tfm

    def __repr__(self) -> str:
        return repr(self.tfm)


class AugmentationList(Augmentation):
    """Augmentations one after the other, each on the result of the last.

    Args:
        augs: `Augmentation` or fixed `Transform` objects.

    Raises:
        ValueError: an element is neither.
    """

    def __init__(self, augs: list[Augmentation | Transform]) -> None:
        wrong = [a for a in augs if not isinstance(a, Augmentation | Transform)]
        if wrong:
            raise ValueError(f"augmentations={wrong!r}: each must be an Augmentation or a Transform")
        self.augs = [_Always(a) if isinstance(a, Transform) else a for a in augs]

    def __call__(self, aug_input: "AugInput") -> TransformList:
        """Apply all in place; returns the chosen transforms."""
        return TransformList([aug(aug_input) for aug in self.augs])

    def __repr__(self) -> str:
        return f"AugmentationList[{', '.join(map(repr, self.augs))}]"

    __str__ = __repr__


class AugInput:
    """What augmentations see and change in place.

    Args:
        image: (H, W) or (H, W, C), uint8 in [0, 255] or floating point.
        boxes: (N, 4) XYXY in absolute pixels.
        sem_seg: (H, W) uint8, a class per pixel.

    Raises:
        ValueError: the image has another type or number of dimensions.
    """

    def __init__(
        self, image: np.ndarray, *, boxes: np.ndarray | None = None, sem_seg: np.ndarray | None = None
    ) -> None:
        if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
            raise ValueError(f"an image must be an array (H, W) or (H, W, C), not {type(image)}")
        if image.dtype != np.uint8 and not np.issubdtype(image.dtype, np.floating):
            raise ValueError(f"an image must be uint8 or floating point, not {image.dtype}")
        self.image, self.boxes, self.sem_seg = image, boxes, sem_seg

    def transform(self, tfm: Transform) -> None:
        """Apply a transform to everything present, in place."""
        self.image = tfm.apply_image(self.image)
        if self.boxes is not None:
            self.boxes = tfm.apply_box(self.boxes)
        if self.sem_seg is not None:
            self.sem_seg = tfm.apply_segmentation(self.sem_seg)
