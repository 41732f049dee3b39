"""Layers and operators that models are built from."""

from detectron2.layers.batch_norm import FrozenBatchNorm2d, get_norm
from detectron2.layers.blocks import CNNBlockBase
from detectron2.layers.mask_ops import paste_masks_in_image
from detectron2.layers.nms import batched_nms
from detectron2.layers.roi_align import ROIAlign
from detectron2.layers.shape_spec import ShapeSpec
from detectron2.layers.wrappers import (
    Conv2d,
    ConvTranspose2d,
    Linear,
    cat,
    cross_entropy,
    interpolate,
    nonzero_tuple,
)

__all__ = [
    "CNNBlockBase",
    "Conv2d",
    "ConvTranspose2d",
    "FrozenBatchNorm2d",
    "Linear",
    "ROIAlign",
    "ShapeSpec",
    "batched_nms",
    "cat",
    "cross_entropy",
    "get_norm",
    "interpolate",
    "nonzero_tuple",
    "paste_masks_in_image",
]
