"""Values of a config that cannot work."""

from functools import cache

import pytest

from mask_rcnn_paper.config_checks import HIGHEST_SEED, check_config
from mask_rcnn_paper.scales import load_cfg

MASKS, KEYPOINTS = "table2b/sigmoid.yaml", "table6/roialign.yaml"


@cache
def loaded(config):
    return load_cfg(config, "smoke")


def changed(config, **values):
    """A config with values that no type was checked of; "__" stands for a dot."""
    cfg = loaded(config).clone()
    for key, value in values.items():
        *path, last = key.split("__")
        node = cfg
        for part in path:
            node = node[part]
        node[last] = value
    return cfg


@pytest.mark.parametrize("config", [MASKS, KEYPOINTS, "rpn/r50_c4.yaml", "table2a/r50_fpn.yaml"])
def test_rows_pass(config):
    """At every scale; tests/ablations plans all of them."""
    for scale in ("paper", "mini", "smoke"):
        check_config(load_cfg(config, scale))


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("DATASETS.TEST", ("smoke_vall",), "'smoke_vall': must be a registered dataset, such as smoke_val, .*--import"),
        ("DATASETS.TRAIN", ("none_at_all",), "DATASETS.TRAIN='none_at_all': must be a registered dataset"),
        ("DATASETS.TRAIN", (), r"DATASETS.TRAIN=\(\): must be names of datasets"),
        ("INPUT.MIN_SIZE_TEST", -1, "INPUT.MIN_SIZE_TEST=-1: must be a side in pixels; 0 leaves images as large"),
        ("INPUT.MAX_SIZE_TEST", 0, "must be a whole number from 1 on"),
        ("INPUT.MIN_SIZE_TRAIN", (), "must be sides in pixels, at least one"),
        ("INPUT.MIN_SIZE_TRAIN", ("a",), "must be sides in pixels"),
        ("INPUT.FORMAT", "HSV", "must be BGR, RGB"),
        ("INPUT.MASK_FORMAT", "x", "must be polygon, bitmask"),
        (
            "SOLVER.CHECKPOINT_PERIOD",
            0,
            "SOLVER.CHECKPOINT_PERIOD=0: must be a whole number from 1 on; to save only at",
        ),
        ("SOLVER.MAX_ITER", -5, "must be a whole number from 1 on"),
        ("SOLVER.BASE_LR", float("nan"), "SOLVER.BASE_LR=nan: must be a finite number, at least 0"),
        ("SOLVER.BASE_LR", float("inf"), "must be a finite number"),
        ("SOLVER.MOMENTUM", float("nan"), "must be a number from 0 to below 1"),
        ("SOLVER.MOMENTUM", 1.0, "must be a number from 0 to below 1"),
        ("SOLVER.STEPS", (30, 20), "must be iterations from 0 on, each after the one before"),
        ("SOLVER.STEPS", ("x",), "must be iterations"),
        ("MODEL.ANCHOR_GENERATOR.SIZES", [], "must be a list for each level .*; without anchors nothing is proposed"),
        ("MODEL.ANCHOR_GENERATOR.SIZES", [[]], "must be a list for each level"),
        ("MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS", [[0.0]], "must be a list for each level"),
        ("MODEL.ROI_HEADS.NUM_CLASSES", 3, "NUM_CLASSES=3: must be at least 12, the classes of smoke_train"),
        ("MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", 0, "POOLER_RESOLUTION=0: must be a whole number from 1 on"),
        ("MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION", -7, "must be a whole number from 1 on"),
        ("MODEL.ROI_POOLER.AGGREGATION", "median", "AGGREGATION='median': must be ave, max"),
        ("MODEL.RPN.NMS_THRESH", 7.0, "must be a number from 0 to 1"),
        ("MODEL.ROI_HEADS.SCORE_THRESH_TEST", float("nan"), "SCORE_THRESH_TEST=nan: must be a number; leave it out"),
        ("MODEL.PIXEL_STD", [1.0, 0.0, 1.0], "must be numbers above 0"),
        ("MODEL.DEVICE", "gpu", "must be cpu, cuda, cuda:N, mps"),
        ("SEED", 2**32, f"SEED=4294967296: must be a whole number of at most {HIGHEST_SEED}"),
        ("DATALOADER.NUM_WORKERS", -1, "must be a whole number from 0 on"),
        ("TEST.AUG.VOTE_SCORES", "sum", "must be keep, average"),
        ("TEST.COCO_BACKEND", "x", "must be auto, "),
        ("PRETRAIN.BASE_LR", float("nan"), "PRETRAIN.BASE_LR=nan: must be a finite number"),
        ("PRETRAIN.MAX_ITER", 0, "must be a whole number from 1 on"),
    ],
)
def test_what_cannot_work_is_refused(key, value, message):
    """In one line: the key with its value, and what is legal."""
    node = {"MODEL.ROI_POOLER.AGGREGATION": {"MODEL__ROI_POOLER__NAME": ""}}.get(key, {})
    with pytest.raises(ValueError, match=message) as raised:
        check_config(changed(MASKS, **node, **{key.replace(".", "__"): value}))
    assert "\n" not in str(raised.value)


def test_a_range_of_sides_has_two_ends():
    """detectron2 asserts it when the loader is built."""
    ends = {"INPUT__MIN_SIZE_TRAIN_SAMPLING": "range", "INPUT__MIN_SIZE_TRAIN": (100,)}
    with pytest.raises(ValueError, match="must be the least and the largest side"):
        check_config(changed(MASKS, **ends))


def test_keypoints_are_those_of_the_data():
    """And the sigmas that evaluate them, whose number shows only after the training."""
    with pytest.raises(ValueError, match="NUM_KEYPOINTS=5: must be 17, the keypoints of smoke_keypoints_train"):
        check_config(changed(KEYPOINTS, MODEL__ROI_KEYPOINT_HEAD__NUM_KEYPOINTS=5))
    with pytest.raises(ValueError, match=r"TEST.KEYPOINT_OKS_SIGMAS=\[0.1\]: must be 17 numbers, one for each"):
        check_config(changed(KEYPOINTS, TEST__KEYPOINT_OKS_SIGMAS=[0.1]))


def test_evaluation_needs_no_training_set():
    """Nor that it is known."""
    check_config(changed(MASKS, DATASETS__TRAIN=("elsewhere",)), eval_only=True)


def test_an_rpn_has_no_classes():
    """Its config keeps detectron2's number of them, which may be fewer than the data's."""
    check_config(changed("rpn/r50_c4.yaml", MODEL__ROI_HEADS__NUM_CLASSES=1))
