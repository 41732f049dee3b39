"""A detector's weights for other classes: `python -m mask_rcnn_paper.transfer`."""
