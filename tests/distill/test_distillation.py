"""From unlabelled images and a teacher to a file of annotations."""

import json

import numpy as np
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog
from detectron2.structures import Boxes, Instances

from mask_rcnn_paper.coco.image_info import load_image_info
from mask_rcnn_paper.coco.masks import decode_mask
from mask_rcnn_paper.config import add_mask_rcnn_paper_config
from mask_rcnn_paper.data.proposals import read_proposals, with_proposals
from mask_rcnn_paper.data.registered import coco_files
from mask_rcnn_paper.distill.distillation import distill
from mask_rcnn_paper.distill.teacher import Teacher
from mask_rcnn_paper.distill.threshold import TeacherError
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.rule import errors
from tests.distill.perfect import perfect_teacher


def config(folder, labelled="smoke_train", images="smoke_train", *opts):
    """A config of a teacher of these data."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    cfg.merge_from_list(["DATASETS.TRAIN", (labelled,), "DATASETS.TEST", (images,), "OUTPUT_DIR", str(folder), *opts])
    cfg.MODEL.DEVICE = "cpu"
    return cfg


def labels_of(dataset):
    """Annotations of a dataset in COCO's format, with the model's class of each."""
    content = json.loads(coco_files(dataset)[0].read_bytes())
    classes = {c["id"]: n for n, c in enumerate(sorted(content["categories"], key=lambda c: c["id"]))}
    return [{**a, "class": classes[a["category_id"]]} for a in content["annotations"]]


def written(folder):
    """The file of annotations."""
    return read_json(folder / "annotations.json")


def in_order(annotations):
    """Sorted by image and box."""
    return sorted(annotations, key=lambda a: (a["image_id"], a["bbox"]))


def test_a_perfect_teacher_reproduces_the_labels(tmp_path):
    """Categories, boxes and masks of all instances, and none of the wrong detections that score less."""
    labels = labels_of("smoke_train")
    summary = distill(config(tmp_path), perfect_teacher(labels, wrong=[[1, 2, 30, 40], [5, 5, 60, 60]]))
    found, expected = in_order(written(tmp_path)["annotations"]), in_order(a for a in labels if not a["iscrowd"])
    assert len(found) == len(expected) == summary.instances == summary.wanted
    assert summary.threshold == 0.75
    for one, other in zip(found, expected, strict=True):
        assert one["category_id"] == other["category_id"]
        np.testing.assert_allclose(one["bbox"], other["bbox"], atol=0.011)
        masks = [decode_mask(a["segmentation"], 192, 192).astype(bool) for a in (one, other)]
        assert (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum() > 0.9


def test_a_perfect_teacher_reproduces_keypoints(tmp_path):
    """Where they are labelled, to the hundredth of a pixel."""
    labels = labels_of("smoke_keypoints_train")
    distill(config(tmp_path, "smoke_keypoints_train", "smoke_keypoints_train"), perfect_teacher(labels))
    found, expected = in_order(written(tmp_path)["annotations"]), in_order(a for a in labels if not a["iscrowd"])
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        points, labelled = (np.reshape(a["keypoints"], (17, 3)) for a in (one, other))
        seen = labelled[:, 2] > 0
        np.testing.assert_allclose(points[seen, :2], labelled[seen, :2], atol=0.011)
        assert (points[:, 2] == 2).all()


@pytest.mark.parametrize("mask_format", ["polygon", "bitmask"])
def test_the_file_has_no_errors(tmp_path, mask_format):
    """`validate_dataset` finds none, so a student may train on it."""
    cfg = config(tmp_path, "smoke_train", "smoke_train", "INPUT.MASK_FORMAT", mask_format)
    distill(cfg, perfect_teacher(labels_of("smoke_train")))
    path, images = tmp_path / "annotations.json", coco_files("smoke_train")[1]
    _, findings = check_coco(path, CocoChecker(path, images, mask_format))
    assert [str(finding) for finding in errors(findings)] == []


def test_images_without_annotations_are_left_out_with_a_count(tmp_path):
    """The others are listed as they were, with the labelled data's categories."""
    labels = labels_of("smoke_train")
    first = min(a["image_id"] for a in labels)
    summary = distill(config(tmp_path), perfect_teacher([a for a in labels if a["image_id"] == first]))
    content, before = written(tmp_path), json.loads(coco_files("smoke_train")[0].read_bytes())
    assert (summary.images, summary.left_out) == (8, 7)
    assert content["images"] == [image for image in before["images"] if image["id"] == first]
    assert content["categories"] == before["categories"]
    assert content["info"]["left_out"] == 7
    assert read_json(tmp_path / "result.json")["metrics"]["distillation"]["left_out"] == 7
    assert "1 image has annotations; 7 of 8 have none and are left out" in summary.lines
    assert "fewer than wanted" in summary.lines


def test_an_empty_teacher_is_a_clear_error(tmp_path):
    """One that finds nothing; and no file is written."""
    with pytest.raises(TeacherError, match="the teacher detects nothing in any image"):
        distill(config(tmp_path), perfect_teacher([]))
    assert not (tmp_path / "annotations.json").exists()


def test_classes_that_the_labels_lack_are_an_error(tmp_path):
    """A teacher of other data."""
    labels = [{**a, "class": 30} for a in labels_of("smoke_train")]
    with pytest.raises(TeacherError, match="detects class 30, but the labelled data have 12 categories"):
        distill(config(tmp_path), perfect_teacher(labels))


@pytest.mark.parametrize("images", [(), ("smoke_train", "smoke_val")])
def test_one_dataset_is_annotated(tmp_path, images):
    """Its annotations are one file."""
    cfg = config(tmp_path)
    cfg.DATASETS.TEST = images
    with pytest.raises(ValueError, match="name the one dataset of unlabelled images"):
        distill(cfg, perfect_teacher([]))


def test_instances_an_image_match_the_labelled_data(tmp_path):
    """Of detections of all scores in other images so many are kept that both have as many an image, or nearly."""
    rng = np.random.default_rng(0)
    scores = {}

    def find(samples, on_image):
        found = []
        for sample in samples:
            scores[sample["image_id"]] = rng.random(40).tolist()
            one = {"image_id": sample["image_id"], "category_id": 1, "bbox": [1.0, 2.0, 3.0, 4.0]}
            found.append(
                {"image_id": sample["image_id"], "results": [{**one, "score": s} for s in scores[sample["image_id"]]]}
            )
        return found

    summary = distill(config(tmp_path, images="smoke_unlabeled"), find)
    wanted = sum(not a["iscrowd"] for a in labels_of("smoke_train")) / 8 * 6
    assert (summary.wanted, summary.detected) == (wanted, 240)
    assert "finds no more" not in summary.lines
    kept = sum(score >= summary.threshold for found in scores.values() for score in found)
    assert kept == summary.instances == len(written(tmp_path)["annotations"])
    assert abs(kept - wanted) <= 0.5


def proposals(batch):
    """As an RPN's: two boxes, worst first."""
    found = Instances((192, 192))
    found.proposal_boxes = Boxes(torch.tensor([[1.0, 2.0, 30.0, 40.0], [5.0, 6.0, 70.0, 80.0]]))
    found.objectness_logits = torch.tensor([-1.0, 2.0])
    return [{"proposals": found} for _ in batch]


def test_proposals_are_stored_for_the_student(tmp_path):
    """Of the images that have annotations, as detectron2 reads them."""
    labels = labels_of("smoke_train")
    some = [a for a in labels if a["image_id"] in (2, 5)]
    perfect = perfect_teacher(some)
    teacher = Teacher(perfect.detector, perfect.batches, proposals, perfect.batches)
    distill(config(tmp_path, "smoke_train", "smoke_train", "MODEL.LOAD_PROPOSALS", True), teacher)
    stored = tmp_path / "box_proposals.npz"
    assert list(read_proposals(stored).ids) == [2, 5] == [image["id"] for image in written(tmp_path)["images"]]
    samples = load_image_info(tmp_path / "annotations.json", "")
    (first, _) = with_proposals(samples, "smoke_train_distilled", stored)
    assert first["proposal_boxes"].tolist() == [[5, 6, 70, 80], [1, 2, 30, 40]]


def test_an_interrupted_distillation_goes_on(tmp_path, monkeypatch):
    """And ends with the same file."""
    monkeypatch.setattr("mask_rcnn_paper.distill.shards.SHARD", 3)
    labels = labels_of("smoke_train")
    distill(config(tmp_path / "whole"), perfect_teacher(labels))
    perfect = perfect_teacher(labels)

    def interrupted(batch):
        if batch[0]["image_id"] == 5:
            raise KeyboardInterrupt
        return perfect.detector(batch)

    with pytest.raises(KeyboardInterrupt):
        distill(config(tmp_path / "cut"), Teacher(interrupted, perfect.batches))
    distill(config(tmp_path / "cut"), perfect_teacher([a for a in labels if a["image_id"] > 3]), resume=True)
    assert written(tmp_path / "cut") == written(tmp_path / "whole")
    assert not (tmp_path / "cut" / "last_checkpoint").exists()


def test_unlabelled_images_are_those_of_their_catalogue():
    """What `distill` sees is what detectron2 would load."""
    json_file, images = coco_files("smoke_unlabeled")
    assert load_image_info(json_file, images) == DatasetCatalog.get("smoke_unlabeled")
