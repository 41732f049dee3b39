"""RetinaNet whose head begins as its scale wants it.

Paper: Focal Loss for Dense Object Detection (arXiv:1708.02002), Section 4.1, "Initialization".
"""

from typing import Any

from detectron2.config import CfgNode
from detectron2.modeling import META_ARCH_REGISTRY, RetinaNet
from torch import nn


@META_ARCH_REGISTRY.register()
class PaperRetinaNet(RetinaNet):
    """detectron2's RetinaNet, with its arguments and parameter names, and weights of MODEL.DENSE_HEAD_INIT_STD."""

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        """The arguments of RetinaNet; the weights of its head drawn anew, biases left as they are."""
        ret = super().from_config(cfg)
        for layer in ret["head"].modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=cfg.MODEL.DENSE_HEAD_INIT_STD)
        return ret
