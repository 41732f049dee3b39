"""The RoI layers that Table 2c compares, as pure functions.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "RoIAlign" and Table 2c. The layers differ in two switches and
an aggregation:

    layer      RoI corners             samples                           aggregation
    RoIPool    rounded to cells        the cells of an integer bin       max
    RoIWarp    rounded to cells        s x s bilinear samples per bin    max or ave
    RoIAlign   x / stride, unrounded   s x s bilinear samples per bin    max or ave

Coordinates: RoIs are XYXY in image pixels; `spatial_scale` = 1 / stride. As in the paper's code there is no
half-pixel shift (detectron2 calls this `ROIAlign`, its default `ROIAlignV2` has the shift), and an RoI is at least
one cell wide and high.

Shape shorthand: N images, R RoIs, C channels, (H, W) feature map, (P, Q) pooled size, s samples per bin side.
"""

import torch
from torch.nn import functional as F
from torchvision import ops

from mask_rcnn_paper.layers.bilinear import interpolation_matrix, sample_grids
from mask_rcnn_paper.layers.weighted_cells import cells_of_bins, sum_cells

AGGREGATIONS = ("ave", "max")

# Up to so many cells dense interpolation matrices are faster, backwards above all; above they waste memory. The first
# is of a CPU: on a map of 50 x 76 cells weighted cells take a tenth of the time there.
_MAX_CELLS_FOR_MATRICES = {True: 48 * 48, False: 64 * 64}


def roi_pool(
    features: torch.Tensor, rois: torch.Tensor, output_size: tuple[int, int], spatial_scale: float
) -> torch.Tensor:
    """RoIPool of Fast R-CNN: round the RoI and its bins to cells, take the maximum of each bin.

    Args:
        features: (N, C, H, W).
        rois: (R, 5): image index, then XYXY in image pixels.
        output_size: (P, Q).
        spatial_scale: Feature cells per image pixel.

    Returns:
        (R, C, P, Q); a bin without cells is 0.
    """
    # torchvision wants one type; that of the RoIs, since bfloat16 would round their coordinates to 8 bits.
    return ops.roi_pool(features.to(rois.dtype), rois, output_size, spatial_scale).to(features.dtype)


def roi_warp(
    features: torch.Tensor,
    rois: torch.Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int = 2,
    aggregation: str = "ave",
) -> torch.Tensor:
    """RoIWarp as Section 4.2 describes it: RoIAlign's bilinear samples on an RoI rounded like RoIPool's.

    Arguments, result and errors are `roi_align`'s.

    Differs from the layer of MNC [10], which takes a single sample at the corner of each bin and passes gradients
    to the box: the paper varies only the alignment, so the samples here are RoIAlign's.
    """
    return roi_align(
        features, quantize_rois(rois, spatial_scale), output_size, spatial_scale, sampling_ratio, aggregation
    )


def roi_align(
    features: torch.Tensor,
    rois: torch.Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int = 2,
    aggregation: str = "ave",
) -> torch.Tensor:
    """RoIAlign: bilinear samples at regular places of each bin, nothing rounded.

    Args:
        features: (N, C, H, W).
        rois: (R, 5): image index, then XYXY in image pixels.
        output_size: (P, Q).
        spatial_scale: Feature cells per image pixel.
        sampling_ratio: s >= 1; the paper uses 2, that is four samples per bin.
        aggregation: "ave" or "max" over the s * s samples of a bin.

    Returns:
        (R, C, P, Q); samples more than one cell outside the map count as 0.

    Raises:
        ValueError: `sampling_ratio` < 1 or an unknown `aggregation`.
    """
    if sampling_ratio < 1:
        raise ValueError(
            f"POOLER_SAMPLING_RATIO={sampling_ratio}: the paper's RoI layers need at least 1 sample per bin side "
            "(the paper uses 2)"
        )
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"MODEL.ROI_POOLER.AGGREGATION={aggregation!r}: choose from {', '.join(AGGREGATIONS)}")
    if aggregation == "ave":
        return _bin_averages(features, rois, output_size, spatial_scale, sampling_ratio)
    # One sample per bin of a finer grid: the same sample points, kept apart until the maximum.
    fine_size = (output_size[0] * sampling_ratio, output_size[1] * sampling_ratio)
    samples = _bin_averages(features, rois, fine_size, spatial_scale, 1)
    return F.max_pool2d(samples, sampling_ratio)


def quantize_rois(rois: torch.Tensor, spatial_scale: float) -> torch.Tensor:
    """Round RoI corners to whole feature cells, x -> stride * [x / stride], as RoIPool does.

    Args:
        rois: (R, 5): image index, then XYXY in image pixels.
        spatial_scale: Feature cells per image pixel.

    Returns:
        (R, 5); halves round up, as C's round does for coordinates >= 0 (torch.round rounds them to even).
    """
    corners = torch.floor(rois[:, 1:] * spatial_scale + 0.5) / spatial_scale
    return torch.cat([rois[:, :1], corners], dim=1)


def _bin_averages(
    features: torch.Tensor, rois: torch.Tensor, output_size: tuple[int, int], spatial_scale: float, samples: int
) -> torch.Tensor:
    height, width = features.shape[-2:]
    on_cpu = features.device.type == "cpu"
    large = height * width > _MAX_CELLS_FOR_MATRICES[on_cpu]
    if large and not on_cpu:
        aligned = ops.roi_align(features.to(rois.dtype), rois, output_size, spatial_scale, samples, aligned=False)
        return aligned.to(features.dtype)
    boxes, images, (bins_y, bins_x) = rois[:, 1:] * spatial_scale, rois[:, 0].long(), output_size
    points_y = _sampling_points(boxes[:, 1], boxes[:, 3], bins_y * samples)
    points_x = _sampling_points(boxes[:, 0], boxes[:, 2], bins_x * samples)
    if large:
        rows, columns = cells_of_bins(points_y, bins_y, height), cells_of_bins(points_x, bins_x, width)
        return sum_cells(features.to(rois.dtype), images, rows, columns).to(features.dtype)
    rows, columns = _bin_weights(points_y, bins_y, height), _bin_weights(points_x, bins_x, width)
    return sample_grids(features, images, rows.to(features.dtype), columns.to(features.dtype))


def _sampling_points(start: torch.Tensor, end: torch.Tensor, count: int) -> torch.Tensor:
    """(R, count) points at equal distances along one axis of each RoI."""
    length = (end - start).clamp(min=1)
    steps = (torch.arange(count, device=start.device, dtype=start.dtype) + 0.5) / count
    return start[:, None] + length[:, None] * steps


def _bin_weights(points: torch.Tensor, bins: int, size: int) -> torch.Tensor:
    """(R, bins, size): mean interpolation weights of the sampling points of each bin along one axis."""
    samples = points.shape[1] // bins
    return interpolation_matrix(points, size).reshape(len(points), bins, samples, size).mean(dim=2)
