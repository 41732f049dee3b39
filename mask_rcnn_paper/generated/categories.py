"""The categories of the generated datasets: COCO's names, ids and person keypoints."""

CATEGORIES: dict[str, int] = {
    "person": 1,
    "bicycle": 2,
    "car": 3,
    "motorcycle": 4,
    "bus": 6,
    "train": 7,
    "truck": 8,
    "dog": 18,
    "umbrella": 28,
    "cup": 47,
}
"""COCO category id by name, in increasing order of id."""

_SIDED = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")

KEYPOINT_NAMES: tuple[str, ...] = (
    "nose",
    *(f"{side}_{part}" for part in _SIDED for side in ("left", "right")),
)
"""COCO's 17 person keypoints, in COCO's order."""

KEYPOINT_FLIP_MAP: tuple[tuple[str, str], ...] = tuple((f"left_{part}", f"right_{part}") for part in _SIDED)
"""Pairs of keypoint names that trade places when an image is mirrored."""

SKELETON: list[list[int]] = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip
"""COCO's limbs, as pairs of 1-based keypoint numbers."""


def coco_categories(names: list[str] | tuple[str, ...], keypoints: bool = False) -> list[dict]:
    """List the ``categories`` entries of a COCO file.

    Args:
        names: names from :data:`CATEGORIES`.
        keypoints: add the names of the keypoints and the skeleton, as COCO's person_keypoints files do.
    """
    extra = {"keypoints": list(KEYPOINT_NAMES), "skeleton": SKELETON} if keypoints else {}
    return [{"id": CATEGORIES[name], "name": name, "supercategory": name, **extra} for name in names]
