"""The geometric transform of resizing; the other transforms are fvcore's."""

import numpy as np
from fvcore.transforms.transform import Transform
from PIL import Image


class ResizeTransform(Transform):
    """Resize an image and what belongs to it.

    PIL does it, whose filters average over the source pixels when shrinking.

    Args:
        h: Original height in pixels.
        w: Original width in pixels.
        new_h: New height in pixels.
        new_w: New width in pixels.
        interp: A PIL resampling filter; None for bilinear.
    """

    def __init__(self, h: int, w: int, new_h: int, new_w: int, interp: int | None = None) -> None:
        super().__init__()
        self.h, self.w, self.new_h, self.new_w = h, w, new_h, new_w
        self.interp = Image.BILINEAR if interp is None else interp

    def apply_image(self, img: np.ndarray, interp: int | None = None) -> np.ndarray:
        """Resize an image.

        Args:
            img: (h, w) or (h, w, C), uint8 (detectron2 also takes floating point).
            interp: Filter in place of the transform's own.

        Raises:
            ValueError: the image is not h x w, or not uint8.
        """
        if img.shape[:2] != (self.h, self.w) or img.dtype != np.uint8:
            raise ValueError(f"expected a uint8 image of {self.h}x{self.w}, found {img.dtype} of {img.shape}")
        single = img.ndim == 3 and img.shape[2] == 1
        image = Image.fromarray(img[:, :, 0] if single else img)
        out = np.asarray(image.resize((self.new_w, self.new_h), self.interp if interp is None else interp))
        return out[:, :, None] if single else out

    def apply_coords(self, coords: np.ndarray) -> np.ndarray:
        """Scale (N, 2) points x, y in place; the image's corners stay its corners."""
        coords[:, 0] = coords[:, 0] * (self.new_w / self.w)
        coords[:, 1] = coords[:, 1] * (self.new_h / self.h)
        return coords

    def apply_segmentation(self, segmentation: np.ndarray) -> np.ndarray:
        """Resize a label map or binary mask without making new values."""
        return self.apply_image(segmentation, interp=Image.NEAREST)

    def inverse(self) -> "ResizeTransform":
        """The transform back to the original size."""
        return ResizeTransform(self.new_h, self.new_w, self.h, self.w, self.interp)
