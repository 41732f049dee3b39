"""Importing this package registers the plugin's components in detectron2's registries and in its own."""

from mask_rcnn_paper.modeling.frozen_body import build_frozen_resnet_fpn_backbone
from mask_rcnn_paper.modeling.keypoint_head import PaperKeypointHead
from mask_rcnn_paper.modeling.mask_heads import FCNMaskHead, MLPMaskHead, NamedLossMaskHead
from mask_rcnn_paper.modeling.mask_losses import MASK_LOSS_REGISTRY, MaskLoss
from mask_rcnn_paper.modeling.non_local_backbone import NonLocalBlock, build_nonlocal_resnet_fpn_backbone
from mask_rcnn_paper.modeling.retinanet import PaperRetinaNet
from mask_rcnn_paper.modeling.roi_heads import PaperRes5ROIHeads, PaperStandardROIHeads
from mask_rcnn_paper.modeling.roi_layers import ROI_LAYER_REGISTRY, RoILayer
from mask_rcnn_paper.modeling.tensormask import TensorMask
from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA

__all__ = [
    "FCNMaskHead",
    "MASK_LOSS_REGISTRY",
    "MLPMaskHead",
    "MaskLoss",
    "NamedLossMaskHead",
    "NonLocalBlock",
    "PaperKeypointHead",
    "PaperRCNNWithTTA",
    "PaperRes5ROIHeads",
    "PaperRetinaNet",
    "PaperStandardROIHeads",
    "ROI_LAYER_REGISTRY",
    "RoILayer",
    "TensorMask",
    "build_frozen_resnet_fpn_backbone",
    "build_nonlocal_resnet_fpn_backbone",
]
