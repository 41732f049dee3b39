"""Side by side: cases take turns, so that what else the machine does slows all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

import torch


@dataclass(frozen=True)
class Measured:
    """Of one case: median seconds of a turn, and its ratio to the reference turn by turn: median and quartiles."""

    seconds: float
    ratio: float
    low: float
    high: float


def side_by_side(
    cases: Mapping[str, Callable[[], object]], rounds: int = 9, clock: Callable[[], float] = time.process_time
) -> dict[str, Measured]:
    """Time the cases in turns; the first is the reference.

    Args:
        cases: What to call, by name. One turn of each is not counted.
        rounds: Turns that count, at least 3.
        clock: Seconds; by default CPU time of this process and all its threads. See `clock_of`.
    """
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(rounds + 1):
        for name, case in cases.items():
            start = clock()
            case()
            if turn:
                seconds[name].append(clock() - start)
    reference = next(iter(seconds.values()))
    return {name: _measured(found, reference) for name, found in seconds.items()}


def clock_of(device: str) -> Callable[[], float]:
    """CPU time, or on a GPU wall-clock after all that was asked of it is done."""
    return time.process_time if device == "cpu" else _after_the_gpu


def _after_the_gpu() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def _measured(found: list[float], reference: list[float]) -> Measured:
    ratios = [mine / other for mine, other in zip(found, reference, strict=True)]
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return Measured(median(found), median(ratios), low, high)
