"""An FPN on a ResNet with one non-local block in res4.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B and Table 8, "+ Non-local [43]"; Non-local Neural Networks
(arXiv:1711.07971), Section 4 and "Experiments on COCO": one block, right before the last residual block of res4.

Shape shorthand: N images, C channels, D inner channels, (H, W) map.
"""

from detectron2.config import CfgNode
from detectron2.layers import Conv2d, ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, FPN
from torch import Tensor, nn
from torch.nn import functional as F

from mask_rcnn_paper.layers.non_local import non_local

_STAGE = "res4"


class NonLocalBlock(nn.Module):
    """x + W y, where y is the non-local operation on x.

    Args:
        channels: C. D is half of it.

    Open in Mask R-CNN, after the code of the non-local paper's authors: keys and values are max-pooled 2x2, products
    are scaled by the square root of D, and convolutions start from a standard deviation of 0.01. W starts from zero,
    without normalisation, as they have it where batch normalisation is frozen: at first the block is the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = Conv2d(channels, inner, kernel_size=1)
        self.phi = Conv2d(channels, inner, kernel_size=1)
        self.g = Conv2d(channels, inner, kernel_size=1)
        self.w = Conv2d(inner, channels, kernel_size=1)
        for layer in (self.theta, self.phi, self.g):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.w.weight)
        nn.init.zeros_(self.w.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to as much."""
        # Maps with a side of one cell are too small to be halved.
        pooled = F.max_pool2d(x, [min(2, side) for side in x.shape[-2:]])
        return x + self.w(non_local(self.theta(x), self.phi(pooled), self.g(pooled)))


class _BeforeBlock:
    """Forward pre-hook that passes a residual block's input through another module first.

    An object and not a function, so that copies of a model have the copy's module in their hook.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, block: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (self.module(*inputs),)


@BACKBONE_REGISTRY.register()
def build_nonlocal_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> FPN:
    """detectron2's `build_resnet_fpn_backbone` with a non-local block before the last block of res4.

    The block is the ResNet's `non_local`; all other parameters have the names that they have without it, so that plain
    checkpoints load.

    Args:
        cfg: Full config.
        input_shape: The image's channels.
    """
    fpn = BACKBONE_REGISTRY.get("build_resnet_fpn_backbone")(cfg, input_shape)
    resnet = fpn.bottom_up
    last = getattr(resnet, _STAGE)[-1]
    resnet.non_local = NonLocalBlock(last.in_channels)
    last.register_forward_pre_hook(_BeforeBlock(resnet.non_local))
    return fpn
