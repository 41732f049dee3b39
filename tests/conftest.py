"""Every test runs with the provider of `detectron2` already chosen."""

import mask_rcnn_paper  # noqa: F401
