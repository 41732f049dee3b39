"""Importing this package registers the plugin's components in detectron2's registries and in its own."""

from mask_rcnn_paper.modeling.mask_heads import FCNMaskHead, MLPMaskHead, NamedLossMaskHead
from mask_rcnn_paper.modeling.mask_losses import MASK_LOSS_REGISTRY, MaskLoss
from mask_rcnn_paper.modeling.poolers import PaperROIPooler, RoILayer, build_pooler
from mask_rcnn_paper.modeling.roi_heads import PaperRes5ROIHeads, PaperStandardROIHeads

__all__ = [
    "FCNMaskHead",
    "MASK_LOSS_REGISTRY",
    "MLPMaskHead",
    "MaskLoss",
    "NamedLossMaskHead",
    "PaperROIPooler",
    "PaperRes5ROIHeads",
    "PaperStandardROIHeads",
    "RoILayer",
    "build_pooler",
]
