"""The training loop and its hooks' interface."""

import logging
import math
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from detectron2.utils import comm
from detectron2.utils.events import EventStorage, get_event_storage
from torch import nn


class HookBase:
    """Something to do at fixed points of training; `self.trainer` is the trainer it is registered with.

    `before_train`, then for each iteration `before_step`, `after_backward`, `after_step`, and at last
    `after_train`, which also runs when training failed.
    """

    trainer: "TrainerBase" = None

    def before_train(self) -> None:
        """Called before the first iteration."""

    def after_train(self) -> None:
        """Called after the last iteration."""

    def before_step(self) -> None:
        """Called before each iteration."""

    def after_backward(self) -> None:
        """Called after the backward pass of each iteration."""

    def after_step(self) -> None:
        """Called after each iteration."""

    def state_dict(self) -> dict[str, Any]:
        """State to save in checkpoints; a hook that returns some also defines `load_state_dict`."""
        return {}


class TrainerBase:
    """A loop over iterations with hooks.

    Attributes:
        iter: Current iteration.
        start_iter: First iteration of the run.
        max_iter: Where the run stops, exclusive.
        storage: The `EventStorage` of the run, from `train` on.
    """

    def __init__(self) -> None:
        self._hooks: list[HookBase] = []
        self.iter: int = 0
        self.start_iter: int = 0
        self.max_iter: int = 0
        self.storage: EventStorage | None = None

    def register_hooks(self, hooks: list[HookBase | None]) -> None:
        """Add hooks, which run in the order of their registration.

        Args:
            hooks: None entries are left out.
        """
        for hook in hooks:
            if hook is not None:
                # A proxy, so that trainer and hooks are freed as soon as the trainer is let go.
                hook.trainer = weakref.proxy(self)
                self._hooks.append(hook)

    def train(self, start_iter: int, max_iter: int) -> None:
        """Run the iterations in [start_iter, max_iter).

        Args:
            start_iter: First iteration, above 0 when resuming.
            max_iter: Where to stop.
        """
        logger = logging.getLogger(__name__)
        logger.info("Training starts at iteration %d", start_iter)
        self.iter = self.start_iter = start_iter
        self.max_iter = max_iter
        with EventStorage(start_iter) as self.storage:
            try:
                self.before_train()
                for self.iter in range(start_iter, max_iter):
                    self.before_step()
                    self.run_step()
                    self.after_step()
                # Hooks tell a complete run from a failed one by this.
                self.iter = max(start_iter, max_iter)
            except Exception:
                logger.error("Training stopped by an error at iteration %d", self.iter)
                raise
            finally:
                self.after_train()

    def before_train(self) -> None:
        """Run the hooks' `before_train`."""
        for hook in self._hooks:
            hook.before_train()

    def after_train(self) -> None:
        """Run the hooks' `after_train`."""
        self.storage.iter = self.iter
        for hook in self._hooks:
            hook.after_train()

    def before_step(self) -> None:
        """Run the hooks' `before_step`."""
        # The storage follows the trainer, so that hooks and the model log under the right iteration.
        self.storage.iter = self.iter
        for hook in self._hooks:
            hook.before_step()

    def after_backward(self) -> None:
        """Run the hooks' `after_backward`."""
        for hook in self._hooks:
            hook.after_backward()

    def after_step(self) -> None:
        """Run the hooks' `after_step`."""
        for hook in self._hooks:
            hook.after_step()

    def run_step(self) -> None:
        """Do one iteration."""
        raise NotImplementedError(f"{type(self).__name__} does not define run_step()")

    def state_dict(self) -> dict[str, Any]:
        """Iteration and the hooks' states, by class name."""
        states = {type(hook).__qualname__: hook.state_dict() for hook in self._hooks}
        return {"iteration": self.iter, "hooks": {name: state for name, state in states.items() if state}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Args:
            state_dict: States of hooks that are not registered are reported and left out.
        """
        self.iter = state_dict["iteration"]
        hooks = {type(hook).__qualname__: hook for hook in self._hooks}
        for name, state in state_dict.get("hooks", {}).items():
            if name in hooks:
                hooks[name].load_state_dict(state)
            else:
                logging.getLogger(__name__).warning("No hook %s: its state in the checkpoint is left out", name)


class SimpleTrainer(TrainerBase):
    """One model, one data loader, one optimiser: forward, sum of losses, backward, step.

    Args:
        model: Called with a batch, returns a dict of losses or one loss.
        data_loader: Batches without end.
        optimizer: Optimiser of the model's parameters.
        gather_metric_period: Log every so many iterations; logging waits for the GPU and all processes.
        zero_grad_before_forward: Clear gradients before the forward pass, not before the backward pass.
        async_write_metrics: Not in this core.

    Raises:
        NotImplementedError: `async_write_metrics` is set.
    """

    def __init__(
        self,
        model: nn.Module,
        data_loader: Iterable,
        optimizer: torch.optim.Optimizer,
        gather_metric_period: int = 1,
        zero_grad_before_forward: bool = False,
        async_write_metrics: bool = False,
    ) -> None:
        super().__init__()
        if async_write_metrics:
            raise NotImplementedError("async_write_metrics=True: use False, or install detectron2")
        model.train()
        self.model = model
        self.data_loader = data_loader
        self.optimizer = optimizer
        self.gather_metric_period = gather_metric_period
        self.zero_grad_before_forward = zero_grad_before_forward
        self._iterator = None

    @property
    def _data_loader_iter(self) -> Any:
        # Made late, when hooks have run and workers are really needed.
        if self._iterator is None:
            self._iterator = iter(self.data_loader)
        return self._iterator

    def _next_batch(self) -> tuple[Any, float]:
        """Next batch and the seconds spent waiting for it."""
        start = time.perf_counter()
        data = next(self._data_loader_iter)
        return data, time.perf_counter() - start

    def run_step(self) -> None:
        """Do one iteration."""
        data, data_time = self._next_batch()
        if self.zero_grad_before_forward:
            self.optimizer.zero_grad()
        losses, loss_dict = self._forward(data)
        if not self.zero_grad_before_forward:
            self.optimizer.zero_grad()
        self._backward(losses)
        self.after_backward()
        self._write_metrics(loss_dict, data_time)
        self._optimizer_step()

    def _forward(self, data: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Sum of the losses, and each by name."""
        output = self.model(data)
        if isinstance(output, torch.Tensor):
            return output, {"total_loss": output}
        return sum(output.values()), dict(output)

    def _backward(self, losses: torch.Tensor) -> None:
        losses.backward()

    def _optimizer_step(self) -> None:
        self.optimizer.step()

    def _write_metrics(self, loss_dict: Mapping[str, torch.Tensor], data_time: float, prefix: str = "") -> None:
        if (self.iter + 1) % self.gather_metric_period == 0:
            self.write_metrics(loss_dict, data_time, self.iter, prefix)

    @staticmethod
    def write_metrics(loss_dict: Mapping[str, torch.Tensor], data_time: float, cur_iter: int, prefix: str = "") -> None:
        """Average losses over all processes and put them, their sum and the times for data into the storage.

        Args:
            loss_dict: Scalar losses of this process.
            data_time: Seconds spent waiting for data: "rank_data_time"; "data_time" is the slowest process's.
            cur_iter: Iteration they belong to.
            prefix: Put before `total_loss`.

        Raises:
            FloatingPointError: the sum of the losses is not finite.
        """
        names = list(loss_dict)
        # One transfer from the device rather than one a loss.
        values = torch.stack([loss_dict[name].detach().double() for name in names]).tolist() if names else []
        gathered = comm.gather({**dict(zip(names, values, strict=True)), "data_time": data_time})
        storage = get_event_storage()
        storage.put_scalar("rank_data_time", data_time, cur_iter=cur_iter)
        if not comm.is_main_process():
            return
        slowest = max(metrics.pop("data_time") for metrics in gathered)
        storage.put_scalar("data_time", slowest, cur_iter=cur_iter)
        means = {name: float(np.mean([metrics[name] for metrics in gathered])) for name in names}
        total = sum(means.values())
        if not math.isfinite(total):
            losses = ", ".join(f"{name}={mean:.4g}" for name, mean in means.items())
            raise FloatingPointError(
                f"the loss is {total} at iteration {cur_iter} ({losses}): "
                "lower SOLVER.BASE_LR, lengthen SOLVER.WARMUP_ITERS or set SOLVER.CLIP_GRADIENTS.ENABLED"
            )
        storage.put_scalar(f"{prefix}total_loss", total, cur_iter=cur_iter)
        if names != ["total_loss"]:
            storage.put_scalars(cur_iter=cur_iter, **means)

    def state_dict(self) -> dict[str, Any]:
        """As the base class, and the optimiser's state."""
        return super().state_dict() | {"optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self.optimizer.load_state_dict(state_dict["optimizer"])
