"""Names and ids of COCO's categories and keypoints."""

from typing import Any

# Ids run from 1 to 90 in this order; ten of them were never given to a category with annotations.
_UNUSED_IDS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
_CATEGORIES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
    parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella,
    handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
    surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
    broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop,
    mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors,
    teddy bear, hair drier, toothbrush
"""
_SIDED_KEYPOINTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def get_builtin_metadata(dataset_name: str) -> dict[str, Any]:
    """Metadata of "coco" (80 classes) or "coco_person" (one class with 17 keypoints)."""
    if dataset_name == "coco":
        ids = [i for i in range(1, 91) if i not in _UNUSED_IDS]
        return {
            "thing_classes": [" ".join(name.split()) for name in _CATEGORIES.split(",")],
            "thing_dataset_id_to_contiguous_id": {category: i for i, category in enumerate(ids)},
        }
    if dataset_name == "coco_person":
        pairs = [(f"left_{part}", f"right_{part}") for part in _SIDED_KEYPOINTS]
        return {
            "thing_classes": ["person"],
            "thing_dataset_id_to_contiguous_id": {1: 0},
            "keypoint_names": ["nose", *(name for pair in pairs for name in pair)],
            "keypoint_flip_map": pairs,
        }
    raise KeyError(f"no built-in metadata for {dataset_name!r}: choose coco or coco_person")
