"""Thin forms of torch's own layers and functions: convolution with norm and activation, empty-safe loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ConvTranspose2d = nn.ConvTranspose2d
Linear = nn.Linear
interpolate = F.interpolate


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d` followed by an optional normalisation and activation. Accepts empty batches.

    Args:
        *args: Of `torch.nn.Conv2d`.
        **kwargs: Of `torch.nn.Conv2d`; also `norm`, a module, and `activation`, a callable, or None.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        norm = kwargs.pop("norm", None)
        activation = kwargs.pop("activation", None)
        super().__init__(*args, **kwargs)
        self.norm = norm
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, normalise and activate `x` of shape (N, C, H, W); N may be 0."""
        x = super().forward(x)
        if self.norm is not None:
            x = self.norm(x)
        if self.activation is not None:
            x = self.activation(x)
        return x


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """`torch.cat` that does not copy a single tensor."""
    if len(tensors) == 1:
        return tensors[0]
    return torch.cat(list(tensors), dim)


def cross_entropy(input: Tensor, target: Tensor, *, reduction: str = "mean", **kwargs: Any) -> Tensor:
    """`torch.nn.functional.cross_entropy` whose mean over no samples is 0, with zero gradients, not NaN.

    Args:
        input: Logits, shape (N, K) or (N, K, ...).
        target: Class indices, shape (N,) or (N, ...).
        reduction: "mean", "sum" or "none".
        **kwargs: Of `torch.nn.functional.cross_entropy`.
    """
    if target.numel() == 0 and reduction == "mean":
        return input.sum() * 0.0
    return F.cross_entropy(input, target, reduction=reduction, **kwargs)


def nonzero_tuple(x: Tensor) -> tuple[Tensor, ...]:
    """Indices of the non-zero elements, one tensor per dimension."""
    return torch.nonzero(x, as_tuple=True)
