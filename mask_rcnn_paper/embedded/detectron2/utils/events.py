"""Scalars of a training run: where they are put, and who writes them out."""

import datetime
import json
import logging
from collections import defaultdict
from typing import Any

import torch
from fvcore.common.history_buffer import HistoryBuffer

_STORAGES: list["EventStorage"] = []


def get_event_storage() -> "EventStorage":
    """The innermost storage whose `with` block is running.

    Raises:
        RuntimeError: there is none.
    """
    if not _STORAGES:
        raise RuntimeError("no EventStorage is active: run this inside `with EventStorage(start_iter):`")
    return _STORAGES[-1]


class EventStorage:
    """History of everything that is logged during training, by name and iteration.

    Args:
        start_iter: Index of the first iteration.
    """

    def __init__(self, start_iter: int = 0) -> None:
        self.iter = start_iter
        self._history: dict[str, HistoryBuffer] = defaultdict(HistoryBuffer)
        self._smoothing_hints: dict[str, bool] = {}
        self._latest: dict[str, tuple[float, int]] = {}

    def put_scalar(
        self, name: str, value: float | torch.Tensor, smoothing_hint: bool = True, cur_iter: int | None = None
    ) -> None:
        """Record one number.

        Args:
            name: Name of the series.
            value: A number or a tensor of one element.
            smoothing_hint: Whether the series is noisy, so that writers show its median over a window.
            cur_iter: Iteration it belongs to; the current one by default.

        Raises:
            ValueError: the series was recorded with another `smoothing_hint` before.
        """
        cur_iter = self.iter if cur_iter is None else cur_iter
        value = float(value)
        if self._smoothing_hints.setdefault(name, smoothing_hint) != smoothing_hint:
            raise ValueError(f"scalar {name!r} was put with smoothing_hint={not smoothing_hint} before: keep to one")
        self._history[name].update(value, cur_iter)
        self._latest[name] = (value, cur_iter)

    def put_scalars(self, *, smoothing_hint: bool = True, cur_iter: int | None = None, **kwargs: Any) -> None:
        """Record several numbers.

        Args:
            smoothing_hint: As for `put_scalar`.
            cur_iter: As for `put_scalar`.
            **kwargs: Each number under the name of its series.
        """
        for name, value in kwargs.items():
            self.put_scalar(name, value, smoothing_hint=smoothing_hint, cur_iter=cur_iter)

    def history(self, name: str) -> HistoryBuffer:
        """The values of one series.

        Raises:
            KeyError: nothing was recorded under this name.
        """
        if name not in self._history:
            raise KeyError(f"no scalar {name!r} was recorded; there are {', '.join(sorted(self._history)) or 'none'}")
        return self._history[name]

    def histories(self) -> dict[str, HistoryBuffer]:
        """All series by name."""
        return self._history

    def latest(self) -> dict[str, tuple[float, int]]:
        """Last value and its iteration for each series."""
        return self._latest

    def latest_with_smoothing_hint(self, window_size: int = 20) -> dict[str, tuple[float, int]]:
        """As `latest`, but the median of the last values of series that are to be smoothed.

        Args:
            window_size: Iterations whose values are in the median.
        """
        return {
            name: (self._history[name].median(self.count_samples(name, window_size)), iteration)
            if self._smoothing_hints[name]
            else (value, iteration)
            for name, (value, iteration) in self._latest.items()
        }

    def count_samples(self, name: str, window_size: int = 20) -> int:
        """Number of values of a series that belong to the last iterations; at least 1.

        Args:
            name: Name of the series.
            window_size: Iterations that count.
        """
        values = self._history[name].values()
        first = max(iteration for _, iteration in values[-window_size:]) - window_size
        return max(1, sum(iteration > first for _, iteration in values[-window_size:]))

    def __enter__(self) -> "EventStorage":
        _STORAGES.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _STORAGES.pop()


class EventWriter:
    """Writes what is new in the active storage to somewhere."""

    def write(self) -> None:
        """Write everything new."""
        raise NotImplementedError(f"{type(self).__name__} does not define write()")

    def close(self) -> None:
        """Release what the writer holds; nothing is written afterwards."""


def _new_scalars(storage: EventStorage, window_size: int, after: int) -> dict[int, dict[str, float]]:
    """Latest values that are newer than iteration `after`, by iteration."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for name, (value, iteration) in sorted(storage.latest_with_smoothing_hint(window_size).items()):
        if iteration > after:
            found[iteration][name] = float(value)
    return dict(sorted(found.items()))


class JSONWriter(EventWriter):
    """Appends one JSON object a line, with the key `iteration`, to a file.

    Args:
        json_file: Path; extended if it exists.
        window_size: Iterations whose values are in the median of noisy series.
    """

    def __init__(self, json_file: str, window_size: int = 20) -> None:
        self._file = open(json_file, "a", encoding="utf-8")
        self._window_size = window_size
        self._last_write = -1

    def write(self) -> None:
        """Append what is new."""
        for iteration, scalars in _new_scalars(get_event_storage(), self._window_size, self._last_write).items():
            self._file.write(json.dumps({"iteration": iteration, **scalars}, sort_keys=True) + "\n")
            self._last_write = iteration
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TensorboardXWriter(EventWriter):
    """Writes scalars for TensorBoard.

    Args:
        log_dir: Folder of the event file.
        window_size: Iterations whose values are in the median of noisy series.
        **kwargs: For `torch.utils.tensorboard.SummaryWriter`.
    """

    def __init__(self, log_dir: str, window_size: int = 20, **kwargs: Any) -> None:
        self._log_dir, self._kwargs = log_dir, kwargs
        self._window_size = window_size
        self._last_write = -1
        self._writer = None

    def write(self) -> None:
        """Write what is new; the first call makes the file."""
        if self._writer is None:
            # Imported late: it takes a second that most commands do not need.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(self._log_dir, **self._kwargs)
        for iteration, scalars in _new_scalars(get_event_storage(), self._window_size, self._last_write).items():
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, iteration)
            self._last_write = iteration

    def close(self) -> None:
        """Close the event file, if one was made."""
        if self._writer is not None:
            self._writer.close()


class CommonMetricPrinter(EventWriter):
    """Logs losses, times, learning rate, memory and the time left, as one line.

    Args:
        max_iter: Length of training, for the time left; None leaves the time out.
        window_size: Iterations whose values are in the median of noisy series.
    """

    def __init__(self, max_iter: int | None = None, window_size: int = 20) -> None:
        self._logger = logging.getLogger("detectron2.utils.events")
        self._max_iter = max_iter
        self._window_size = window_size

    def write(self) -> None:
        """Log one line; nothing once training is over."""
        storage = get_event_storage()
        if storage.iter == self._max_iter:
            return
        parts = []
        if self._max_iter is not None and "time" in storage.histories():
            seconds = storage.history("time").median(1000) * (self._max_iter - storage.iter - 1)
            storage.put_scalar("eta_seconds", seconds, smoothing_hint=False)
            parts.append(f"eta: {datetime.timedelta(seconds=int(seconds))}")
        parts.append(f"iter: {storage.iter}")
        smooth = storage.latest_with_smoothing_hint(self._window_size)
        parts += [f"{name}: {value:.4g}" for name, (value, _) in smooth.items() if "loss" in name]
        for name in ("time", "data_time"):
            if name in smooth:
                parts.append(f"{name}: {storage.history(name).avg(self._window_size):.4f}")
        if "lr" in smooth:
            parts.append(f"lr: {smooth['lr'][0]:.5g}")
        if torch.cuda.is_available():
            parts.append(f"max_mem: {torch.cuda.max_memory_allocated() / 2**20:.0f}M")
        self._logger.info("  ".join(parts))
