"""The interface that every backbone fulfils."""

from abc import ABCMeta, abstractmethod

from detectron2.layers import ShapeSpec
from torch import Tensor, nn


class Backbone(nn.Module, metaclass=ABCMeta):
    """Maps an image batch to named feature maps.

    A subclass fills `_out_features` (names in order), `_out_feature_channels` and
    `_out_feature_strides` (both by name), or overrides `output_shape`.
    """

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) to feature maps (N, C, H / stride, W / stride) by name."""

    @property
    def size_divisibility(self) -> int:
        """The number that padded image sides must be a multiple of; 0 where any size will do."""
        return 0

    @property
    def padding_constraints(self) -> dict[str, int]:
        """Further constraints on padding, as `ImageList.from_tensors` takes them."""
        return {}

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Channels and stride of each output, by name."""
        return {
            name: ShapeSpec(channels=self._out_feature_channels[name], stride=self._out_feature_strides[name])
            for name in self._out_features
        }
