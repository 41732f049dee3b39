"""TensorMask's assignment rules on windows drawn by hand, and against a slow loop."""

import math

import pytest
import torch

from mask_rcnn_paper.modeling.window_assignment import BACKGROUND, assign_windows

STEP = 4.0
# Of 44 pixels about (100, 100), with 11 steps of 4: its side counts as 40.
WINDOW = [78.0, 78.0, 122.0, 122.0]


def about(x: float, y: float, width: float, height: float) -> list[float]:
    """A box by its middle and its sides."""
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def assigned(*objects: list[float], windows: tuple = (WINDOW,), steps: tuple = (STEP,)) -> list[int]:
    return assign_windows(torch.tensor(objects).view(-1, 4), torch.tensor(windows), torch.tensor(steps)).tolist()


def test_a_window_has_the_object_in_its_middle():
    """All three rules hold."""
    assert assigned(about(100, 100, 30, 20)) == [0]


@pytest.mark.parametrize("box", [about(100, 100, 46, 20), about(102, 100, 42, 20), about(100, 98, 20, 42)])
def test_containment(box):
    """What reaches beyond the window is not its object, though it is central; what fills it is."""
    assert assigned(box) == [BACKGROUND]
    assert assigned(WINDOW) == [0]


@pytest.mark.parametrize("side, expected", [(42, 0), (41.9, BACKGROUND), (90, BACKGROUND)])
def test_an_object_is_at_least_half_as_long_as_its_window(side, expected):
    """Of 88 pixels in steps of 8, which count as 80: 40 or more; here there are smaller windows for smaller objects."""
    large = about(100, 100, 88, 88)
    windows = (large, about(300, 300, 44, 44))
    # Its half is 42 where the step is 4.
    assert assigned(about(100, 100, side, 10), windows=windows, steps=(STEP, STEP))[0] == expected


def test_the_smallest_windows_take_all_smaller_objects():
    """Of a pixel too; others do not."""
    tiny = about(100, 100, 1, 1)
    assert assigned(tiny) == [0]
    assert assigned(tiny, windows=(WINDOW, about(100, 100, 60, 60)), steps=(STEP, STEP)) == [0, BACKGROUND]


@pytest.mark.parametrize("dx, dy, expected", [(4, 0, 0), (0, -4, 0), (4.1, 0, BACKGROUND), (2.8, 2.8, 0), (3, 3, -1)])
def test_centrality(dx, dy, expected):
    """The middles are at most one step apart, by a straight line."""
    assert assigned(about(100 + dx, 100 + dy, 20, 20)) == [expected]


def test_uniqueness():
    """Two objects that both satisfy the rules leave the window to the background; a third elsewhere changes nothing."""
    first, second = about(100, 100, 30, 20), about(101, 99, 22, 24)
    assert assigned(first, second) == [BACKGROUND]
    assert assigned(about(200, 200, 30, 20), first) == [1]


def test_an_object_has_several_windows():
    """Of two sizes, and at neighbouring cells."""
    windows = (WINDOW, about(100, 100, 60, 60), about(104, 100, 44, 44), about(108, 100, 44, 44))
    assert assigned(about(100, 100, 30, 20), windows=windows, steps=(STEP,) * 4) == [0, 0, 0, BACKGROUND]


def test_no_object_and_no_window():
    """Everything is background."""
    assert assigned() == [BACKGROUND]
    assert assign_windows(torch.ones(2, 4), torch.zeros(0, 4), torch.zeros(0)).tolist() == []


def slowly(objects, windows, steps):
    smallest = min(max(w[2] - w[0], w[3] - w[1]) - s for w, s in zip(windows, steps, strict=True))
    found = []
    for window, step in zip(windows, steps, strict=True):
        fitting = []
        for i, box in enumerate(objects):
            inside = all(box[k] >= window[k] for k in (0, 1)) and all(box[k] <= window[k] for k in (2, 3))
            side = max(window[2] - window[0], window[3] - window[1]) - step
            long_enough = side <= max(2 * max(box[2] - box[0], box[3] - box[1]), smallest)
            middles = [(box[k] + box[k + 2] - window[k] - window[k + 2]) / 2 / step for k in (0, 1)]
            if inside and long_enough and math.hypot(*middles) <= 1:
                fitting.append(i)
        found.append(fitting[0] if len(fitting) == 1 else BACKGROUND)
    return found


def test_many_windows_against_a_slow_loop():
    """Of three levels and two sizes; coordinates are quarters, so that nothing is rounded."""
    generator = torch.Generator().manual_seed(0)
    corner = torch.randint(0, 400, (25, 2), generator=generator) / 4
    objects = torch.cat([corner, corner + torch.randint(4, 400, (25, 2), generator=generator) / 4], dim=1)
    windows, steps = [], []
    for step in (4, 8, 16):
        for x in range(0, 200, step):
            for side in (11, 15):
                windows += [about(x, y, side * step, side * step) for y in range(0, 200, step)]
                steps += [float(step)] * len(range(0, 200, step))
    found = assign_windows(objects.double(), torch.tensor(windows).double(), torch.tensor(steps).double()).tolist()
    assert found == slowly(objects.tolist(), windows, steps)
    assert len(set(found)) > 15
