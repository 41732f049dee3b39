"""Training in mixed precision."""

from collections.abc import Iterable
from typing import Any

import torch
from detectron2.engine.train_loop import SimpleTrainer
from detectron2.utils.events import get_event_storage
from torch import nn


class AMPTrainer(SimpleTrainer):
    """`SimpleTrainer` in mixed precision, with scaled gradients.

    Args:
        model: Its device tells where autocast works; meant for GPUs.
        data_loader: As for `SimpleTrainer`.
        optimizer: As for `SimpleTrainer`.
        gather_metric_period: As for `SimpleTrainer`.
        zero_grad_before_forward: As for `SimpleTrainer`.
        grad_scaler: A `torch.amp.GradScaler`; a new one by default.
        precision: Type that the forward pass computes in where it is safe.
        log_grad_scaler: Log the scale as `[metric]grad_scaler`.
        async_write_metrics: Not in this core.
    """

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
        super().__init__(
            model, data_loader, optimizer, gather_metric_period, zero_grad_before_forward, async_write_metrics
        )
        self._device_type = next(model.parameters()).device.type
        self.grad_scaler = grad_scaler or torch.amp.GradScaler(self._device_type)
        self.precision = precision
        self.log_grad_scaler = log_grad_scaler

    def _forward(self, data: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        with torch.autocast(self._device_type, dtype=self.precision):
            return super()._forward(data)

    def _backward(self, losses: torch.Tensor) -> None:
        self.grad_scaler.scale(losses).backward()
        if self.log_grad_scaler:
            get_event_storage().put_scalar("[metric]grad_scaler", self.grad_scaler.get_scale())

    def _optimizer_step(self) -> None:
        self.grad_scaler.step(self.optimizer)
        self.grad_scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """As the base class, and the scaler's state."""
        return super().state_dict() | {"grad_scaler": self.grad_scaler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self.grad_scaler.load_state_dict(state_dict["grad_scaler"])
