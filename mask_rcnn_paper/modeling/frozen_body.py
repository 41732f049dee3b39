"""A body that training leaves as it is, so that an RPN and a detector can share it.

Paper: Mask R-CNN (arXiv:1703.06870), Section 4.4, after the 4-step training of Faster R-CNN (arXiv:1506.01497,
Section 3.2): the third and fourth steps train only the layers that are not shared.
"""

from detectron2.config import CfgNode
from detectron2.layers import FrozenBatchNorm2d, ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, Backbone


@BACKBONE_REGISTRY.register()
def build_frozen_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> Backbone:
    """ResNet and FPN of which neither weights nor statistics are trained; names and shapes are as without.

    Differs from MODEL.BACKBONE.FREEZE_AT 5, which freezes the ResNet alone: the maps that RPN and heads share are
    FPN's. The authors' TRAIN.FREEZE_CONV_BODY stops the gradient there too.

    Args:
        cfg: The config.
        input_shape: The image's channels.
    """
    body = BACKBONE_REGISTRY.get("build_resnet_fpn_backbone")(cfg, input_shape)
    body = FrozenBatchNorm2d.convert_frozen_batchnorm(body)
    for weight in body.parameters():
        weight.requires_grad_(False)
    return body
