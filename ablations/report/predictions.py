"""What evaluations left on disk: predictions in COCO's format, and the ground truth that they are of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = "coco_instances_results.json"

Instances = Mapping[int, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class GroundTruth:
    """A dataset in COCO's format.

    `images`: entry of an image by id; `instances`: its annotations by id of the image. `class_names` by category id,
    `skeleton` as pairs of keypoint numbers from 1 on, empty without keypoints.
    """

    name: str
    image_root: Path
    images: Mapping[int, Mapping[str, Any]]
    instances: Instances
    class_names: Mapping[int, str]
    skeleton: tuple[tuple[int, int], ...]


def predictions_of(folder: Path) -> dict[str, Path]:
    """Files of predictions that the evaluations of a job left, by the name of the dataset."""
    return {path.parent.name: path for path in sorted((folder / "inference").glob(f"*/{RESULTS}"))}


def read_predictions(path: Path) -> Instances:
    """Predictions of a file by image id.

    Raises:
        ValueError: it does not hold a list of predictions.
    """
    return _by_image(_read(path, list), path)


def read_ground_truth(name: str) -> GroundTruth:
    """Ground truth of a registered dataset; generated data are drawn if they are not there.

    Raises:
        ValueError: it is not registered, or not in COCO's format.
        FileNotFoundError: its annotations are not on this machine.
    """
    # detectron2, which it asks, takes seconds.
    from mask_rcnn_paper.data.registered import coco_files

    path, image_root = coco_files(name)
    content = _read(path, dict)
    categories = content["categories"]
    return GroundTruth(
        name=name,
        image_root=image_root,
        images={image["id"]: image for image in content["images"]},
        instances=_by_image(content["annotations"], path),
        class_names={category["id"]: category["name"] for category in categories},
        skeleton=next((tuple(map(tuple, c["skeleton"])) for c in categories if c.get("skeleton")), ()),
    )


def _read(path: Path, kind: type) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, kind):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a {kind.__name__}")
    return content


def _by_image(instances: Sequence[Mapping[str, Any]], path: Path) -> Instances:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for number, instance in enumerate(instances):
        if "image_id" not in instance:
            raise ValueError(f"{path}, entry {number}: has no image_id")
        found.setdefault(instance["image_id"], []).append(instance)
    return found
