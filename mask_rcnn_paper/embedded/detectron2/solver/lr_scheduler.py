"""Learning rates as multiples of the base rate over the course of training."""

from typing import Any

from fvcore.common.param_scheduler import ParamScheduler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

WARMUP_METHODS = ("linear", "constant")


class WarmupParamScheduler(ParamScheduler):
    """Lead another scheduler in with a warm-up.

    Source: Goyal et al., "Accurate, Large Minibatch SGD" (arXiv:1706.02677), Sec. 2.2.

    Args:
        scheduler: What follows the warm-up.
        warmup_factor: The warm-up starts at this multiple of `scheduler`'s first value.
        warmup_length: Fraction of training, in [0, 1].
        warmup_method: "linear" rises to the value at which `scheduler` takes over; "constant" stays.
        rescale_interval: Squeeze all of `scheduler` into what the warm-up leaves of training, rather than
            hide its beginning.

    Raises:
        ValueError: unknown `warmup_method`.
    """

    def __init__(
        self,
        scheduler: ParamScheduler,
        warmup_factor: float,
        warmup_length: float,
        warmup_method: str = "linear",
        rescale_interval: bool = False,
    ) -> None:
        if warmup_method not in WARMUP_METHODS:
            raise ValueError(f"SOLVER.WARMUP_METHOD={warmup_method!r}: choose from {', '.join(WARMUP_METHODS)}")
        self._scheduler = scheduler
        self._length = warmup_length
        self._rescale = rescale_interval
        self._start = warmup_factor * scheduler(0.0)
        self._end = (
            self._start if warmup_method == "constant" else scheduler(0.0 if rescale_interval else warmup_length)
        )

    def __call__(self, where: float) -> float:
        """Value at the fraction `where` of training."""
        if where + self.WHERE_EPSILON < self._length:
            return self._start + (self._end - self._start) * where / self._length
        if self._rescale and self._length < 1.0:
            where = (where - self._length) / (1.0 - self._length)
        return self._scheduler(where)


class LRMultiplier(LRScheduler):
    """Multiply the base rate of each parameter group by a `ParamScheduler`'s value, anew each iteration.

    Args:
        optimizer: What it steers; its current rates are the base rates.
        multiplier: Value by the fraction of training done.
        max_iter: Number of iterations.
        last_iter: Last iteration already done; -1 at the start.
    """

    def __init__(self, optimizer: Optimizer, multiplier: ParamScheduler, max_iter: int, last_iter: int = -1) -> None:
        self._multiplier = multiplier
        self._max_iter = max_iter
        super().__init__(optimizer, last_epoch=last_iter)

    def state_dict(self) -> dict[str, Any]:
        """Base rates and position; the schedule itself comes from the config."""
        return {"base_lrs": self.base_lrs, "last_epoch": self.last_epoch}

    def get_lr(self) -> list[float]:
        """Rates of the current iteration, one a parameter group."""
        factor = self._multiplier(min(self.last_epoch / self._max_iter, 1.0))
        return [base * factor for base in self.base_lrs]
