"""The teacher: a detector, and the RPN of its proposals."""

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_model

from mask_rcnn_paper.coco.image_info import load_image_info
from mask_rcnn_paper.data.proposals import read_proposals
from mask_rcnn_paper.data.registered import coco_files
from mask_rcnn_paper.distill.teacher import load_teacher
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.trainer import Trainer

DETECTOR, RPN = "table4/keypoint_only.yaml", "rpn/person_r50_fpn.yaml"
# Weights that nothing was trained on blow pixels up.
OPTS = [
    *("MODEL.PIXEL_STD", "[3000.0, 3000.0, 3000.0]"),
    *("STAGES.PRETRAIN", "False", "MODEL.RESNETS.NORM", "BN", "MODEL.DEVICE", "cpu", "SOLVER.AMP.ENABLED", "False"),
    *("MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "DATASETS.TEST", "('smoke_keypoints_val',)"),
]


def save_untrained(cfg, folder, name):
    """A checkpoint of a model that is not trained."""
    DetectionCheckpointer(build_model(cfg), str(folder)).save(name)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """KEY VALUE pairs that name checkpoints of a detector of keypoints and of its RPN, which are not trained."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for name, config in (("detector", DETECTOR), ("rpn", RPN)):
        save_untrained(load_cfg(config, "smoke", OPTS), folder, name)
    return ["MODEL.WEIGHTS", f"{folder}/detector.pth", "STAGES.RPN_WEIGHTS", f"{folder}/rpn.pth"]


def evaluated(config, weights, folder, *opts):
    """Folder of what an evaluation of a model on smoke_keypoints_val leaves."""
    cfg = load_cfg(config, "smoke", [*OPTS, "OUTPUT_DIR", str(folder), *opts])
    model = Trainer.build_model(cfg)
    DetectionCheckpointer(model).load(weights)
    Trainer.test(cfg, model)
    return folder / "inference" / "smoke_keypoints_val"


def found(config, opts):
    """What the teacher finds in the images of smoke_keypoints_val."""
    cfg = load_cfg(config, "smoke", [*OPTS, *opts])
    return load_teacher(cfg, [*OPTS, *opts])(load_image_info(*coco_files("smoke_keypoints_val")))


def test_a_teacher_finds_what_evaluation_finds(weights, tmp_path):
    """Proposals, boxes and keypoints are those of a stage-wise evaluation, number by number."""
    proposals = evaluated(RPN, weights[3], tmp_path / "rpn") / "box_proposals.npz"
    files = ["DATASETS.PROPOSAL_FILES_TEST", f"('{proposals}',)"]
    results = read_json(evaluated(DETECTOR, weights[1], tmp_path, *files) / "coco_instances_results.json")
    entries = found(DETECTOR, weights)
    stored = read_proposals(proposals)
    assert [entry["image_id"] for entry in entries] == list(stored.ids)
    for entry, boxes, logits in zip(entries, stored.boxes, stored.logits, strict=True):
        np.testing.assert_array_equal(entry["boxes"], boxes)
        np.testing.assert_array_equal(entry["logits"], logits)
    ours = [{**result, "category_id": 1} for entry in entries for result in entry["results"]]
    assert len(ours) > 100
    assert ours == results


def test_a_detector_with_its_own_rpn_needs_no_other(tmp_path):
    """Trained end to end, it finds its proposals itself, and there is nothing to store."""
    opts = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN"]
    torch.manual_seed(0)
    save_untrained(load_cfg(DETECTOR, "smoke", [*OPTS, *opts]), tmp_path, "whole")
    entries = found(DETECTOR, [*opts, "MODEL.WEIGHTS", str(tmp_path / "whole.pth")])
    assert [set(entry) for entry in entries] == 4 * [{"image_id", "results"}]


def test_no_images_are_no_batches(weights):
    """As the share of a process of a part with fewer images than processes."""
    teacher = load_teacher(load_cfg(DETECTOR, "smoke", [*OPTS, *weights]), [*OPTS, *weights])
    assert teacher([]) == []
