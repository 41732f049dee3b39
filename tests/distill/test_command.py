"""`python -m mask_rcnn_paper.distill`."""

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_model

from mask_rcnn_paper.distill import command
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.generated.datasets import VERSION
from mask_rcnn_paper.scales import load_cfg
from tests.distill.test_teacher import OPTS, RPN
from tests.train import run

# Of persons, on the proposals of that RPN.
DETECTOR = "table5/mask_only.yaml"
IMAGES = ("DATASETS.TEST", "('smoke_keypoints_unlabeled',)")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """KEY VALUE pairs that name checkpoints of a detector and its RPN, which is trained and has stored proposals."""
    folder = tmp_path_factory.mktemp("teacher")
    torch.manual_seed(0)
    run(RPN, folder, "STAGES.PRETRAIN", "False", "MODEL.RESNETS.NORM", "BN")
    DetectionCheckpointer(build_model(load_cfg(DETECTOR, "smoke", OPTS)), str(folder)).save("detector")
    return ["MODEL.WEIGHTS", f"{folder}/detector.pth", "STAGES.RPN_WEIGHTS", f"{folder}/model_final.pth"]


def distill(output, *opts, config=DETECTOR, flags=()):
    """What the command does in this process."""
    words = ["--config-file", config, "--scale", "smoke", *flags, *OPTS, *IMAGES, "OUTPUT_DIR", str(output), *opts]
    return command.main(command.argument_parser().parse_args(words))


def test_a_student_trains_on_what_a_teacher_has_annotated(weights, tmp_path, capsys):
    """Two commands serve a row: the teacher's annotations and proposals, then a training on both kinds of images."""
    summary = distill(tmp_path / "distilled", *weights)
    out = capsys.readouterr().out
    assert f"{summary.instances} instances with a score of at least" in out
    assert f"{summary.left_out} of 6 have none and are left out" in out
    result = read_json(tmp_path / "distilled" / "result.json")
    assert result["datasets"] == {"train": ["smoke_keypoints_train"], "test": ["smoke_keypoints_unlabeled"]}
    rpn = weights[3].rpartition("/")[0]
    stored = [f"{rpn}/inference/smoke_keypoints_train/box_proposals.npz", str(tmp_path / "distilled/box_proposals.npz")]
    run(
        DETECTOR,
        tmp_path / "student",
        *("STAGES.PRETRAIN", "False", "MODEL.RESNETS.NORM", "BN", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0"),
        *("DATASETS.TRAIN", "('smoke_keypoints_train', 'smoke_keypoints_unlabeled_distilled')"),
        *("DATASETS.KEYPOINT_IMAGES_ONLY", "False"),  # this teacher finds none
        *("DATASETS.DISTILLED", str(tmp_path / "distilled" / "annotations.json")),
        *("DATASETS.PROPOSAL_FILES_TRAIN", repr(tuple(stored)), "DATALOADER.DATASET_RATIO", "(6, 4)"),
        *("DATASETS.PROPOSAL_FILES_TEST", f"('{rpn}/inference/smoke_keypoints_val/box_proposals.npz',)"),
    )
    result = read_json(tmp_path / "student" / "result.json")
    assert set(result["metrics"]) == {"bbox", "segm"}
    assert result["data_version"]["smoke_keypoints_unlabeled_distilled"] == f"v{VERSION}"


def test_a_row_with_masks_distils_masks(tmp_path):
    """Any row can be a teacher; one that was trained end to end needs no other RPN."""
    folder = tmp_path / "teacher"
    opts = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN"]
    images = ["DATASETS.TEST", "('smoke_unlabeled',)"]
    torch.manual_seed(0)
    config = "table2b/sigmoid.yaml"
    folder.mkdir()
    DetectionCheckpointer(build_model(load_cfg(config, "smoke", [*OPTS, *opts])), str(folder)).save("model")
    distill(tmp_path / "out", *opts, *images, "MODEL.WEIGHTS", str(folder / "model.pth"), config=config)
    content = read_json(tmp_path / "out" / "annotations.json")
    assert len(content["categories"]) == 12
    assert all(isinstance(a["segmentation"], list) for a in content["annotations"])
    assert not (tmp_path / "out" / "box_proposals.npz").exists()


@pytest.mark.parametrize(
    "opts, message",
    [
        (("MODEL.WEIGHTS", "none.pth"), "weights 'none.pth' (MODEL.WEIGHTS) are not there: train them with `python "),
        (("MODEL.WEIGHTS", ""), "MODEL.WEIGHTS is '': give the checkpoint of the teacher"),
        (("STAGES.RPN_WEIGHTS", "no.pth"), "(STAGES.RPN_WEIGHTS) are not there: train them with `python train_net.py "
         "--config-file configs/rpn/person_r50_fpn.yaml --scale smoke`"),
        (("STAGES.RPN", ""), "MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is ''"),
        (("DATASETS.TEST", "('nowhere',)"), "DATASETS.TEST='nowhere': must be a registered dataset"),
        (("DATASETS.TEST", "('smoke_keypoints_train', 'smoke_keypoints_val')"),
         "name the one dataset of unlabelled images"),
        (("DATASETS.TEST", "('keypoints_coco_2017_unlabeled',)"), "set $DETECTRON2_DATASETS"),
        (("MODEL.ROI_HEADS.SCORE_THRESH_TEST", "2.0"), "the teacher detects nothing in any image"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(weights, tmp_path, capsys, opts, message):
    """With exit code 2: what is missing, and where it comes from."""
    with pytest.raises(SystemExit) as exit_:
        distill(tmp_path, *weights, *opts)
    assert exit_.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(lines) == 1
    assert message in lines[0]
