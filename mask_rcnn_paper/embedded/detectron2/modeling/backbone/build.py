"""Registry and builder of backbones."""

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone.backbone import Backbone
from detectron2.modeling.choices import lookup
from detectron2.utils.registry import Registry

BACKBONE_REGISTRY = Registry("BACKBONE")
"""Called as `obj(cfg, input_shape)` with the image's ShapeSpec. Returns a Backbone."""


def build_backbone(cfg: CfgNode, input_shape: ShapeSpec | None = None) -> Backbone:
    """Build the backbone that `MODEL.BACKBONE.NAME` names.

    Args:
        cfg: The configuration.
        input_shape: The image's channels; by default as many as `MODEL.PIXEL_MEAN` has.
    """
    if input_shape is None:
        input_shape = ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN))
    return lookup(BACKBONE_REGISTRY, "MODEL.BACKBONE.NAME", cfg.MODEL.BACKBONE.NAME)(cfg, input_shape)
