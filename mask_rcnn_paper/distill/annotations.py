"""From a teacher's detections, in COCO's format of results, to annotations in COCO's format."""

from collections.abc import Mapping
from typing import Any

from mask_rcnn_paper.coco.masks import decode_mask, mask_to_polygons

# Regions of fewer pixels are no polygons that a mask target could be made of.
_MIN_REGION = 1.0
_DECIMALS = 2


def make_annotation(result: Mapping[str, Any], height: int, width: int, polygons: bool) -> dict[str, Any] | None:
    """A detection as an annotation of its image, without an id.

    Boxes end at the image's border. All keypoints are visible (2), since hard labels of all of them are what Data
    Distillation [35] trains on. Coordinates have two decimals, as COCO's. `score` is kept.

    Args:
        result: A COCO result of an image: image_id, category_id, bbox, score, and perhaps segmentation (RLE) and
            keypoints (x, y, score of each).
        height, width: Of the image in pixels.
        polygons: Write masks as polygons, for INPUT.MASK_FORMAT polygon, instead of RLE.

    Returns:
        The annotation, or None where nothing is left of the box or the mask.
    """
    x1, y1, w, h = result["bbox"]
    x2, y2 = min(x1 + w, width), min(y1 + h, height)
    x1, y1 = max(x1, 0.0), max(y1, 0.0)
    box = [round(value, _DECIMALS) for value in (x1, y1, x2 - x1, y2 - y1)]
    if min(box[2:]) <= 0:
        return None
    known = {key: result[key] for key in ("image_id", "category_id", "score")}
    annotation = {**known, "bbox": box, "area": round(box[2] * box[3], _DECIMALS), "iscrowd": 0}
    if "segmentation" in result:
        mask = decode_mask(result["segmentation"], height, width)
        outlines = [ring.round(_DECIMALS).reshape(-1).tolist() for ring in mask_to_polygons(mask, 1, _MIN_REGION)]
        if not outlines:
            return None
        segmentation = outlines if polygons else dict(result["segmentation"])
        annotation |= {"segmentation": segmentation, "area": int(mask.sum())}
    if "keypoints" in result:
        points = result["keypoints"]
        found = [(*(round(v, _DECIMALS) for v in points[i : i + 2]), 2) for i in range(0, len(points), 3)]
        annotation |= {"keypoints": [v for point in found for v in point], "num_keypoints": len(found)}
    return annotation
