"""Instance masks as bitmaps, as polygons, and as grids that belong to boxes.

Shape shorthand: N instances, H x W pixels, mask side M.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from detectron2.layers.mask_ops import paste_masks_in_image
from detectron2.layers.roi_align import ROIAlign
from pycocotools import mask as coco_mask
from torch import Tensor


def polygons_to_bitmask(polygons: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """Rasterise the union of polygons with the COCO API.

    Args:
        polygons: Each x0, y0, x1, y1, ... in pixels.
        height: Rows.
        width: Columns.

    Returns:
        Bool, shape (height, width).
    """
    if len(polygons) == 0:
        return np.zeros((height, width), dtype=bool)
    runs = coco_mask.frPyObjects(list(polygons), height, width)
    return coco_mask.decode(coco_mask.merge(runs)).astype(bool)


def rasterize_polygons_within_box(polygons: list[np.ndarray], box: np.ndarray, mask_size: int) -> Tensor:
    """Rasterise polygons on an M x M grid laid over a box: the target of the mask branch for that box.

    Args:
        polygons: Each x0, y0, x1, y1, ... in pixels, float64.
        box: XYXY, shape (4,), float32 where detectron2's pixels are wanted.
        mask_size: M.

    Returns:
        Bool, shape (M, M).
    """
    # The grid's scale is rounded to the type of the box, as in detectron2: where the box is the instance's own, points
    # lie on the grid's border, and the last bit of the scale decides which pixels they fill.
    origin, extent = box[:2], box[2:] - box[:2]
    # A lower limit on the sides keeps the scale finite for boxes without extent.
    scale = mask_size / np.maximum(extent, 0.1)
    moved = [((np.asarray(p).reshape(-1, 2) - origin) * scale).reshape(-1) for p in polygons]
    return torch.from_numpy(polygons_to_bitmask(moved, mask_size, mask_size))


class BitMasks:
    """One bitmap of the whole image per instance; indexing selects instances.

    Args:
        tensor: Shape (N, H, W); what is not zero is foreground.

    Attributes:
        tensor: Bool, shape (N, H, W).
        image_size: (H, W).

    Raises:
        ValueError: another number of dimensions.
    """

    def __init__(self, tensor: Tensor | np.ndarray) -> None:
        tensor = torch.as_tensor(tensor).to(torch.bool)
        if tensor.dim() != 3:
            raise ValueError(f"bitmaps of shape {tuple(tensor.shape)}: need (N, H, W)")
        self.image_size = tuple(tensor.shape[1:])
        self.tensor = tensor

    def to(self, *args: Any, **kwargs: Any) -> BitMasks:
        """The bitmaps on another device."""
        return BitMasks(self.tensor.to(*args, **kwargs))

    @property
    def device(self) -> torch.device:
        """Where the bitmaps are."""
        return self.tensor.device

    def __getitem__(self, item: int | slice | Tensor) -> BitMasks:
        """Select by an integer, a slice, or a tensor of indices or bools; always gives `BitMasks`."""
        return BitMasks(self.tensor[item].unsqueeze(0) if isinstance(item, int) else self.tensor[item])

    def __iter__(self) -> Iterator[Tensor]:
        """One bitmap at a time, bool, shape (H, W)."""
        yield from self.tensor

    def __len__(self) -> int:
        return self.tensor.shape[0]

    def __repr__(self) -> str:
        return f"BitMasks(num_instances={len(self)}, image_size={self.image_size})"

    def nonempty(self) -> Tensor:
        """Whether a mask has any pixel, bool, shape (N,)."""
        return self.tensor.flatten(1).any(dim=1)

    def crop_and_resize(self, boxes: Tensor, mask_size: int) -> Tensor:
        """Resample each mask on a grid laid over its box: the target of the mask branch for that box.

        Args:
            boxes: XYXY, one per mask, shape (N, 4).
            mask_size: M.

        Returns:
            Bool, shape (N, M, M), on the masks' device.

        Raises:
            ValueError: not as many boxes as masks.
        """
        _check_equal_length(boxes, self)
        index = torch.arange(len(boxes), dtype=torch.float32, device=self.device)
        rois = torch.cat([index[:, None], boxes.to(self.device, torch.float32)], dim=1)
        align = ROIAlign((mask_size, mask_size), 1.0, 0, aligned=True)
        return align(self.tensor[:, None].float(), rois)[:, 0] >= 0.5

    @staticmethod
    def cat(bitmasks_list: list[BitMasks]) -> BitMasks:
        """All masks of a list that is not empty."""
        return BitMasks(torch.cat([masks.tensor for masks in bitmasks_list], dim=0))


class PolygonMasks:
    """A list of polygons per instance, on the CPU; indexing selects instances.

    Args:
        polygons: For each instance a list of arrays, tensors or lists.

    Attributes:
        polygons: For each instance its polygons, float64 arrays x0, y0, x1, y1, ...

    Raises:
        ValueError: not nested like that, or a polygon with fewer than 3 points or half a point.
    """

    def __init__(self, polygons: list[list[Tensor | np.ndarray]]) -> None:
        if not isinstance(polygons, list) or not all(isinstance(instance, list) for instance in polygons):
            raise ValueError("PolygonMasks need a list (instances) of lists (polygons) of x0, y0, x1, ...")
        self.polygons = [[_as_polygon(polygon) for polygon in instance] for instance in polygons]

    def to(self, *args: Any, **kwargs: Any) -> PolygonMasks:
        """The same object: polygons stay on the CPU."""
        return self

    @property
    def device(self) -> torch.device:
        """Always the CPU."""
        return torch.device("cpu")

    def nonempty(self) -> Tensor:
        """Whether an instance has any polygon, bool, shape (N,)."""
        return torch.tensor([len(polygons) > 0 for polygons in self.polygons], dtype=torch.bool)

    def __getitem__(self, item: int | slice | list[int] | Tensor) -> PolygonMasks:
        """Select by an integer, a slice, or indices or bools; always gives `PolygonMasks`."""
        if isinstance(item, int):
            return PolygonMasks([self.polygons[item]])
        if isinstance(item, slice):
            return PolygonMasks(self.polygons[item])
        index = torch.as_tensor(item)
        if index.dtype == torch.bool:
            index = index.nonzero().flatten()
        return PolygonMasks([self.polygons[i] for i in index.tolist()])

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        """One instance at a time, as its list of polygons."""
        return iter(self.polygons)

    def __len__(self) -> int:
        return len(self.polygons)

    def __repr__(self) -> str:
        return f"PolygonMasks(num_instances={len(self)})"

    def crop_and_resize(self, boxes: Tensor, mask_size: int) -> Tensor:
        """Rasterise each instance on a grid laid over its box: the target of the mask branch for that box.

        Args:
            boxes: XYXY, one per instance, shape (N, 4).
            mask_size: M.

        Returns:
            Bool, shape (N, M, M), on the boxes' device.

        Raises:
            ValueError: not as many boxes as instances.
        """
        _check_equal_length(boxes, self)
        pairs = zip(self.polygons, boxes.detach().cpu().numpy(), strict=True)
        masks = [rasterize_polygons_within_box(polygons, box, mask_size) for polygons, box in pairs]
        if not masks:
            return torch.empty(0, mask_size, mask_size, dtype=torch.bool, device=boxes.device)
        return torch.stack(masks).to(boxes.device)

    @staticmethod
    def cat(polymasks_list: list[PolygonMasks]) -> PolygonMasks:
        """All instances of the list."""
        return PolygonMasks([polygons for masks in polymasks_list for polygons in masks.polygons])


class ROIMasks:
    """Soft masks on grids laid over boxes, as the mask branch predicts them.

    Args:
        tensor: Probabilities, shape (N, M, M).

    Attributes:
        tensor: As given.

    Raises:
        ValueError: another number of dimensions.
    """

    def __init__(self, tensor: Tensor) -> None:
        if tensor.dim() != 3:
            raise ValueError(f"RoI masks of shape {tuple(tensor.shape)}: need (N, M, M)")
        self.tensor = tensor

    def to(self, device: torch.device | str) -> ROIMasks:
        """The masks on another device."""
        return ROIMasks(self.tensor.to(device))

    @property
    def device(self) -> torch.device:
        """Where the masks are."""
        return self.tensor.device

    def __len__(self) -> int:
        return self.tensor.shape[0]

    def __getitem__(self, item: int | slice | Tensor) -> ROIMasks:
        """Select masks; always gives `ROIMasks`."""
        return ROIMasks(self.tensor[[item]] if isinstance(item, int) else self.tensor[item])

    def __repr__(self) -> str:
        return f"ROIMasks(num_instances={len(self)})"

    def to_bitmasks(self, boxes: Any, height: int, width: int, threshold: float = 0.5) -> BitMasks:
        """Paste the masks into an image; see `detectron2.layers.paste_masks_in_image`.

        Args:
            boxes: `Boxes`, or XYXY in pixels, shape (N, 4).
            height: Rows of the image.
            width: Columns of the image.
            threshold: Pixels of at least this probability are foreground.
        """
        return BitMasks(paste_masks_in_image(self.tensor, boxes, (height, width), threshold=threshold))


def _as_polygon(polygon: Any) -> np.ndarray:
    polygon = np.asarray(polygon.cpu() if isinstance(polygon, Tensor) else polygon, dtype=np.float64)
    if polygon.ndim != 1 or polygon.size < 6 or polygon.size % 2:
        raise ValueError(f"cannot make a polygon of {polygon.size} coordinates: need 3 or more points x, y")
    return polygon


def _check_equal_length(boxes: Tensor, masks: BitMasks | PolygonMasks) -> None:
    if len(boxes) != len(masks):
        raise ValueError(f"{len(boxes)} boxes for {len(masks)} masks: need one box per mask")
