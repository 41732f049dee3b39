"""Rescales detections to the size in which they are wanted."""

from detectron2.structures import Instances, ROIMasks


def detector_postprocess(
    results: Instances, output_height: int, output_width: int, mask_threshold: float = 0.5
) -> Instances:
    """Rescale an image's results, and paste its masks.

    Args:
        results: Detections with `pred_boxes` or proposals with `proposal_boxes`, in pixels of the
            network's input; `pred_masks` (R, 1, M, M) are probabilities in their boxes, `pred_keypoints`
            (R, K, 3) are x, y, score. It is not changed.
        output_height: Height of the output in pixels.
        output_width: Its width.
        mask_threshold: A pixel belongs to a mask from this probability on.

    Returns:
        The results in the output's pixels, without those whose box is empty; `pred_masks` is boolean
        (R, output_height, output_width).
    """
    scale_x = output_width / results.image_size[1]
    scale_y = output_height / results.image_size[0]
    output = Instances((output_height, output_width), **results.get_fields())
    name = "pred_boxes" if output.has("pred_boxes") else "proposal_boxes"
    boxes = output.get(name).clone()
    boxes.scale(scale_x, scale_y)
    boxes.clip(output.image_size)
    output.set(name, boxes)
    output = output[boxes.nonempty()]
    if output.has("pred_masks"):
        masks = output.pred_masks
        masks = masks if isinstance(masks, ROIMasks) else ROIMasks(masks[:, 0])
        output.pred_masks = masks.to_bitmasks(output.pred_boxes, output_height, output_width, mask_threshold).tensor
    if output.has("pred_keypoints"):
        scale = output.pred_keypoints.new_tensor([scale_x, scale_y, 1.0])
        output.pred_keypoints = output.pred_keypoints * scale
    return output
