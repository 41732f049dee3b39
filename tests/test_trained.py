"""Trained rows by name, folder and checkpoint. Their weights are random: what counts is which are loaded."""

import numpy as np
import pytest
import torch

import mask_rcnn_paper
from tests.untrained import leave_row, leave_training

OPTS = ["STAGES.PRETRAIN", "False", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "SEED", "3"]
IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Output of a runner that has trained an RPN and a row on its proposals."""
    return leave_row(tmp_path_factory.mktemp("output"), *OPTS)


def load(output, name):
    """The row of a name under an output."""
    return mask_rcnn_paper.load_row(name, "smoke", seed=3, output=output, opts=OPTS[:-2])


@pytest.mark.parametrize("name", ["2b/sigmoid", "table2b/sigmoid", "2c/roialign_ave"])
def test_a_row_by_its_name(output, name):
    """Short or whole; of the rows that are one training any name finds it. Its RPN comes with it."""
    row = load(output, name)
    assert "instances" in row(IMAGE)
    assert row.proposer.cfg.MODEL.META_ARCHITECTURE == "ProposalNetwork"


def test_a_folder_and_a_checkpoint_are_that_row(output):
    """All three give the same detections."""
    folder = output / "smoke/detector/r50_c4-4567"
    places = (folder, folder / "model_final.pth")
    wanted = load(output, "2b/sigmoid")(IMAGE)["instances"].pred_boxes.tensor
    for place in places:
        assert torch.equal(mask_rcnn_paper.load_row(place)(IMAGE)["instances"].pred_boxes.tensor, wanted)


def test_a_row_of_inference_has_the_weights_that_it_evaluated(output, tmp_path):
    """Its folder has none."""
    trained = output / "smoke/detector/r50_c4-4567"
    weights = ("MODEL.WEIGHTS", str(trained / "model_final.pth"), "STAGES.EVAL_ONLY", "True")
    rpn = ("STAGES.RPN_WEIGHTS", str(output / "smoke/rpn/r50_c4-0123/model_final.pth"))
    folder = leave_training(tmp_path / "row", "table2b/sigmoid.yaml", *OPTS, *weights, *rpn)
    (folder / "model_final.pth").unlink()
    wanted = mask_rcnn_paper.load_row(trained)(IMAGE)["instances"].pred_boxes.tensor
    assert torch.equal(mask_rcnn_paper.load_row(folder)(IMAGE)["instances"].pred_boxes.tensor, wanted)


@pytest.mark.parametrize(
    "name, message",
    [
        ("2b/softmax", r"row '2b/softmax' has no result at scale 'smoke', seed 3, under .*: train it with `python -m "
         "ablations run 2b --scale smoke`, or give the folder"),
        ("2b/tanh", "config file '2b/tanh' is not a file"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_there(output, name, message):
    """The message says how to make it."""
    with pytest.raises(FileNotFoundError, match=message):
        load(output, name)


def test_an_unknown_rpn(output, tmp_path):
    """A training of before that was noted needs it named; then it detects."""
    folder = leave_training(tmp_path / "row", "table2b/sigmoid.yaml", *OPTS)
    with pytest.raises(FileNotFoundError, match="does not say which RPN made its proposals: give rpn"):
        mask_rcnn_paper.load_row(folder)
    assert "instances" in mask_rcnn_paper.load_row(folder, rpn=output / "smoke/rpn/r50_c4-0123")(IMAGE)


def test_an_unfinished_training(tmp_path):
    """The file that is missing is named."""
    folder = leave_training(tmp_path / "row", "rpn/r50_c4.yaml")
    (folder / "model_final.pth").unlink()
    with pytest.raises(FileNotFoundError, match=r"model_final\.pth is not there"):
        mask_rcnn_paper.load_row(folder)


def test_a_config_of_another_provider(tmp_path):
    """Keys that this one lacks are named, with the cure."""
    folder = leave_training(tmp_path / "row", "rpn/r50_c4.yaml")
    path = folder / "config.yaml"
    path.write_text(path.read_text() + "FOREIGN:\n  KEY: 1\n")
    with pytest.raises(KeyError, match="another provider of detectron2 .*FOREIGN.*MASK_RCNN_PAPER_DETECTRON2"):
        mask_rcnn_paper.load_row(folder)
