"""Slow float64 loops for dense masks, written from the equations of TensorMask's appendix, one function each."""

import itertools
import math
from fractions import Fraction

import torch


def quadrilinear(masks: torch.Tensor, place: tuple[float, float, float, float], outside: float) -> float:
    """Value of a (V, U, H, W) tensor between its indices; every index outside has the value `outside`."""
    total = 0.0
    for corner in itertools.product((0, 1), repeat=4):
        index = [math.floor(p) + c for p, c in zip(place, corner, strict=True)]
        weight = math.prod(1 - abs(p - i) for p, i in zip(place, index, strict=True))
        inside = all(0 <= i < size for i, size in zip(index, masks.shape, strict=True))
        total += weight * (masks[tuple(index)].item() if inside else outside)
    return total


def filled(masks: torch.Tensor, size: tuple[int, int, int, int], outside: float, place_of) -> torch.Tensor:
    """(N, *size) of values of (N, V, U, H, W) masks at `place_of(v, u, y, x)`: offsets of both windows are centred."""
    result = torch.zeros(len(masks), *size, dtype=masks.dtype)
    centre, other = [[(side - 1) / 2 for side in sides[:2]] + [0, 0] for sides in (size, masks.shape[1:])]
    for n, *index in itertools.product(range(len(masks)), *map(range, size)):
        offsets = place_of(*(i - c for i, c in zip(index, centre, strict=True)))
        place = tuple(float(p + c) for p, c in zip(offsets, other, strict=True))
        result[(n, *index)] = quadrilinear(masks[n], place, outside)
    return result


def equation_5(masks, size, outside, hw, hw_h, vu, vu_h):
    """align2nat of arbitrary units; `_h` is the aligned representation's."""

    def place(v, u, y, x):
        return vu / vu_h * v, vu / vu_h * u, hw / hw_h * y + vu / hw_h * v, hw / hw_h * x + vu / hw_h * u

    return filled(masks, size, outside, place)


def equation_2(masks, size, outside, alpha, alpha_h):
    """align2nat where maps have equal units."""
    return filled(
        masks,
        size,
        outside,
        lambda v, u, y, x: (alpha / alpha_h * v, alpha / alpha_h * u, y + alpha * v, x + alpha * u),
    )


def basic_form(masks, outside, alpha):
    """align2nat where all units are equal."""
    return filled(masks, masks.shape[1:], outside, lambda v, u, y, x: (v, u, y + alpha * v, x + alpha * u))


def swap(masks, factor, outside):
    """swap_align2nat, written on indices, as the public project's operator computes it."""
    num_v, num_u = factor * masks.shape[1], factor * masks.shape[2]
    height, width = math.ceil(masks.shape[3] / factor), math.ceil(masks.shape[4] / factor)
    result = torch.zeros(len(masks), num_v, num_u, height, width, dtype=masks.dtype)
    for n, v, u, y, x in itertools.product(*map(range, result.shape)):
        window = (v + 0.5) / factor - 0.5, (u + 0.5) / factor - 0.5
        cell = factor * y + v - num_v / 2 + 0.5, factor * x + u - num_u / 2 + 0.5
        result[n, v, u, y, x] = quadrilinear(masks[n], (*window, *cell), outside)
    return result


def equation_6(scores, window, rounding, outside):
    """InstanceFCN's masks; offsets of even windows are halves, between two cells."""
    num_bins, (num_v, num_u) = scores.shape[1], window
    result = torch.zeros(len(scores), num_v, num_u, *scores.shape[3:], dtype=scores.dtype)
    shift = {"centre": Fraction(1, 2), "floor": Fraction(0)}[rounding]
    for n, v, u, y, x in itertools.product(*map(range, result.shape)):
        bins = [math.floor(Fraction(num_bins, side) * (i + shift)) for i, side in zip((v, u), window, strict=True)]
        place = y + v - (num_v - 1) / 2, x + u - (num_u - 1) / 2
        result[n, v, u, y, x] = quadrilinear(scores[n], (*bins, *place), outside)
    return result
