"""Side by side: cases take turns, so that what else the machine does slows all of them alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """Median of some turns, and their quartiles, between which half of them lie."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """Of one case: median seconds of a turn, and its ratio to the reference turn by turn: median and quartiles."""

    seconds: float
    ratio: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Of at least two turns."""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


def take_turns(
    cases: Mapping[str, Callable[[], T]], rounds: int, warm_up: int = 1, watch: Callable[[], object] = lambda: None
) -> dict[str, list[T]]:
    """Call the cases in turns.

    Args:
        cases: What to call, by name.
        rounds: Turns that count.
        warm_up: Turns before them that do not: they fill caches.
        watch: Called after each call, for whoever shows progress.

    Returns:
        What each case has returned, turn by turn.
    """
    found: dict[str, list[T]] = {name: [] for name in cases}
    for turn in range(-warm_up, rounds):
        for name, case in cases.items():
            result = case()
            if turn >= 0:
                found[name].append(result)
            watch()
    return found


def side_by_side(
    cases: Mapping[str, Callable[[], object]], rounds: int = 9, clock: Callable[[], float] = time.process_time
) -> dict[str, Measured]:
    """Time the cases in turns; the first is the reference.

    Args:
        cases: What to call, by name. One turn of each is not counted.
        rounds: Turns that count, at least 3.
        clock: Seconds; by default CPU time of this process and all its threads. See `clock_of`.
    """
    seconds = take_turns({name: timed(case, clock) for name, case in cases.items()}, rounds)
    reference = next(iter(seconds.values()))
    return {name: _measured(found, reference) for name, found in seconds.items()}


def timed(case: Callable[[], object], clock: Callable[[], float]) -> Callable[[], float]:
    """A case that returns its seconds."""

    def turn() -> float:
        start = clock()
        case()
        return clock() - start

    return turn


def clock_of(device: str) -> Callable[[], float]:
    """CPU time, or on a GPU wall-clock after all that was asked of it is done."""
    return time.process_time if device == "cpu" else _after_the_gpu


def _after_the_gpu() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def _measured(found: Sequence[float], reference: Sequence[float]) -> Measured:
    ratio = spread([mine / other for mine, other in zip(found, reference, strict=True)])
    return Measured(median(found), ratio.median, ratio.low, ratio.high)
