"""Frozen batch normalisation, and normalisation layers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation whose statistics and affine parameters are fixed buffers.

    It computes `(x - running_mean) / sqrt(running_var + eps) * weight + bias`, in training too: statistics of
    a few images are poor, so detectors keep those of pre-training (ResNet, arXiv:1512.03385, Appendix A).

    Args:
        num_features: Channels C of the input (N, C, H, W).
        eps: Added to the variance.
    """

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features) - eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` of shape (N, C, H, W); the result has the dtype of `x`."""
        if not x.requires_grad:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        # F.batch_norm would keep what it needs for gradients of weight and bias, which nobody asks for.
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None].to(x.dtype) + shift[:, None, None].to(x.dtype)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take a file that holds only `weight` and `bias` as one whose statistics were folded into them."""
        mean, var = f"{prefix}running_mean", f"{prefix}running_var"
        if f"{prefix}weight" in state_dict and mean not in state_dict and var not in state_dict:
            state_dict[mean] = torch.zeros_like(self.running_mean)
            state_dict[var] = torch.ones_like(self.running_var) - self.eps
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __repr__(self) -> str:
        return f"FrozenBatchNorm2d(num_features={self.num_features}, eps={self.eps})"

    @classmethod
    def convert_frozen_batchnorm(cls, module: nn.Module) -> nn.Module:
        """Replace every BatchNorm2d and SyncBatchNorm inside `module` by a frozen one with the same values.

        Args:
            module: Changed in place, unless it is itself a batch normalisation.

        Returns:
            `module`, or the layer that replaces it.
        """
        if isinstance(module, (nn.BatchNorm2d, nn.SyncBatchNorm)):
            return cls._frozen_copy(module)
        for name, child in module.named_children():
            frozen = cls.convert_frozen_batchnorm(child)
            if frozen is not child:
                module.add_module(name, frozen)
        return module

    @classmethod
    def _frozen_copy(cls, norm: nn.Module) -> FrozenBatchNorm2d:
        frozen = cls(norm.num_features, norm.eps).to(norm.running_mean.device)
        if norm.affine:
            frozen.weight.copy_(norm.weight.detach())
            frozen.bias.copy_(norm.bias.detach())
        frozen.running_mean.copy_(norm.running_mean)
        frozen.running_var.copy_(norm.running_var)
        return frozen.train(norm.training)


def get_norm(norm: str | Callable[[int], nn.Module] | None, out_channels: int) -> nn.Module | None:
    """A normalisation layer by the name it has in config keys that end in `NORM`.

    Args:
        norm: "" or None for none, "BN", "SyncBN", "FrozenBN", "GN" (32 groups), or a callable that takes the
            number of channels.
        out_channels: Channels of the input.

    Raises:
        ValueError: the name is unknown.
    """
    if norm is None or norm == "":
        return None
    if callable(norm):
        return norm(out_channels)
    layers = {
        "BN": nn.BatchNorm2d,
        "SyncBN": nn.SyncBatchNorm,
        "FrozenBN": FrozenBatchNorm2d,
        "GN": lambda channels: nn.GroupNorm(32, channels),
    }
    if norm not in layers:
        raise ValueError(
            f"NORM={norm!r} (a key such as MODEL.RESNETS.NORM): choose from '', {', '.join(layers)}; "
            "for detectron2's other layers install detectron2"
        )
    return layers[norm](out_channels)
