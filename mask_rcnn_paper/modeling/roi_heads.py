"""The paper's RoI heads: detectron2's, with the paper's RoI layers and the paper's C4 head.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "Network Architecture" and Figure 4.
"""

from typing import Any

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY
from detectron2.modeling.roi_heads import Res5ROIHeads, StandardROIHeads
from torch import nn

from mask_rcnn_paper.modeling.mask_box_nms import MaskBoxNMSHeads
from mask_rcnn_paper.modeling.roi_layers import replace_roi_layers


@ROI_HEADS_REGISTRY.register()
class PaperRes5ROIHeads(MaskBoxNMSHeads, Res5ROIHeads):
    """The C4 head of Figure 4 (left): 7x7 RoI features and a `res5` whose first block has stride 1.

    Differs from Res5ROIHeads, which pools 14x14 and lets `res5` halve it: with the stride in the first 1x1
    convolution that form reads only every second bin, a quarter of the pooled values, so a comparison of RoI layers
    would see a coarser layer than the paper's. Names and shapes of all parameters are the same, and weights
    interchange; a dilated `res5` stays dilated. Use MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION 7.
    """

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Replace the RoI layer of the pooler by the one MODEL.ROI_POOLER names and the stride of `res5` by 1."""
        ret = super().from_config(cfg, input_shape)
        replace_roi_layers(ret["pooler"], cfg, cfg.MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO)
        for module in ret["res5"].modules():
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
        return ret


@ROI_HEADS_REGISTRY.register()
class PaperStandardROIHeads(MaskBoxNMSHeads, StandardROIHeads):
    """StandardROIHeads with the RoI layer that MODEL.ROI_POOLER names in every branch (Tables 2d, 2e and 6)."""

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Replace the RoI layers of the branches that are on."""
        ret = super().from_config(cfg, input_shape)
        for branch in ("box", "mask", "keypoint"):
            if (pooler := ret.get(f"{branch}_pooler")) is not None:
                replace_roi_layers(pooler, cfg, cfg.MODEL[f"ROI_{branch.upper()}_HEAD"].POOLER_SAMPLING_RATIO)
        return ret
