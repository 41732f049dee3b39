"""COCO's file format: masks, keypoints, and the facts of an annotation file. Knows nothing of detectron2."""
