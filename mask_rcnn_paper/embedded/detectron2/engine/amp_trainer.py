"""Training in mixed precision."""

from collections.abc import Iterable
from typing import Any

import torch
from detectron2.engine.train_loop import SimpleTrainer
from detectron2.utils.events import get_event_storage
from torch import nn


class AMPTrainer(SimpleTrainer):
    """`SimpleTrainer` in mixed precision on a GPU."""

    def __init__(
        self,
        model: nn.Module,
        data_loader: Iterable,
        optimizer: torch.optim.Optimizer,
        gather_metric_period: int = 1,
        zero_grad_before_forward: bool = False,
        grad_scaler: Any = None,
        precision: torch.dtype = torch.float16,
        log_grad_scaler: bool = False,
        async_write_metrics: bool = False,
    ) -> None:
        """Make the trainer.

        Args:
            model: on a GPU.
            data_loader: as for `SimpleTrainer`, like the next three.
            optimizer: ...
            gather_metric_period: ...
            zero_grad_before_forward: ...
            grad_scaler: a `torch.amp.GradScaler`; a new one by default.
            precision: type that the forward pass computes in where it is safe.
            log_grad_scaler: log the scale as `[metric]grad_scaler`.
            async_write_metrics: not in this core.

        Raises:
            ValueError: the model is not on a GPU.
        """
        device = next(model.parameters()).device
        if device.type != "cuda":
            raise ValueError(
                f"SOLVER.AMP.ENABLED=True with the model on {device}: it needs a GPU; set it to False"
            )
        super().__init__(
            model, data_loader, optimizer, gather_metric_period, zero_grad_before_forward, async_write_metrics
        )
        self.grad_scaler = grad_scaler or torch.amp.GradScaler("cuda")
        self.precision = precision
        self.log_grad_scaler = log_grad_scaler

    def run_step(self) -> None:
        """Do one iteration."""
        data, data_time = self._next_batch()
        if self.zero_grad_before_forward:
            self.optimizer.zero_grad()
        with torch.autocast("cuda", dtype=self.precision):
            losses, loss_dict = self._sum_losses(self.model(data))
        if not self.zero_grad_before_forward:
            self.optimizer.zero_grad()
        self.grad_scaler.scale(losses).backward()
        if self.log_grad_scaler:
            get_event_storage().put_scalar("[metric]grad_scaler", self.grad_scaler.get_scale())
        self.after_backward()
        self._write_metrics(loss_dict, data_time)
        self.grad_scaler.step(self.optimizer)
        self.grad_scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """As the base class, and the scaler's state."""
        return super().state_dict() | {"grad_scaler": self.grad_scaler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self.grad_scaler.load_state_dict(state_dict["grad_scaler"])
