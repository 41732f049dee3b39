"""Coordinate transforms between the natural and the aligned representation of dense masks, as pure functions.

Paper: TensorMask (Chen et al., ICCV 2019), Section 3 and Appendix A.1. A 4D tensor (V, U, H, W) holds a mask window of
V x U values for every cell of an H x W map:

    natural    F(v, u, y, x)    the mask at the offset (v, u) of the window at cell (y, x)
    aligned    Fh(v, u, y, x)   the mask at cell (y, x), of the window whose offset to that cell is (v, u)

Units are pixels: a step along y or x is sigma_HW pixels, one along v or u is sigma_VU. Each representation has its own
pair. Both meet in the image (equation 3, xh and uh being the aligned coordinates, and likewise for y and v):

    x sigma_HW + u sigma_VU = xh sigmah_HW        x sigma_HW = xh sigmah_HW - uh sigmah_VU

Cell 0 of a map has coordinate 0. Offsets count from the middle of the window: index i of V has offset i - (V - 1) / 2.

Shape shorthand: N images, (V, U) window, (H, W) map; h marks the aligned representation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

# A logit where no window reaches: a probability of 0.002.
OUTSIDE = -6.0

# Coordinates along a map and along a window to those that the other representation has for the same value.
_Coordinates = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Units:
    """Pixels per step of a representation.

    Attributes:
        hw: sigma_HW, along y and x.
        vu: sigma_VU, along v and u. The paper's alpha is vu / hw.

    Raises:
        ValueError: one is not positive.
    """

    hw: float = 1.0
    vu: float = 1.0

    def __post_init__(self) -> None:
        if not (self.hw > 0 and self.vu > 0):
            raise ValueError(f"{self}: pixels per step must be greater than 0")


def aligned_coordinates(
    x: torch.Tensor, u: torch.Tensor, natural: Units, aligned: Units
) -> tuple[torch.Tensor, torch.Tensor]:
    """Equation 4: xh = (sigma_HW x + sigma_VU u) / sigmah_HW and uh = (sigma_VU / sigmah_VU) u.

    Args:
        x: Coordinates along the map, x or y.
        u: Offsets in the window along the same direction; x and u broadcast.
        natural: Units of x and u.
        aligned: Units of the result.

    Returns:
        xh and uh.
    """
    return (x * natural.hw + u * natural.vu) / aligned.hw, u * natural.vu / aligned.vu


def natural_coordinates(
    xh: torch.Tensor, uh: torch.Tensor, natural: Units, aligned: Units
) -> tuple[torch.Tensor, torch.Tensor]:
    """Equation 3 solved for x and u, the inverse of `aligned_coordinates`; arguments as there.

    Returns:
        x and u.
    """
    return (xh * aligned.hw - uh * aligned.vu) / natural.hw, uh * aligned.vu / natural.vu


def align2nat(
    aligned: torch.Tensor,
    natural_units: Units,
    aligned_units: Units,
    size: tuple[int, int, int, int] | None = None,
    outside: float = OUTSIDE,
) -> torch.Tensor:
    """Equation 5: the natural representation, F(v, u, y, x) = Fh(vh, uh, yh, xh) at the coordinates of equation 4.

    Equal units of the maps give equation 2; where those of the windows are equal too, the basic form
    F(v, u, y, x) = Fh(v, u, y + alpha v, x + alpha u). Between indices values are linear along each of the four axes.

    Memory: where both representations have one size, twice that while it computes, the result included, and three times
    in backward, for which it keeps the interpolation weights alone: at most four for each (v, y) and each (u, x).

    Args:
        aligned: (N, Vh, Uh, Hh, Wh) values, floating point.
        natural_units: Of the result.
        aligned_units: Of `aligned`.
        size: (V, U, H, W) of the result; by default that of `aligned`.
        outside: Finite value of all that lies outside `aligned`; within one index of its border values fade to it.

    Returns:
        (N, V, U, H, W), of the type of `aligned`, under autocast too; not contiguous.

    Raises:
        ValueError: `aligned` has not five axes, or a size is below 1.
    """
    coordinates = partial(aligned_coordinates, natural=natural_units, aligned=aligned_units)
    return _resample(aligned, size, coordinates, outside)


def nat2align(
    natural: torch.Tensor,
    natural_units: Units,
    aligned_units: Units,
    size: tuple[int, int, int, int] | None = None,
    outside: float = OUTSIDE,
) -> torch.Tensor:
    """The inverse of `align2nat`: Fh(vh, uh, yh, xh) = F(v, u, y, x) at the coordinates that solve equation 3.

    It undoes `align2nat`, but for what that read outside, where every coordinate of both is an index.

    Args:
        natural: (N, V, U, H, W) values, floating point.
        natural_units: Of `natural`.
        aligned_units: Of the result.
        size: (Vh, Uh, Hh, Wh) of the result; by default that of `natural`.
        outside: As in `align2nat`.

    Returns:
        (N, Vh, Uh, Hh, Wh), as in `align2nat`.

    Raises:
        ValueError: as in `align2nat`.
    """
    coordinates = partial(natural_coordinates, natural=natural_units, aligned=aligned_units)
    return _resample(natural, size, coordinates, outside)


def swap_align2nat(aligned: torch.Tensor, factor: int, outside: float = OUTSIDE) -> torch.Tensor:
    """`align2nat` that swaps the units of window and map, as a level of the tensor bipyramid needs it.

    From an aligned representation on a fine map (a step of 1) with coarse windows (a step of `factor`) to a natural one
    on a coarse map with fine windows: sigma_VU = sigmah_HW = 1 and sigmah_VU = sigma_HW = `factor` in equation 5.

    Args:
        aligned: (N, Vh, Uh, Hh, Wh) values, floating point.
        factor: lambda, whole, at least 1. At 1 it is the basic form with alpha 1: a shift by whole cells where windows
            have odd sides, the mean of neighbours where they have even ones.
        outside: As in `align2nat`.

    Returns:
        (N, factor Vh, factor Uh, ceil(Hh / factor), ceil(Wh / factor)), as in `align2nat`.

    Raises:
        ValueError: another factor, or as in `align2nat`.

    Differs from SwapAlign2Nat of detectron2's TensorMask project: windows have two axes here, one (V * U) there.
    """
    if factor < 1 or factor != int(factor):
        raise ValueError(f"factor {factor}: lambda of swap_align2nat must be a whole number of at least 1")
    _check(aligned)
    _, num_v, num_u, height, width = aligned.shape
    factor = int(factor)
    size = (factor * num_v, factor * num_u, -(-height // factor), -(-width // factor))
    return align2nat(aligned, Units(hw=factor, vu=1), Units(hw=1, vu=factor), size, outside)


def _check(values: torch.Tensor) -> None:
    if values.dim() != 5:
        raise ValueError(f"dense masks of shape {tuple(values.shape)}: need (N, V, U, H, W)")


def _resample(
    values: torch.Tensor, size: tuple[int, int, int, int] | None, coordinates: _Coordinates, outside: float
) -> torch.Tensor:
    """Read `values` at `coordinates`: first along v and y, which depend on each other alone, then along u and x."""
    _check(values)
    num_v, num_u, height, width = size or values.shape[1:]
    if min(num_v, num_u, height, width) < 1:
        raise ValueError(f"dense masks of size {(num_v, num_u, height, width)}: every side must be at least 1")
    _, from_v, from_u, from_height, from_width = values.shape
    rows, rows_inside = _weights((from_v, from_height), (num_v, height), coordinates, values)
    columns, columns_inside = _weights((from_u, from_width), (num_u, width), coordinates, values)
    with torch.autocast(values.device.type, enabled=False):
        read = _read_along(_read_along(values, 1, rows, (num_v, height)), 2, columns, (num_u, width))
    # What weights lack to 1 is outside: 1 - r c = (1 - r) + r (1 - c), and without a tensor as large as the result.
    read.add_((outside * (1 - rows_inside))[:, None, :, None])
    return read.addcmul_((outside * rows_inside)[:, None, :, None], (1 - columns_inside)[:, None, :])


def _read_along(values: torch.Tensor, axis: int, weights: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Replace the window's `axis` and the map's, `axis` + 2, by `size`, reading by `weights`."""
    axes = (axis, axis + 2)
    planes = values.movedim(axes, (0, 1))
    # `weights @` would first fill a result of zeros, which costs as much memory and half the time again.
    read = torch.addmm(values.new_zeros(1, 1), weights, planes.flatten(0, 1).flatten(1), beta=0)
    return read.view(*size, *planes.shape[2:]).movedim((0, 1), axes)


def _weights(
    source: tuple[int, int], target: tuple[int, int], coordinates: _Coordinates, like: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Interpolation weights of one direction, on the device and of the type of `like`.

    Args:
        source: Steps of the window and cells of the map that are read.
        target: Steps V and cells H that are written.
        coordinates: From target to source.
        like: Values.

    Returns:
        (V * H, source steps * cells) sparse, at most four weights in a row; and (V, H), their sums: 1 inside.
    """
    # In float64, and on the CPU: whole coordinates must come out whole, and there are few.
    steps, cells = (torch.arange(number, dtype=torch.float64, device="cpu") for number in target)
    at_cell, at_step = coordinates(cells[None, :], (steps - (target[0] - 1) / 2)[:, None])
    step, step_weight = _neighbours(at_step + (source[0] - 1) / 2, source[0])
    cell, cell_weight = _neighbours(at_cell, source[1])
    weight = (step_weight[:, None] * cell_weight).reshape(4, -1)
    index = (step[:, None] * source[1] + cell).reshape(4, -1)
    used = weight > 0
    places = torch.stack([torch.arange(weight.shape[1], device="cpu").expand_as(index)[used], index[used]])
    shape = (weight.shape[1], source[0] * source[1])
    matrix = torch.sparse_coo_tensor(places, weight[used].to(like.dtype), shape, check_invariants=False).coalesce()
    return matrix.to(like.device), weight.sum(0).view(target).to(like)


def _neighbours(points: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(2, ...) the indices below and above each point, and their weights, 0 where there is no such index."""
    below = points.floor()
    index = torch.stack([below, below + 1])
    weight = (1 - (points - index).abs()) * ((index >= 0) & (index < size))
    return index.clamp(0, size - 1).long(), weight
