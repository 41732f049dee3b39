"""RoIAlign (Mask R-CNN, Sec. 3), by torchvision's operator."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision import ops


class ROIAlign(nn.Module):
    """Average of bilinear samples in each cell of a grid laid over a RoI, without rounding anything.

    Args:
        output_size: Cells (height, width), or one number for both.
        spatial_scale: Factor from image to feature map, e.g. 1/16.
        sampling_ratio: Samples per cell and axis; 0 takes as many as cover every feature cell.
        aligned: Shift by half a cell, so that feature values sit at cell centres; False is the original
            implementation, which is half a cell off.
    """

    def __init__(
        self,
        output_size: int | tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool = True,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Tensor) -> Tensor:
        """Pool.

        Args:
            input: Feature map, shape (N, C, H, W).
            rois: Image index and XYXY in image pixels, shape (R, 5).

        Returns:
            Shape (R, C, *output_size).

        Raises:
            ValueError: `rois` has another shape.
        """
        if rois.dim() != 2 or rois.size(1) != 5:
            raise ValueError(f"rois of shape {tuple(rois.shape)}: need (R, 5), image index and XYXY")
        rois = rois.to(input.dtype)
        grid = (self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)
        return ops.roi_align(input, rois, *grid)

    def extra_repr(self) -> str:
        """The arguments, for `repr`."""
        return (
            f"output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aligned={self.aligned}"
        )
