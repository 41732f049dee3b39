"""Batches that cost what those of a training cost."""

import torch

from mask_rcnn_paper.generated.scene import SceneSpec
from mask_rcnn_paper.timing.scenes import training_batch


def test_a_batch_is_what_a_mapper_gives():
    """Images with their objects, and as many proposals as asked for, inside the image."""
    batch = training_batch(SceneSpec(height=96, width=128), images=2, proposals=10)
    assert len(batch) == 2
    for sample in batch:
        assert sample["image"].shape == (3, 96, 128)
        boxes = sample["proposals"].proposal_boxes.tensor
        assert boxes.shape == (10, 4)
        assert (boxes >= 0).all()
        assert (boxes <= torch.tensor([128.0, 96.0] * 2)).all()
        assert len(sample["instances"]) > 0


def test_persons_come_with_keypoints():
    """And nothing else is in their images."""
    (sample,) = training_batch(SceneSpec(), images=1, proposals=4, persons=True)
    assert set(sample["instances"].gt_classes.tolist()) == {0}
    assert sample["instances"].gt_keypoints.tensor.shape[1:] == (17, 3)


def test_a_model_of_fewer_classes_takes_some_for_one():
    """No class is beyond its last."""
    batch = training_batch(SceneSpec(), images=3, proposals=4, classes=2)
    assert {number for sample in batch for number in sample["instances"].gt_classes.tolist()} <= {0, 1}
