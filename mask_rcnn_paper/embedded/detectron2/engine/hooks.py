"""Hooks of the training loop."""

import datetime
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from detectron2.engine.train_loop import HookBase
from detectron2.evaluation.testing import flatten_results_dict
from detectron2.utils import comm
from detectron2.utils.events import EventWriter
from fvcore.common.checkpoint import PeriodicCheckpointer as _PeriodicCheckpointer
from fvcore.common.timer import Timer
from torch.optim.lr_scheduler import LRScheduler as _TorchScheduler

__all__ = [
    "EvalHook",
    "IterationTimer",
    "LRScheduler",
    "PeriodicCheckpointer",
    "PeriodicWriter",
]


class IterationTimer(HookBase):
    """Records the seconds of each iteration as `time`, and logs the total at the end.

    Only what happens between `before_step` and this hook's `after_step` counts, so register it first.

    Args:
        warmup_iter: Iterations at the start that are not recorded.
    """

    def __init__(self, warmup_iter: int = 3) -> None:
        self._warmup_iter = warmup_iter
        self._step_timer = Timer()
        self._total_timer = Timer()
        self._step_seconds = 0.0
        self._steps = 0

    def before_train(self) -> None:
        """Start the clock."""
        self._total_timer.reset()

    def before_step(self) -> None:
        """Start the iteration's clock."""
        self._step_timer.reset()

    def after_step(self) -> None:
        """Record the iteration's seconds."""
        seconds = self._step_timer.seconds()
        if self.trainer.iter - self.trainer.start_iter >= self._warmup_iter:
            self.trainer.storage.put_scalar("time", seconds)
            self._step_seconds += seconds
            self._steps += 1

    def after_train(self) -> None:
        """Log speed and total time."""
        if self._steps:
            total = self._total_timer.seconds()
            logging.getLogger(__name__).info(
                "%.4f s an iteration; %s in all, hooks included",
                self._step_seconds / self._steps,
                datetime.timedelta(seconds=int(total)),
            )


class PeriodicWriter(HookBase):
    """Makes writers write every few iterations and at the end, and closes them.

    Args:
        writers: What to write with.
        period: Iterations between two writes.
    """

    def __init__(self, writers: list[EventWriter], period: int = 20) -> None:
        self._writers = writers
        self._period = period

    def after_step(self) -> None:
        """Write, when it is time."""
        done = self.trainer.iter + 1
        if done % self._period == 0 or done == self.trainer.max_iter:
            for writer in self._writers:
                writer.write()

    def after_train(self) -> None:
        """Write what the other hooks left, and close."""
        for writer in self._writers:
            writer.write()
            writer.close()


class PeriodicCheckpointer(_PeriodicCheckpointer, HookBase):
    """fvcore's `PeriodicCheckpointer` as a hook; its arguments are the same."""

    def before_train(self) -> None:
        """Take the length of training from the trainer."""
        self.max_iter = self.trainer.max_iter

    def after_step(self) -> None:
        """Save, when it is time."""
        self.step(self.trainer.iter)


class LRScheduler(HookBase):
    """Steps the learning rate schedule and records `lr`, the rate of the most parameters.

    Args:
        optimizer: Whose rates are recorded; the trainer's by default.
        scheduler: What is stepped; the trainer's by default.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer | None = None, scheduler: _TorchScheduler | None = None
    ) -> None:
        self._optimizer = optimizer
        self._scheduler = scheduler
        self._group = 0

    @property
    def scheduler(self) -> _TorchScheduler:
        """The schedule."""
        return self._scheduler or self.trainer.scheduler

    @property
    def _param_groups(self) -> list[dict[str, Any]]:
        return (self._optimizer or self.trainer.optimizer).param_groups

    def before_train(self) -> None:
        """Choose the parameter group to record."""
        sizes: Counter = Counter()
        for group in self._param_groups:
            sizes[group["lr"]] += len(group["params"])
        commonest = max(sizes, key=sizes.__getitem__)
        self._group = next(i for i, group in enumerate(self._param_groups) if group["lr"] == commonest)

    def after_step(self) -> None:
        """Record the rate of this iteration and set the next."""
        lr = self._param_groups[self._group]["lr"]
        self.trainer.storage.put_scalar("lr", lr, smoothing_hint=False)
        self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """State of the schedule."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the schedule."""
        self.scheduler.load_state_dict(state_dict)


class EvalHook(HookBase):
    """Evaluates every few iterations and after training.

    Args:
        eval_period: Iterations between two evaluations; 0 for none during training.
        eval_function: Returns results as nested mappings of numbers, which are recorded under `a/b` keys.
        eval_after_train: Evaluate after a complete run.
    """

    def __init__(
        self, eval_period: int, eval_function: Callable[[], Mapping[str, Any]], eval_after_train: bool = True
    ) -> None:
        self._period = eval_period
        self._function = eval_function
        self._after_train = eval_after_train

    def _evaluate(self) -> None:
        results = self._function()
        if results:
            if not isinstance(results, Mapping):
                raise ValueError(f"EvalHook's eval_function returned {type(results).__name__}: return a mapping")
            for name, value in flatten_results_dict(results).items():
                try:
                    number = float(value)
                except (TypeError, ValueError) as error:
                    raise ValueError(
                        f"EvalHook: result {name!r} is {value!r}: return nested mappings of numbers"
                    ) from error
                self.trainer.storage.put_scalar(name, number, smoothing_hint=False)
        comm.synchronize()

    def after_step(self) -> None:
        """Evaluate, when it is time; the last iteration is left to `after_train`."""
        done = self.trainer.iter + 1
        if self._period > 0 and done % self._period == 0 and done != self.trainer.max_iter:
            self._evaluate()

    def after_train(self) -> None:
        """Evaluate, unless training failed."""
        if self._after_train and self.trainer.iter >= self.trainer.max_iter:
            self._evaluate()
        # The function usually holds the trainer.
        del self._function
