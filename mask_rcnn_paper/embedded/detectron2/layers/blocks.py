"""Base of the blocks a convolutional backbone is made of."""

from __future__ import annotations

from detectron2.layers.batch_norm import FrozenBatchNorm2d
from torch import nn


class CNNBlockBase(nn.Module):
    """A block that maps (N, in_channels, H, W) to (N, out_channels, H / stride, W / stride).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Of the block as a whole.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.stride = stride

    def freeze(self) -> CNNBlockBase:
        """Stop training the block: no gradients, batch normalisations frozen. Returns the block itself."""
        for parameter in self.parameters():
            parameter.requires_grad = False
        FrozenBatchNorm2d.convert_frozen_batchnorm(self)
        return self
