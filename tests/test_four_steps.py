"""The four steps in which an RPN and a Mask R-CNN come to share their features (Section 4.4), at smoke scale."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mask_rcnn_paper.stages import WEIGHTS, proposal_file
from mask_rcnn_paper.unite import main as unite
from tests.train import ALL_SCORES, run

# A shallow body; random weights behind frozen normalisation would overflow.
SMALL = ["STAGES.PRETRAIN", "False", "MODEL.RESNETS.DEPTH", "50", "MODEL.RESNETS.NORM", "BN", *ALL_SCORES]


def proposals_of(rpn: Path) -> list[str]:
    """Options of a detector on the proposals that an RPN has stored."""
    places = {split: proposal_file(rpn, f"smoke_{split.lower()}") for split in ("TRAIN", "VAL")}
    train, val = (repr((str(path),)) for path in places.values())
    return ["DATASETS.PROPOSAL_FILES_TRAIN", train, "DATASETS.PROPOSAL_FILES_TEST", val]


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> dict[int, Path]:
    """Output folders of the steps, by number."""
    found = {number: tmp_path_factory.mktemp(f"step{number}") for number in (1, 2, 3, 4)}
    run("rpn/r101_fpn.yaml", found[1], *SMALL, "MODEL.WEIGHTS", "")
    run("table2a/r101_fpn.yaml", found[2], *SMALL, "MODEL.WEIGHTS", "", *proposals_of(found[1]))
    start = ["MODEL.WEIGHTS", str(found[2] / WEIGHTS), "SOLVER.BASE_LR", "0.001"]
    run("rpn/r101_fpn_shared.yaml", found[3], *SMALL, *start)
    run("text/r101_fpn_shared.yaml", found[4], *SMALL, *start, *proposals_of(found[3]))
    return found


def weights(folder: Path, prefix: str) -> dict[str, torch.Tensor]:
    """Those whose names begin so, but for counts of batches, which a frozen layer has not."""
    state = torch.load(folder / WEIGHTS, weights_only=False)["model"]
    names = (name for name in state if name.startswith(prefix) and not name.endswith("num_batches_tracked"))
    return {name: state[name] for name in names}


@pytest.mark.parametrize("step", [3, 4])
def test_the_body_stays_that_of_the_second_step(steps, step):
    """To the bit, ResNet and FPN, weights and statistics."""
    second, later = weights(steps[2], "backbone."), weights(steps[step], "backbone.")
    assert second.keys() == later.keys()
    assert {name.split(".")[1] for name in later} >= {"bottom_up", "fpn_lateral2", "fpn_output5"}
    assert all(torch.equal(later[name], second[name]) for name in second)


def test_the_heads_go_on_from_the_second_step(steps):
    """Every layer of box and mask heads is trained further in the fourth."""
    second, fourth = (weights(steps[step], "roi_heads.") for step in (2, 4))
    assert second.keys() == fourth.keys()
    assert not any(torch.equal(fourth[name], second[name]) for name in second if name.endswith("weight"))


def test_the_rpn_is_a_new_one_on_the_new_body(steps):
    """Not that of the first step, whose body nobody shares."""
    first, third = (weights(steps[step], "proposal_generator.") for step in (1, 3))
    assert first.keys() == third.keys()
    assert not any(torch.equal(third[name], first[name]) for name in first)


def detections(folder: Path) -> dict[str, np.ndarray]:
    """What an evaluation has found: images and classes, boxes, scores."""
    found = json.loads((folder / "inference" / "smoke_val" / "coco_instances_results.json").read_text())
    keys = ("image_id", "category_id", "bbox", "score")
    return {key: np.array([one[key] for one in found], dtype=float) for key in keys}


def test_one_network_detects_what_the_detector_does_on_stored_proposals(steps, tmp_path):
    """Body, RPN and heads together: it makes the proposals that the third step has stored."""
    checkpoint = tmp_path / "one.pth"
    assert unite([str(steps[3] / WEIGHTS), str(steps[4] / WEIGHTS), str(checkpoint)]) == 0
    alone = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN"]
    alone += ["MODEL.RPN.POST_NMS_TOPK_TEST", "200", "MODEL.WEIGHTS", str(checkpoint)]
    run("text/r101_fpn_shared.yaml", tmp_path, *SMALL, *alone, flags=("--eval-only",))
    one, two = detections(tmp_path), detections(steps[4])
    assert len(one["score"]) > 100
    assert (one["image_id"] == two["image_id"]).all()
    np.testing.assert_allclose(one["score"], two["score"], atol=1e-4)
    np.testing.assert_allclose(one["bbox"], two["bbox"], atol=0.05)
