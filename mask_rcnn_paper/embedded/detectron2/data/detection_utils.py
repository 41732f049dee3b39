"""From annotations and image files to what a model takes."""

from typing import Any

import numpy as np
import pycocotools.mask as mask_util
import torch
from detectron2.data import transforms as T
from detectron2.data.catalog import MetadataCatalog
from detectron2.data.images import BadSampleError, SizeMismatchError, check_image_size, read_image
from detectron2.structures import BitMasks, Boxes, BoxMode, Instances, Keypoints, PolygonMasks

__all__ = [
    "SizeMismatchError",
    "annotations_to_instances",
    "build_augmentation",
    "check_image_size",
    "check_metadata_consistency",
    "create_keypoint_hflip_indices",
    "filter_empty_instances",
    "read_image",
    "transform_instance_annotations",
    "transform_keypoint_annotations",
    "transform_proposals",
]


def transform_proposals(
    dataset_dict: dict[str, Any],
    image_shape: tuple[int, int],
    transforms: T.Transform,
    *,
    proposal_topk: int,
    min_box_size: float = 0,
) -> None:
    """Turn the stored proposals of a sample, if it has any, into `dataset_dict["proposals"]`.

    Boxes are transformed, clipped to the image, dropped where a side is not longer than `min_box_size`, and
    the first `proposal_topk` are kept: the best, as they are ordered by score.

    Args:
        dataset_dict: Changed in place; "proposal_boxes", "proposal_objectness_logits", "proposal_bbox_mode".
        image_shape: (height, width) after the transform.
        transforms: The image's transform.
        proposal_topk: Number to keep.
        min_box_size: In pixels.
    """
    if "proposal_boxes" not in dataset_dict:
        return
    mode = dataset_dict.pop("proposal_bbox_mode")
    boxes = BoxMode.convert(dataset_dict.pop("proposal_boxes"), mode, BoxMode.XYXY_ABS)
    boxes = Boxes(torch.as_tensor(transforms.apply_box(boxes).astype("float32")))
    logits = torch.as_tensor(dataset_dict.pop("proposal_objectness_logits").astype("float32"))
    boxes.clip(image_shape)
    keep = boxes.nonempty(threshold=min_box_size).nonzero()[:proposal_topk, 0]
    proposals = Instances(image_shape)
    proposals.proposal_boxes = boxes[keep]
    proposals.objectness_logits = logits[keep]
    dataset_dict["proposals"] = proposals


def transform_instance_annotations(
    annotation: dict[str, Any],
    transforms: T.Transform | list[T.Transform],
    image_size: tuple[int, int],
    *,
    keypoint_hflip_indices: np.ndarray | None = None,
) -> dict[str, Any]:
    """Apply an image's transform to one annotation, in place.

    The box is clipped to the image and becomes XYXY; an RLE mask becomes a binary array.

    Args:
        annotation: In detectron2's dataset format.
        transforms: The image's transform.
        image_size: (height, width) after the transform.
        keypoint_hflip_indices: See `create_keypoint_hflip_indices`.

    Returns:
        The annotation.

    Raises:
        ValueError: the segmentation is neither polygons nor RLE.
    """
    if not isinstance(transforms, T.Transform):
        transforms = T.TransformList(transforms)
    box = BoxMode.convert(annotation["bbox"], annotation["bbox_mode"], BoxMode.XYXY_ABS)
    h, w = image_size
    annotation["bbox"] = transforms.apply_box(np.array([box]))[0].clip(min=0, max=[w, h, w, h])
    annotation["bbox_mode"] = BoxMode.XYXY_ABS
    if "segmentation" in annotation:
        annotation["segmentation"] = _transform_segmentation(annotation["segmentation"], transforms)
    if "keypoints" in annotation:
        annotation["keypoints"] = transform_keypoint_annotations(
            annotation["keypoints"], transforms, image_size, keypoint_hflip_indices
        )
    return annotation


def _transform_segmentation(segmentation: Any, transforms: T.Transform) -> Any:
    if isinstance(segmentation, list):
        polygons = [np.asarray(p, dtype="float64").reshape(-1, 2) for p in segmentation]
        return [p.reshape(-1) for p in transforms.apply_polygons(polygons)]
    if isinstance(segmentation, dict):
        return transforms.apply_segmentation(mask_util.decode(segmentation))
    raise ValueError(f"a segmentation must be a list of polygons or an RLE dict, not {type(segmentation)}")


def transform_keypoint_annotations(
    keypoints: Any,
    transforms: T.Transform,
    image_size: tuple[int, int],
    keypoint_hflip_indices: np.ndarray | None = None,
) -> np.ndarray:
    """Apply an image's transform to the keypoints of one instance.

    Keypoints outside the image become unlabelled; a horizontal flip exchanges left and right ones.

    Args:
        keypoints: 3K numbers x, y, visibility.
        transforms: The image's transform.
        image_size: (height, width) after the transform.
        keypoint_hflip_indices: (K,), for each keypoint the one that it becomes in a mirror.

    Returns:
        (K, 3) float64 array; unlabelled keypoints are (0, 0, 0) after a flip.

    Raises:
        ValueError: the image is flipped and the indices are missing or of another number.
    """
    points = np.asarray(keypoints, dtype="float64").reshape(-1, 3).copy()
    points[:, :2] = transforms.apply_coords(points[:, :2])
    h, w = image_size
    inside = ((points[:, :2] >= 0) & (points[:, :2] <= [w, h])).all(axis=1)
    points[~inside, 2] = 0
    steps = transforms.transforms if isinstance(transforms, T.TransformList) else [transforms]
    if sum(isinstance(t, T.HFlipTransform) for t in steps) % 2:
        if keypoint_hflip_indices is None or len(keypoint_hflip_indices) != len(points):
            found = "none" if keypoint_hflip_indices is None else len(keypoint_hflip_indices)
            raise BadSampleError(
                f"flipping {len(points)} keypoints needs as many flip indices, found {found}: set the "
                "dataset's metadata keypoint_names and keypoint_flip_map, or INPUT.RANDOM_FLIP none"
            )
        points = points[np.asarray(keypoint_hflip_indices, dtype="int64")]
        points[points[:, 2] == 0] = 0
    return points


def annotations_to_instances(
    annos: list[dict[str, Any]], image_size: tuple[int, int], mask_format: str = "polygon"
) -> Instances:
    """Make the ground truth of an image.

    Args:
        annos: Transformed annotations; all or none of them have segmentation, and keypoints.
        image_size: (height, width).
        mask_format: "polygon" or "bitmask".

    Returns:
        Instances with gt_boxes, gt_classes and, where annotated, gt_masks and gt_keypoints.

    Raises:
        ValueError: unknown `mask_format`, masks that it cannot hold, or only some have masks or keypoints.
    """
    target = Instances(image_size)
    boxes = [BoxMode.convert(a["bbox"], a["bbox_mode"], BoxMode.XYXY_ABS) for a in annos]
    target.gt_boxes = Boxes(torch.as_tensor(np.array(boxes, dtype="float32").reshape(-1, 4)))
    target.gt_classes = torch.tensor([int(a["category_id"]) for a in annos], dtype=torch.int64)
    if segments := _of_all(annos, "segmentation"):
        if mask_format == "polygon":
            if not all(isinstance(s, list) for s in segments):
                raise BadSampleError("INPUT.MASK_FORMAT='polygon' cannot hold RLE masks: use bitmask")
            target.gt_masks = PolygonMasks(segments)
        elif mask_format == "bitmask":
            masks = np.stack([_bitmask(s, image_size) for s in segments])
            target.gt_masks = BitMasks(torch.from_numpy(masks))
        else:
            raise BadSampleError(f"INPUT.MASK_FORMAT={mask_format!r}: choose polygon or bitmask")
    if keypoints := _of_all(annos, "keypoints"):
        target.gt_keypoints = Keypoints(np.array(keypoints, dtype="float32").reshape(len(annos), -1, 3))
    return target


def _of_all(annos: list[dict[str, Any]], key: str) -> list[Any]:
    values = [a[key] for a in annos if key in a]
    if len(values) not in (0, len(annos)):
        raise BadSampleError(f"{len(values)} of {len(annos)} annotations of an image have {key!r}: all must")
    return values


def _bitmask(segmentation: Any, image_size: tuple[int, int]) -> np.ndarray:
    if isinstance(segmentation, list):
        polygons = [np.asarray(p).tolist() for p in segmentation]
        segmentation = mask_util.merge(mask_util.frPyObjects(polygons, *image_size))
    mask = mask_util.decode(segmentation) if isinstance(segmentation, dict) else np.asarray(segmentation)
    if mask.shape != tuple(image_size):
        raise ValueError(f"a mask of shape {mask.shape} does not fit its image of {tuple(image_size)}")
    return mask.astype(bool)


def filter_empty_instances(
    instances: Instances,
    by_box: bool = True,
    by_mask: bool = True,
    box_threshold: float = 1e-5,
    return_mask: bool = False,
) -> Instances | tuple[Instances, torch.Tensor]:
    """Drop instances of which nothing is left.

    Args:
        instances: With gt_boxes and perhaps gt_masks.
        by_box: Drop those whose box has a side of at most `box_threshold` pixels.
        by_mask: Drop those whose mask is empty.
        box_threshold: In pixels.
        return_mask: Also return which were kept, (N,) bool.
    """
    keep = torch.ones(len(instances), dtype=torch.bool)
    if by_box:
        keep &= instances.gt_boxes.nonempty(threshold=box_threshold)
    if by_mask and instances.has("gt_masks"):
        keep &= instances.gt_masks.nonempty()
    return (instances[keep], keep) if return_mask else instances[keep]


def create_keypoint_hflip_indices(dataset_names: str | list[str]) -> list[int]:
    """For each keypoint, the index of the one that it becomes in a mirror.

    Args:
        dataset_names: Datasets whose metadata has the same `keypoint_names` and `keypoint_flip_map`.

    Raises:
        ValueError: metadata is missing or differs between the datasets.
    """
    names = [dataset_names] if isinstance(dataset_names, str) else list(dataset_names)
    for key in ("keypoint_names", "keypoint_flip_map"):
        check_metadata_consistency(key, names)
    meta = MetadataCatalog.get(names[0])
    mirrored = dict(meta.keypoint_flip_map)
    mirrored.update({right: left for left, right in mirrored.items()})
    return [meta.keypoint_names.index(mirrored.get(name, name)) for name in meta.keypoint_names]


def check_metadata_consistency(key: str, dataset_names: list[str]) -> None:
    """Require that datasets used together agree on a metadata entry.

    Args:
        key: Name of the entry, such as "thing_classes".
        dataset_names: At least one registered dataset.

    Raises:
        ValueError: one lacks the entry or has another value than the first.
    """
    if not dataset_names:
        raise ValueError(f"no dataset is named where metadata {key!r} is needed: set DATASETS.TRAIN")
    values = [MetadataCatalog.get(name).get(key) for name in dataset_names]
    for name, value in zip(dataset_names, values, strict=True):
        if value is None:
            raise ValueError(f"dataset {name!r} has no {key}: MetadataCatalog.get({name!r}).set({key}=...)")
        if value != values[0]:
            raise ValueError(f"datasets {dataset_names[0]!r} and {name!r} differ in {key}: use one of them")


def build_augmentation(cfg: Any, is_train: bool) -> list[T.Augmentation]:
    """Resizing and, in training, flipping as `INPUT` says.

    Args:
        cfg: Config with INPUT.{MIN,MAX}_SIZE_{TRAIN,TEST}, MIN_SIZE_TRAIN_SAMPLING, RANDOM_FLIP.
        is_train: Whether the images are for training.

    Raises:
        ValueError: `INPUT.RANDOM_FLIP` is unknown.
    """
    if not is_train:
        return [T.ResizeShortestEdge(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST, "choice")]
    inp, flip = cfg.INPUT, cfg.INPUT.RANDOM_FLIP
    resize = T.ResizeShortestEdge(inp.MIN_SIZE_TRAIN, inp.MAX_SIZE_TRAIN, inp.MIN_SIZE_TRAIN_SAMPLING)
    if flip not in ("none", "horizontal", "vertical"):
        raise ValueError(f"INPUT.RANDOM_FLIP={flip!r}: choose none, horizontal or vertical")
    if flip == "none":
        return [resize]
    return [resize, T.RandomFlip(horizontal=flip == "horizontal", vertical=flip == "vertical")]
