"""InstanceFCN's position-sensitive score maps, as TensorMask's appendix writes them.

Paper: TensorMask (Chen et al., ICCV 2019), Appendix A.2, on InstanceFCN (Dai et al., ECCV 2016). A window of V x U mask
pixels is divided into K x K bins; each bin has a score map of its own, and a pixel of a mask is read from the map of
its bin, at the cell where the pixel lies (equation 6).

InstanceFCN is a TensorMask: `upscale_nearest`, then `align2nat` with alpha 1 gives what `assemble` gives.

Shape shorthand: N images, K bins a side, (V, U) window, (H, W) map.
"""

import torch
from torch.nn import functional as F

from mask_rcnn_paper.layers.align2nat import OUTSIDE

ROUNDINGS = ("centre", "floor")


def assemble(
    scores: torch.Tensor, window: tuple[int, int], rounding: str = "centre", outside: float = OUTSIDE
) -> torch.Tensor:
    """Equation 6: F(v, u, y, x) = G([K v / V], [K u / U], y + v, x + u), the mask of the window at every cell.

    In the bin v is an index, in the cell an offset from the middle of the window. Where V is even the offsets are
    halves, and scores are read in the middle between two cells.

    Args:
        scores: G, (N, K, K, H, W).
        window: (V, U), each at least 1.
        rounding: Of bins; see `bins_of`.
        outside: Value of cells outside the map.

    Returns:
        F, (N, V, U, H, W).

    Raises:
        ValueError: as `bins_of`, or `scores` has not that shape.
    """
    _check(scores)
    vertical = _assemble_direction(scores, 1, window[0], rounding, outside)
    return _assemble_direction(vertical, 2, window[1], rounding, outside)


def upscale_nearest(scores: torch.Tensor, window: tuple[int, int], rounding: str = "centre") -> torch.Tensor:
    """Equation 8: the nearest-neighbour interpolation of G over the window, an aligned representation.

    Args:
        scores: G, (N, K, K, H, W).
        window: (V, U).
        rounding: As `assemble`.

    Returns:
        (N, V, U, H, W); give it to `align2nat` with equal units, `Units(1, 1)` twice, for F.

    Raises:
        ValueError: as `assemble`.
    """
    _check(scores)
    for axis, size in enumerate(window, start=1):
        bins = bins_of(size, scores.shape[axis], rounding)
        scores = scores.index_select(axis, bins.to(scores.device))
    return scores


def bins_of(size: int, num_bins: int, rounding: str = "centre") -> torch.Tensor:
    """The bin of each pixel along one side of the window, the bracket of equation 6.

    Where K divides V both roundings are the same: V / K pixels a bin.

    Args:
        size: V, at least 1.
        num_bins: K, at least 1.
        rounding: "centre": the bin in which the centre of pixel v lies, floor(K (v + 1/2) / V);
            "floor": that of its lower edge, floor(K v / V). The paper writes a rounding and does not say which; the
            nearest whole number to K v / V would name a bin K, which there is not.

    Returns:
        (V,) long in [0, K).

    Raises:
        ValueError: another rounding, or no pixel or bin.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding {rounding!r} of InstanceFCN's bins: choose from {', '.join(ROUNDINGS)}")
    if size < 1 or num_bins < 1:
        raise ValueError(f"a window of {size} pixels in {num_bins} bins: need at least 1 of each")
    # Whole numbers: in floating point a product such as 41 * (1 / 41) may fall below the edge of its bin.
    pixel = torch.arange(size)
    if rounding == "floor":
        return pixel * num_bins // size
    return (2 * pixel + 1) * num_bins // (2 * size)


def _check(scores: torch.Tensor) -> None:
    if scores.dim() != 5 or scores.shape[1] != scores.shape[2]:
        raise ValueError(f"score maps of shape {tuple(scores.shape)}: need (N, K, K, H, W)")


def _assemble_direction(scores: torch.Tensor, axis: int, size: int, rounding: str, outside: float) -> torch.Tensor:
    """One direction: `axis` has the bins, `axis` + 2 the cells."""
    bins = bins_of(size, scores.shape[axis], rounding)[:, None].to(scores.device)
    num_cells, margin = scores.shape[axis + 2], size // 2
    pads = [0, 0, margin, margin] if axis == 1 else [margin, margin, 0, 0]
    maps = F.pad(scores, pads, value=outside).movedim((axis, axis + 2), (0, 1))
    offsets = torch.arange(size, device=scores.device)[:, None] - margin  # of the lower cell where V is even
    cells = torch.arange(num_cells, device=scores.device) + margin + offsets
    read = maps[bins, cells]
    if size % 2 == 0:
        read = 0.5 * read + 0.5 * maps[bins, cells + 1]
    return read.movedim((0, 1), (axis, axis + 2))
