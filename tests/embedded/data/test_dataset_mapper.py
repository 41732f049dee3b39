import copy

import numpy as np
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog, DatasetMapper
from detectron2.data import transforms as T
from detectron2.data.detection_utils import read_image
from detectron2.structures import BoxMode

from tests.embedded.tiny_coco import box_annotation

FLIP = [T.RandomFlip(1.0)]


def test_training_sample(registered):
    """Image and ground truth are flipped together; crowds are left out; the sample given is not changed."""
    sample = DatasetCatalog.get(registered())[1]
    before = copy.deepcopy(sample)
    out = DatasetMapper(True, augmentations=FLIP, image_format="RGB", use_instance_mask=True)(sample)
    assert sample == before
    pixels = read_image(sample["file_name"], "RGB")[:, ::-1]
    np.testing.assert_array_equal(out["image"].permute(1, 2, 0).numpy(), pixels)
    assert out["image"].dtype == torch.uint8
    instances, box = out["instances"], torch.tensor([[20.0, 10, 50, 30]])
    torch.testing.assert_close(instances.gt_boxes.tensor, box)
    points = instances.gt_masks.polygons[0][0].reshape(-1, 2)
    assert [*points.min(axis=0), *points.max(axis=0)] == box[0].tolist()
    assert instances.gt_classes.tolist() == [1]
    assert "annotations" not in out
    assert (out["height"], out["width"], out["image_id"]) == (40, 60, 2)


def test_inference_sample(registered):
    """In inference there is an image, and no ground truth."""
    mapper = DatasetMapper(False, augmentations=[T.ResizeShortestEdge(20)], image_format="BGR")
    out = mapper(DatasetCatalog.get(registered())[1])
    assert out["image"].shape == (3, 20, 30)
    assert (out["height"], out["width"]) == (40, 60)
    assert not {"instances", "annotations"} & set(out)


def test_unused_annotations_are_dropped(registered):
    """Masks and keypoints appear only when asked for."""
    annos = [box_annotation(1, 1, 1, [0, 0, 9, 9], keypoints=[1, 2, 2, 3, 4, 2, 5, 6, 2], num_keypoints=3)]
    (sample, *_) = DatasetCatalog.get(registered(annotations=annos))
    plain = DatasetMapper(True, augmentations=[], image_format="BGR")(sample)["instances"]
    assert set(plain.get_fields()) == {"gt_boxes", "gt_classes"}
    indices = np.array([0, 2, 1])
    mapper = DatasetMapper(
        True, augmentations=FLIP, image_format="BGR", use_keypoint=True, keypoint_hflip_indices=indices
    )
    keypoints = mapper(sample)["instances"].gt_keypoints.tensor
    torch.testing.assert_close(keypoints, torch.tensor([[[38.5, 2.5, 2], [34.5, 6.5, 2], [36.5, 4.5, 2]]]))


def test_recomputed_boxes_need_detectron2():
    """An argument that goes with random crops is refused, not ignored."""
    with pytest.raises(ValueError, match="recompute_boxes=True.* install detectron2"):
        DatasetMapper(True, augmentations=[], image_format="BGR", use_instance_mask=True, recompute_boxes=True)


def test_stored_proposals(registered):
    """Proposals follow the image, the best of them."""
    (sample, *_) = DatasetCatalog.get(registered())
    sample |= {
        "proposal_boxes": np.array([[0.0, 0, 10, 10], [5, 5, 25, 45]]),
        "proposal_objectness_logits": np.array([2.0, 1.0]),
        "proposal_bbox_mode": BoxMode.XYXY_ABS,
    }
    out = DatasetMapper(False, augmentations=FLIP, image_format="BGR", precomputed_proposal_topk=1)(sample)
    torch.testing.assert_close(out["proposals"].proposal_boxes.tensor, torch.tensor([[30.0, 0, 40, 10]]))


def test_mapper_of_the_config():
    """A mapper built from a config follows INPUT, MODEL and DATASETS."""
    cfg = get_cfg()
    cfg.merge_from_list([
        "INPUT.FORMAT", "RGB", "INPUT.MASK_FORMAT", "bitmask", "MODEL.MASK_ON", True,
        "MODEL.KEYPOINT_ON", True, "MODEL.LOAD_PROPOSALS", True,
        "DATASETS.TRAIN", ("keypoints_coco_2017_train",),
    ])  # fmt: skip
    train, test = DatasetMapper(cfg), DatasetMapper(cfg, False)
    assert (train.image_format, train.instance_mask_format) == ("RGB", "bitmask")
    assert train.use_instance_mask
    assert train.use_keypoint
    assert train.is_train
    assert not test.is_train
    assert len(train.keypoint_hflip_indices) == 17
    assert (train.proposal_topk, test.proposal_topk) == (2000, 1000)
    assert (len(train.augmentations.augs), len(test.augmentations.augs)) == (2, 1)


def test_random_crops_need_detectron2():
    """A key that the core does not have is refused, not ignored."""
    cfg = get_cfg()
    cfg.INPUT.CROP.ENABLED = True
    with pytest.raises(ValueError, match="INPUT.CROP.ENABLED=True .* install detectron2"):
        DatasetMapper(cfg)
