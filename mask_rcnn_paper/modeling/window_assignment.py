"""Which windows are trained to be which object: TensorMask's mask-driven assignment.

Paper: TensorMask (Chen et al., ICCV 2019), Section 6.1. A window is positive for an object under three rules:

    containment   it contains all of the object, whose longer side is at least half of the window's
    centrality    the middle of the object's box is at most one step of the window from the window's middle
    uniqueness    no other object satisfies the first two

Open in the appendix, from the public project: the side of a window is that between its outer pixels' middles, one step
less than its box; the smallest windows take objects of any smaller size; windows of no object or of several are
background.

Shape shorthand: G objects, W windows.
"""

import torch

BACKGROUND = -1
# The longer side of a window's object times this is at least the window's side.
_SCALE = 2.0
# Distance of the middles, in steps of the window.
_DISTANCE = 1.0


def assign_windows(objects: torch.Tensor, windows: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """The object of each window.

    Args:
        objects: (G, 4) boxes of the objects, XYXY in pixels.
        windows: (W, 4) windows, XYXY in pixels, all that there are: the smallest of them takes the small objects.
        steps: (W,) pixels of a step of each window, its unit sigma_VU.

    Returns:
        (W,) long, index of the object, or `BACKGROUND`.
    """
    background = torch.full((len(windows),), BACKGROUND, dtype=torch.int64, device=windows.device)
    if not len(objects) or not len(windows):
        return background
    fits = _contained(objects, windows) & _large_enough(objects, windows, steps) & _central(objects, windows, steps)
    number, index = fits.sum(0), fits.int().argmax(0)
    return torch.where(number == 1, index, background)


def _contained(objects: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
    # One coordinate at a time: there are too many windows for (G, W, 4).
    left, top, right, bottom = ((objects[:, None, i], windows[:, i]) for i in range(4))
    return (left[0] >= left[1]) & (top[0] >= top[1]) & (right[0] <= right[1]) & (bottom[0] <= bottom[1])


def _large_enough(objects: torch.Tensor, windows: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    sides = _sides(windows).amax(1) - steps
    largest = (_SCALE * _sides(objects).amax(1)).clamp(min=float(sides.min()))
    return sides <= largest[:, None]


def _central(objects: torch.Tensor, windows: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    x, y = ((_middles(objects)[:, None, i] - _middles(windows)[:, i]) / steps for i in range(2))
    return x.square() + y.square() <= _DISTANCE**2


def _sides(boxes: torch.Tensor) -> torch.Tensor:
    return boxes[:, 2:] - boxes[:, :2]


def _middles(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2:] + boxes[:, :2]) / 2
