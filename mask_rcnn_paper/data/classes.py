"""The classes of a dataset, as COCO's files list them."""

from dataclasses import dataclass
from typing import Any

from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES, SKELETON


@dataclass(frozen=True)
class Classes:
    """Classes in the model's order.

    `names` by category id; `ids`: category id of each class of the model; `skeleton`: limbs between the `keypoints`, as
    pairs of numbers from 1 on.
    """

    names: dict[int, str]
    ids: tuple[int, ...]
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()

    def coco_categories(self, keypoints: bool) -> list[dict[str, Any]]:
        """The `categories` of a COCO file, with or without the names of keypoints."""
        skeleton = [list(limb) for limb in self.skeleton]
        extra = {"keypoints": list(self.keypoints), "skeleton": skeleton} if keypoints else {}
        return [{"id": i, "name": self.names[i], **extra} for i in self.ids]


def read_classes(dataset: str) -> Classes:
    """Classes of a registered dataset, from its metadata; the dataset is only loaded where it has none before that.

    Args:
        dataset: Its name. Limbs are COCO's where the keypoints are, else those of detectron2's
            `keypoint_connection_rules`.

    Raises:
        KeyError, FileNotFoundError: the dataset is unknown, or has to be loaded and is not there.
    """
    metadata = MetadataCatalog.get(dataset)
    if metadata.get("thing_classes") is None:
        DatasetCatalog.get(dataset)
    names = metadata.thing_classes
    id_map = metadata.get("thing_dataset_id_to_contiguous_id") or {index: index for index in range(len(names))}
    ids = sorted(id_map, key=id_map.get)
    keypoints = tuple(metadata.get("keypoint_names") or ())
    limbs = SKELETON if keypoints == KEYPOINT_NAMES else _limbs(keypoints, metadata.get("keypoint_connection_rules"))
    return Classes(dict(zip(ids, names, strict=True)), tuple(ids), keypoints, tuple((a, b) for a, b in limbs))


def _limbs(keypoints: tuple[str, ...], rules: list[tuple[str, str, Any]] | None) -> list[tuple[int, int]]:
    return [(keypoints.index(a) + 1, keypoints.index(b) + 1) for a, b, *_ in rules or ()]
