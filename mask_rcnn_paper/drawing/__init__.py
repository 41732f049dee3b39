"""Pictures of instances in COCO's format, ground truth and predictions alike: masks, boxes, keypoints and labels.

Shorthand: a rectangle is (x0, y0, x1, y1) in pixels of the picture, x1 and y1 not included.
"""

from mask_rcnn_paper.drawing.colours import Colour, class_colours, instance_colours
from mask_rcnn_paper.drawing.instances import draw_instances

__all__ = ["Colour", "class_colours", "draw_instances", "instance_colours"]
