"""Every YAML loads, builds and says what the paper says; compared rows differ only along their table's axis."""

import pytest
from detectron2.modeling import build_model

from mask_rcnn_paper.config_files import CONFIG_ROOT
from mask_rcnn_paper.data.distilled import images_of, is_distilled
from mask_rcnn_paper.scales import load_cfg
from tests.flatten import flatten
from tests.recipes import (
    APPENDIX,
    BY_MASK_BOXES,
    DETECTORS,
    DISTILLATIONS,
    END_TO_END,
    INFERENCE,
    RPNS,
    SAME,
    STUDENTS,
    entries,
    expected_appendix,
    expected_detector,
    expected_end_to_end,
    expected_inference,
    expected_rpn,
    expected_student,
)

ROWS = sorted(str(p.relative_to(CONFIG_ROOT)) for p in CONFIG_ROOT.glob("*/*.yaml") if p.parent.name != "scales")
DEPTH = {"MODEL.RESNETS.DEPTH", "MODEL.WEIGHTS", "STAGES.RPN"}
RESNEXT = {"MODEL.RESNETS.NUM_GROUPS", "MODEL.RESNETS.WIDTH_PER_GROUP", "MODEL.RESNETS.STRIDE_IN_1X1"}
ROI_LAYER = {"MODEL.ROI_POOLER.NAME", "MODEL.ROI_POOLER.AGGREGATION"}
SHARED = {"MODEL.BACKBONE.NAME", "MODEL.WEIGHTS", "STAGES.DETECTOR"}
BATCH = {"SOLVER.IMS_PER_BATCH", "SOLVER.BASE_LR"}
SCHEDULE = {"SOLVER.STEPS", "SOLVER.MAX_ITER"}
SIZES = {"INPUT.MIN_SIZE_TRAIN", "INPUT.MIN_SIZE_TRAIN_SAMPLING"}
# What reduced scales divide.
TENSOR_MASK = {f"MODEL.TENSOR_MASK.{key}" for key in ("NUM_CLASSES", "CLS_CHANNELS", "BBOX_CHANNELS", "MASK_CHANNELS")}
ANCHORS = {"MODEL.ANCHOR_GENERATOR.SIZES", "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS"}
SINGLE_STAGE = ANCHORS | {"MODEL.META_ARCHITECTURE", "MODEL.BACKBONE.NAME", "MODEL.DENSE_HEAD_INIT_STD"}
SINGLE_STAGE |= {"SOLVER.CLIP_GRADIENTS.ENABLED", "SOLVER.CLIP_GRADIENTS.CLIP_TYPE"}
VIEWS = {"MODEL.WEIGHTS", "STAGES.DETECTOR", "STAGES.EVAL_ONLY", "TEST.AUG.ENABLED", "TEST.AUG.MAX_SIZE"}
# Rows that a table compares, and the keys in which they may differ: its axis.
AXES = [
    ("table2a/r50_c4 table2a/r101_c4", DEPTH),
    ("table2a/r50_fpn table2a/r101_fpn", DEPTH),
    ("table2a/r101_fpn table2a/x101_fpn", DEPTH | RESNEXT | BATCH),
    ("table2b/softmax table2b/sigmoid", {"MODEL.ROI_MASK_HEAD.LOSS"}),
    (
        "table2c/roipool_max table2c/roiwarp_max table2c/roiwarp_ave table2c/roialign_max table2c/roialign_ave",
        ROI_LAYER,
    ),
    ("table2d/roipool table2d/roialign", ROI_LAYER),
    (
        "table2e/mlp_2hidden table2e/mlp_3hidden table2e/fcn",
        {"MODEL.ROI_MASK_HEAD.NAME", "MODEL.ROI_MASK_HEAD.MLP_DIMS"},
    ),
    ("table3/faster_r101_fpn table3/r101_fpn", {"MODEL.MASK_ON"}),
    (
        "table5/faster_rcnn table5/mask_only table5/keypoint_only table5/keypoint_and_mask",
        {"MODEL.MASK_ON", "MODEL.KEYPOINT_ON"},
    ),
    ("table6/roipool table6/roialign", ROI_LAYER),
    (
        "table7/fine table7/fine_coco",
        {f"SOLVER.{key}" for key in ("MAX_ITER", "STEPS", "WARMUP_ITERS")}
        | {"STAGES.DETECTOR", "STAGES.TRANSFER", "STAGES.CLASS_MAP", "MODEL.WEIGHTS"},
    ),
    ("text/r101_fpn_shared table2a/r101_fpn", SHARED | {"STAGES.RPN"}),
    ("rpn/r101_fpn_shared rpn/r101_fpn", SHARED),
    (
        "table9/resnext table9/data_distillation",
        SCHEDULE | {"DATASETS.TRAIN", "DATALOADER.DATASET_RATIO", "STAGES.DISTILL"},
    ),
    # A teacher predicts with other views, on other images.
    ("table9/resnext distill/kp_x101_fpn", (VIEWS - {"STAGES.EVAL_ONLY"}) | {"DATASETS.TEST"}),
    ("table8/original_baseline table8/updated_baseline", SCHEDULE | {"MODEL.ROI_HEADS.NMS_THRESH_TEST"}),
    (
        "table8/updated_baseline table8/e2e_training",
        {"MODEL.LOAD_PROPOSALS", "MODEL.PROPOSAL_GENERATOR.NAME", "STAGES.RPN"},
    ),
    ("table8/e2e_training table8/imagenet_5k", {"MODEL.WEIGHTS", "PRETRAIN.CLASSES"}),
    ("table8/imagenet_5k table8/train_time_augm", SCHEDULE | {"INPUT.MIN_SIZE_TRAIN"}),
    ("table8/train_time_augm table8/deeper", DEPTH | RESNEXT),
    ("table8/deeper table8/non_local", {"MODEL.BACKBONE.NAME"}),
    ("table9/original_baseline table9/updated_baseline", SCHEDULE),
    ("table9/updated_baseline table9/deeper", DEPTH),
    ("table9/deeper table9/resnext", DEPTH | RESNEXT),
    *((f"{trained} {row}", VIEWS) for row, trained in INFERENCE.items()),
    ("text/class_agnostic text/class_specific", {"MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK"}),
    ("text/sampling_1 text/sampling_4 table2c/roialign_ave", {"MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO"}),
    ("text/fpn_roipool text/fpn_roialign", ROI_LAYER),
    ("text/keypoint_14 text/keypoint_28", {"MODEL.ROI_KEYPOINT_HEAD.RESOLUTION"}),
    ("tableTM-4/retinanet_24 tableTM-4/retinanet_72", SCHEDULE | SIZES),
    (
        "tableTM-4/retinanet_72 tableTM-4/faster_rcnn",
        SINGLE_STAGE
        | {"MODEL.RESNETS.OUT_FEATURES", "MODEL.FPN.IN_FEATURES", "SOLVER.BASE_LR"}
        | {"MODEL.RETINANET.SMOOTH_L1_LOSS_BETA", "MODEL.RETINANET.NUM_CLASSES"},
    ),
    ("tableTM-4/faster_rcnn tableTM-4/mask_rcnn", {"MODEL.MASK_ON"}),
    (
        "tableTM-4/mask_rcnn tableTM-4/tensormask",
        SINGLE_STAGE | TENSOR_MASK | {"MODEL.FPN.FUSE_TYPE", "SOLVER.BASE_LR"},
    ),
    ("tableTM-4/tensormask_box_only tableTM-4/tensormask", {"MODEL.MASK_ON"}),
    (
        "tableTM-5/box_bb tableTM-5/box_maskbb",
        {"MODEL.WEIGHTS", "STAGES.DETECTOR", "STAGES.EVAL_ONLY", "TEST.NMS_BOXES"},
    ),
    ("tableTM-5/box_bb tableTM-5/nobox_maskbb", {"MODEL.TENSOR_MASK.BOX_ON", "TEST.NMS_BOXES"}),
    ("tableTM-4/mask_rcnn tableTM-fig10/mask_rcnn", DEPTH),
    ("tableTM-4/tensormask tableTM-fig10/tensormask", DEPTH),
    # At 56 the plugin's head is detectron2's.
    ("text/keypoint_28 table6/roialign", {"MODEL.ROI_KEYPOINT_HEAD.RESOLUTION", "MODEL.ROI_KEYPOINT_HEAD.NAME"}),
]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("scale", ["paper", "mini", "smoke"])
def test_every_config_loads_at_every_scale(row, scale):
    """Each YAML resolves, and its header comment says how to run it."""
    assert load_cfg(row, scale).SCALE == scale
    assert f"--config-file configs/{row}" in (CONFIG_ROOT / row).read_text()


@pytest.mark.parametrize("row", ROWS)
def test_every_config_builds_at_mini_scale(row):
    """Each YAML builds a model on the CPU."""
    model = build_model(load_cfg(row, "mini", ["MODEL.DEVICE", "cpu"]))
    assert any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("rows, axis", AXES, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("scale", ["paper", "mini"])
def test_compared_rows_differ_only_along_the_axis(rows, axis, scale):
    """An ablation varies one thing, and does vary it: all other resolved values are equal, at every scale."""
    configs = [flatten(load_cfg(f"{row}.yaml", scale)) for row in rows.split()]
    differing = {key for key in configs[0] if any(config[key] != configs[0][key] for config in configs)}
    assert differing
    assert differing <= axis


def test_every_row_is_transcribed():
    """No YAML escapes the tests below."""
    rows = [*entries(DETECTORS), *entries(STUDENTS), *entries(END_TO_END), *entries(RPNS)]
    names = {entry["config"] for entry in rows} | set(DISTILLATIONS) | set(INFERENCE)
    names |= {entry["config"] for entry in entries(APPENDIX)} | {BY_MASK_BOXES}
    names |= {name for line in SAME.strip().splitlines() for name in line.split()}
    assert names == {row.removesuffix(".yaml") for row in ROWS}


@pytest.mark.parametrize("row", entries(DETECTORS), ids=lambda row: row["config"])
def test_a_detectors_recipe_is_the_papers(row):
    """Every value of Sections 3.1, 4 and 5 and Appendix B, against a second transcription."""
    found = flatten(load_cfg(f"{row['config']}.yaml"))
    expected = expected_detector(row)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("row", entries(STUDENTS), ids=lambda row: row["config"])
def test_a_students_recipe_is_its_teachers_made_longer(row):
    """As many labelled images as the teacher has seen, and the others beside them."""
    found = flatten(load_cfg(f"{row['config']}.yaml"))
    expected = expected_student(row)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("row", entries(END_TO_END), ids=lambda row: row["config"])
def test_the_recipe_of_a_row_trained_end_to_end_is_the_papers(row):
    """As above, with an RPN of its own: Appendix B."""
    found = flatten(load_cfg(f"{row['config']}.yaml"))
    expected = expected_end_to_end(row)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("row", entries(APPENDIX), ids=lambda row: row["config"])
def test_a_row_of_tensormasks_appendix_has_its_recipe(row):
    """Tables 4 and 5 and Figure 10 of TensorMask; what is open there is the public project's."""
    found = flatten(load_cfg(f"{row['config']}.yaml"))
    expected = expected_appendix(row)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("row", INFERENCE)
def test_a_row_of_inference_says_whose_weights_it_has(row):
    """And in what it differs; everything else is that of the row which trains them, at each scale."""
    cfg = load_cfg(f"{row}.yaml")
    assert cfg.STAGES.DETECTOR == f"{INFERENCE[row]}.yaml"
    expected = expected_inference()
    assert {key: flatten(cfg)[key] for key in expected} == expected


@pytest.mark.parametrize("row", entries(RPNS), ids=lambda row: row["config"])
def test_an_rpns_recipe_is_the_papers(row):
    """The first stage: 15 anchors a cell on one map, or 3 on each of five levels."""
    found = flatten(load_cfg(f"{row['config']}.yaml"))
    expected = expected_rpn(row)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("row", entries(DETECTORS) + entries(STUDENTS), ids=lambda row: row["config"])
def test_a_detector_and_its_rpn_share_backbone_and_data(row):
    """Section 3.1: the RPN has the backbone of the detector, and has seen the same images."""
    detector = load_cfg(f"{row['config']}.yaml")
    rpn = load_cfg(detector.STAGES.RPN)
    start = [] if detector.STAGES.DETECTOR else ["WEIGHTS"]
    for node in ("RESNETS", "BACKBONE", "FPN", *start):
        assert detector.MODEL[node] == rpn.MODEL[node]
    labelled = {name for name in detector.DATASETS.TRAIN if not is_distilled(name)}
    assert {*labelled, *detector.DATASETS.TEST} == set(rpn.DATASETS.TEST)
    assert detector.DATASETS.KEYPOINT_IMAGES_ONLY == rpn.DATASETS.KEYPOINT_IMAGES_ONLY


@pytest.mark.parametrize("scale", ["paper", "mini", "smoke"])
@pytest.mark.parametrize("student", [row for row in ROWS if load_cfg(row).STAGES.DISTILL])
def test_a_student_and_its_teacher_have_the_same_images(student, scale):
    """Appendix B: the labelled images are the teacher's, the others are those that it annotates."""
    cfg = load_cfg(student, scale)
    distillation = load_cfg(cfg.STAGES.DISTILL, scale)
    labelled, distilled = cfg.DATASETS.TRAIN
    assert distillation.DATASETS.TRAIN == load_cfg(distillation.STAGES.DETECTOR, scale).DATASETS.TRAIN == (labelled,)
    assert distillation.DATASETS.TEST == (images_of(distilled),)
    assert len(cfg.DATALOADER.DATASET_RATIO) == 2
    assert cfg.STAGES.RPN == distillation.STAGES.RPN


@pytest.mark.parametrize("name, teacher", DISTILLATIONS.items())
def test_a_teacher_predicts_as_the_paper_does(name, teacher):
    """The row above, at scales of 400 to 1200 in steps of 100 and their flips."""
    cfg = load_cfg(f"{name}.yaml")
    assert cfg.STAGES.DETECTOR == f"{teacher}.yaml"
    assert (cfg.TEST.AUG.ENABLED, cfg.TEST.AUG.FLIP, cfg.TEST.AUG.MAX_SIZE) == (True, True, 2000)
    assert cfg.TEST.AUG.MIN_SIZES == tuple(range(400, 1300, 100))


@pytest.mark.parametrize("row", entries(DETECTORS), ids=lambda row: row["config"])
def test_a_detector_trained_end_to_end_has_the_recipe_of_its_rpn(row):
    """Anchors, features, sampling and losses; numbers of proposals differ, since the RPN stores those of training."""
    detector = load_cfg(f"{row['config']}.yaml")
    rpn = load_cfg(detector.STAGES.RPN)
    assert detector.MODEL.ANCHOR_GENERATOR == rpn.MODEL.ANCHOR_GENERATOR
    found, expected = flatten(detector.MODEL.RPN), flatten(rpn.MODEL.RPN)
    assert {key for key in expected if found[key] != expected[key]} <= {"PRE_NMS_TOPK_TEST", "POST_NMS_TOPK_TEST"}


@pytest.mark.parametrize("row", [row for row in ROWS if load_cfg(row).STAGES.RPN])
@pytest.mark.parametrize("scale", ["paper", "mini"])
def test_no_row_wants_more_proposals_than_its_rpn_stores(row, scale):
    """Else a table would compare rows by numbers of proposals that are not there."""
    cfg = load_cfg(row, scale)
    stored = load_cfg(cfg.STAGES.RPN, scale).MODEL.RPN.POST_NMS_TOPK_TEST
    assert max(cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN, cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST) <= stored


@pytest.mark.parametrize("names", [line.split() for line in SAME.strip().splitlines()], ids=lambda names: names[0])
def test_rows_that_the_paper_prints_twice_are_one_config(names):
    """Equal rows resolve to equal values, so they are trained once."""
    first, *others = (flatten(load_cfg(f"{name}.yaml")) for name in names)
    assert all(other == first for other in others)
