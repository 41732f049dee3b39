"""The base of backbone blocks, and shape specifications."""

from detectron2.layers import CNNBlockBase, Conv2d, FrozenBatchNorm2d, ShapeSpec, get_norm


class Block(CNNBlockBase):
    def __init__(self):
        super().__init__(3, 8, 2)
        self.conv = Conv2d(3, 8, 3, stride=2, norm=get_norm("BN", 8))


def test_freezing_stops_gradients_and_statistics():
    """All parameters are fixed and batch norms frozen; the block is returned and remembers its shape."""
    block = Block()
    assert block.freeze() is block
    assert not any(parameter.requires_grad for parameter in block.parameters())
    assert isinstance(block.conv.norm, FrozenBatchNorm2d)
    assert (block.in_channels, block.out_channels, block.stride) == (3, 8, 2)


def test_shape_spec_is_unknown_by_default():
    """Unknown parts are None; equal specs compare equal."""
    spec = ShapeSpec(channels=3, stride=4)
    assert spec.height is None
    assert spec.width is None
    assert spec == ShapeSpec(3, None, None, 4)
