"""Predicted masks of windows: of several sides, where they were predicted.

Shape shorthand: R detections.
"""

from __future__ import annotations

import torch
from detectron2.structures import BitMasks, Boxes

from mask_rcnn_paper.modeling.mask_box_nms import PlacedMasks


class WindowMasks(PlacedMasks):
    """`PlacedMasks` whose sides differ, since windows of coarse levels have more pixels.

    Args:
        masks: Probabilities (S, S) of each detection, S pixels of its window's side.
        boxes: The windows, in pixels of the network's input.
        image_size: (H, W) of that.
    """

    def __init__(self, masks: list[torch.Tensor], boxes: Boxes, image_size: tuple[int, int]) -> None:
        super().__init__(boxes.tensor.new_zeros(len(masks), 1, 1), boxes, image_size)
        self.masks = masks

    def to(self, device: torch.device | str) -> WindowMasks:
        """The masks and their windows on another device."""
        return WindowMasks([mask.to(device) for mask in self.masks], self.boxes.to(device), self.image_size)

    def __getitem__(self, item: int | slice | torch.Tensor) -> WindowMasks:
        """Select masks; always gives `WindowMasks`."""
        chosen = torch.arange(len(self.masks))[item.cpu() if isinstance(item, torch.Tensor) else item].view(-1)
        return WindowMasks(
            [self.masks[i] for i in chosen.tolist()], self.boxes[chosen.to(self.device)], self.image_size
        )

    def of_one_side(self) -> list[tuple[torch.Tensor, PlacedMasks]]:
        """Detections (long) of each side there is, and their masks."""
        sides = torch.tensor([len(mask) for mask in self.masks], dtype=torch.int64)
        found = []
        for side in sides.unique().tolist():
            (rows,) = (sides == side).nonzero(as_tuple=True)
            masks = torch.stack([self.masks[i] for i in rows.tolist()])
            found.append((rows, PlacedMasks(masks, self.boxes[rows.to(self.device)], self.image_size)))
        return found

    def to_bitmasks(self, boxes: object, height: int, width: int, threshold: float = 0.5) -> BitMasks:
        """Paste the masks into an image of another size; arguments as of `PlacedMasks`."""
        pasted = torch.zeros(len(self.masks), height, width, dtype=torch.bool, device=self.device)
        for rows, placed in self.of_one_side():
            pasted[rows.to(self.device)] = placed.to_bitmasks(boxes, height, width, threshold).tensor
        return BitMasks(pasted)

    def tight_boxes(self) -> torch.Tensor:
        """(R, 4) XYXY, as of `PlacedMasks`."""
        boxes = torch.zeros(len(self.masks), 4, device=self.device)
        for rows, placed in self.of_one_side():
            boxes[rows.to(self.device)] = placed.tight_boxes()
        return boxes
