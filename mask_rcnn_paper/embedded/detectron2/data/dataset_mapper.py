"""From a sample of a dataset to a model's input."""

import copy
import logging
from typing import Any

import numpy as np
import torch
from detectron2.config import configurable
from detectron2.structures import Instances

from . import detection_utils as utils
from . import transforms as T

__all__ = ["DatasetMapper"]


class DatasetMapper:
    """Read the image, augment it, and turn the annotations into `Instances`.

    Args:
        is_train: Keep the ground truth.
        augmentations: Applied to the image, and to annotations and proposals with it.
        image_format: See `detection_utils.read_image`.
        use_instance_mask: Keep masks.
        use_keypoint: Keep keypoints.
        instance_mask_format: "polygon" or "bitmask".
        keypoint_hflip_indices: See `detection_utils.create_keypoint_hflip_indices`.
        precomputed_proposal_topk: Number of stored proposals to keep; None where there are none.
        recompute_boxes: Only False; detectron2 makes boxes tight around masks after INPUT.CROP.

    Raises:
        ValueError: `recompute_boxes`, which this core does not have.
    """

    @configurable
    def __init__(
        self,
        is_train: bool,
        *,
        augmentations: list[T.Augmentation | T.Transform],
        image_format: str,
        use_instance_mask: bool = False,
        use_keypoint: bool = False,
        instance_mask_format: str = "polygon",
        keypoint_hflip_indices: np.ndarray | None = None,
        precomputed_proposal_topk: int | None = None,
        recompute_boxes: bool = False,
    ) -> None:
        if recompute_boxes:
            raise ValueError("DatasetMapper(recompute_boxes=True) is not in the embedded core: install detectron2")
        self.is_train = is_train
        self.augmentations = T.AugmentationList(augmentations)
        self.image_format = image_format
        self.use_instance_mask = use_instance_mask
        self.instance_mask_format = instance_mask_format
        self.use_keypoint = use_keypoint
        self.keypoint_hflip_indices = keypoint_hflip_indices
        self.proposal_topk = precomputed_proposal_topk
        mode = "training" if is_train else "inference"
        logging.getLogger(__name__).info("Augmentations in %s: %s", mode, augmentations)

    @classmethod
    def from_config(cls, cfg: Any, is_train: bool = True) -> dict[str, Any]:
        """Arguments of a mapper as the config asks for it.

        Raises:
            ValueError: `INPUT.CROP.ENABLED`, which this core does not have.
        """
        if cfg.INPUT.CROP.ENABLED and is_train:
            raise ValueError("INPUT.CROP.ENABLED=True is not in the embedded core: install detectron2")
        arguments = {
            "is_train": is_train,
            "augmentations": utils.build_augmentation(cfg, is_train),
            "image_format": cfg.INPUT.FORMAT,
            "use_instance_mask": cfg.MODEL.MASK_ON,
            "instance_mask_format": cfg.INPUT.MASK_FORMAT,
            "use_keypoint": cfg.MODEL.KEYPOINT_ON,
            "recompute_boxes": False,
        }
        if cfg.MODEL.KEYPOINT_ON and is_train:
            arguments["keypoint_hflip_indices"] = utils.create_keypoint_hflip_indices(cfg.DATASETS.TRAIN)
        if cfg.MODEL.LOAD_PROPOSALS:
            key = f"PRECOMPUTED_PROPOSAL_TOPK_{'TRAIN' if is_train else 'TEST'}"
            arguments["precomputed_proposal_topk"] = cfg.DATASETS[key]
        return arguments

    def __call__(self, dataset_dict: dict[str, Any]) -> dict[str, Any]:
        """Map one sample.

        Args:
            dataset_dict: In detectron2's dataset format; not changed.

        Returns:
            The sample with "image", a uint8 tensor (C, H, W), and perhaps "instances" and "proposals";
            "height" and "width" stay those of the file.
        """
        dataset_dict = copy.deepcopy(dataset_dict)
        image = utils.read_image(dataset_dict["file_name"], format=self.image_format)
        utils.check_image_size(dataset_dict, image)
        aug_input = T.AugInput(image)
        transforms = self.augmentations(aug_input)
        image_shape = aug_input.image.shape[:2]
        dataset_dict["image"] = torch.as_tensor(np.ascontiguousarray(aug_input.image.transpose(2, 0, 1)))
        if self.proposal_topk is not None:
            utils.transform_proposals(dataset_dict, image_shape, transforms, proposal_topk=self.proposal_topk)
        annotations = dataset_dict.pop("annotations", None)
        if self.is_train and annotations is not None:
            dataset_dict["instances"] = self._instances(annotations, transforms, image_shape)
        return dataset_dict

    def _instances(
        self, annotations: list[dict], transforms: T.TransformList, image_shape: tuple[int, int]
    ) -> Instances:
        used = {"segmentation": self.use_instance_mask, "keypoints": self.use_keypoint}
        annos = [
            utils.transform_instance_annotations(
                {key: value for key, value in annotation.items() if used.get(key, True)},
                transforms,
                image_shape,
                keypoint_hflip_indices=self.keypoint_hflip_indices,
            )
            for annotation in annotations
            if annotation.get("iscrowd", 0) == 0
        ]
        instances = utils.annotations_to_instances(annos, image_shape, mask_format=self.instance_mask_format)
        return utils.filter_empty_instances(instances)
