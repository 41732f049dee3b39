"""Importing this package registers the plugin's components in detectron2's registries."""

from mask_rcnn_paper.modeling.mask_heads import FCNMaskHead, NamedLossMaskHead
from mask_rcnn_paper.modeling.mlp_mask_head import MLPMaskHead
from mask_rcnn_paper.modeling.poolers import PaperROIPooler, RoILayer, build_pooler
from mask_rcnn_paper.modeling.roi_heads import PaperRes5ROIHeads, PaperStandardROIHeads

__all__ = [
    "FCNMaskHead",
    "MLPMaskHead",
    "NamedLossMaskHead",
    "PaperROIPooler",
    "PaperRes5ROIHeads",
    "PaperStandardROIHeads",
    "RoILayer",
    "build_pooler",
]
