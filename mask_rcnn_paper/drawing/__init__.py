"""Pictures of instances in COCO's format: ground truth and predictions alike."""

from mask_rcnn_paper.drawing.instances import draw_instances

__all__ = ["draw_instances"]
