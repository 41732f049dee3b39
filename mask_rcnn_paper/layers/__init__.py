from mask_rcnn_paper.layers.roi_ops import roi_align, roi_pool, roi_warp

__all__ = ["roi_align", "roi_pool", "roi_warp"]
