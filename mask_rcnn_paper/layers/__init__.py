from mask_rcnn_paper.layers.align2nat import Units, align2nat, nat2align, swap_align2nat
from mask_rcnn_paper.layers.roi_ops import roi_align, roi_pool, roi_warp

__all__ = ["Units", "align2nat", "nat2align", "roi_align", "roi_pool", "roi_warp", "swap_align2nat"]
