"""Slow float64 loops for the RoI layers, written from their definitions."""

import itertools
import math

import torch


def bilinear(feature: torch.Tensor, y: float, x: float) -> torch.Tensor:
    """(C,) value of a (C, H, W) map at (y, x), cell centres at whole numbers, 0 more than a cell outside."""
    height, width = feature.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return torch.zeros(feature.shape[0], dtype=feature.dtype)
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    dy, dx = y - y0, x - x0
    return (
        (1 - dy) * (1 - dx) * feature[:, y0, x0]
        + (1 - dy) * dx * feature[:, y0, x1]
        + dy * (1 - dx) * feature[:, y1, x0]
        + dy * dx * feature[:, y1, x1]
    )


def roi_align(features, rois, output_size, spatial_scale, samples, aggregation):
    """RoIAlign: samples at ((k + 0.5) / s) of each bin of the unrounded RoI."""
    rows, columns = output_size
    output = torch.zeros(len(rois), features.shape[1], rows, columns, dtype=features.dtype)
    for r, roi in enumerate(rois.tolist()):
        feature = features[int(roi[0])]
        x0, y0, x1, y1 = (v * spatial_scale for v in roi[1:])
        bin_w, bin_h = max(x1 - x0, 1) / columns, max(y1 - y0, 1) / rows
        for i, j in itertools.product(range(rows), range(columns)):
            values = [
                bilinear(feature, y0 + (i + (a + 0.5) / samples) * bin_h, x0 + (j + (b + 0.5) / samples) * bin_w)
                for a, b in itertools.product(range(samples), repeat=2)
            ]
            stacked = torch.stack(values)
            output[r, :, i, j] = stacked.mean(0) if aggregation == "ave" else stacked.amax(0)
    return output


def round_half_up(value: float) -> int:
    """C's round for values >= 0."""
    return math.floor(value + 0.5)


def roi_warp(features, rois, output_size, spatial_scale, samples, aggregation):
    """RoIWarp: RoIAlign on the RoI whose corners are rounded to cells."""
    rounded = rois.clone()
    for r, roi in enumerate(rois.tolist()):
        rounded[r, 1:] = torch.tensor([round_half_up(v * spatial_scale) / spatial_scale for v in roi[1:]])
    return roi_align(features, rounded, output_size, spatial_scale, samples, aggregation)


def roi_pool(features, rois, output_size, spatial_scale):
    """RoIPool: rounded corners, inclusive end, bins from floor to ceil, maximum, empty bins 0."""
    rows, columns = output_size
    height, width = features.shape[2:]
    output = torch.zeros(len(rois), features.shape[1], rows, columns, dtype=features.dtype)
    for r, roi in enumerate(rois.tolist()):
        feature = features[int(roi[0])]
        x0, y0, x1, y1 = (round_half_up(v * spatial_scale) for v in roi[1:])
        bin_w, bin_h = max(x1 - x0 + 1, 1) / columns, max(y1 - y0 + 1, 1) / rows
        for i, j in itertools.product(range(rows), range(columns)):
            top, bottom = (min(max(f(k * bin_h) + y0, 0), height) for f, k in ((math.floor, i), (math.ceil, i + 1)))
            left, right = (min(max(f(k * bin_w) + x0, 0), width) for f, k in ((math.floor, j), (math.ceil, j + 1)))
            if top < bottom and left < right:
                output[r, :, i, j] = feature[:, top:bottom, left:right].amax((1, 2))
    return output
