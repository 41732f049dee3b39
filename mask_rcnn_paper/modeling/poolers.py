"""detectron2's multi-level pooler with one of the registered RoI layers on each level.

Paper: Mask R-CNN (arXiv:1703.06870), Section 3 "RoIAlign", Tables 2c, 2d and 6.
"""

from detectron2.config import CfgNode
from detectron2.modeling.poolers import ROIPooler
from torch import nn

from mask_rcnn_paper.modeling.registry import registered
from mask_rcnn_paper.modeling.roi_layers import ROI_LAYER_REGISTRY


def replace_roi_layers(pooler: ROIPooler, cfg: CfgNode, sampling_ratio: int) -> None:
    """Give a pooler, in place, the RoI layer and the level rule that MODEL.ROI_POOLER names.

    Where MODEL.ROI_POOLER.NAME is "" the pooler stays detectron2's. Else each of its layers is replaced by one of the
    same scale and output size, and boxes go to levels by CANONICAL_BOX_SIZE, which detectron2 has no key for.

    Args:
        pooler: Of one branch, as detectron2 built it, whatever its POOLER_TYPE.
        cfg: Whole config; reads MODEL.ROI_POOLER.
        sampling_ratio: POOLER_SAMPLING_RATIO of the branch, which not every layer of detectron2 keeps.

    Raises:
        ValueError: no such layer, or it has no such aggregation.
    """
    node = cfg.MODEL.ROI_POOLER
    if node.NAME == "":
        return
    layer = registered(ROI_LAYER_REGISTRY, "MODEL.ROI_POOLER.NAME", node.NAME, "'' for detectron2's")
    pooler.level_poolers = nn.ModuleList(
        layer(old.output_size, old.spatial_scale, sampling_ratio, node.AGGREGATION) for old in pooler.level_poolers
    )
    pooler.canonical_box_size = node.CANONICAL_BOX_SIZE
