"""The recipe of every row, typed from the paper apart from the YAMLs; the sources of each column are in configs/.

backbone   R-50, R-101, X-101-64x4d or X-152-32x8d, -5k for ImageNet-5k; then the features: C4, C5, FPN; FPN* is the
           body of a trained detector, and stays as it is; FPN-NL has a non-local block
RoI        layer and aggregation; s: samples along a bin's side; box and mask or keypoint side in bins (a C4 row has one
           pooler for both), then, after >, the side of the plugin's keypoint maps (without it detectron2's, of 4 times
           the bins)
on, K      branches (b box, m mask, k keypoint); classes
N          RoIs per image; p: proposals at test; nms: of boxes at test; a row e2e trains its RPN with the detector
sides      training sides in pixels
B, lr      images per iteration, learning rate; it: thousands of iterations, with its drops
"""

SIDES = {"800": (800,), "640-800": (640, 672, 704, 736, 768, 800), "800-1024": tuple(range(800, 1025, 32))}
# Data sets by number of classes.
DATA = {"80": "coco_2017", "1": "keypoints_coco_2017", "8": "cityscapes"}

DETECTORS = """
config                   backbone    feat RoI          s box other on  K  N   p    nms sides   B  lr   it  drops
table2b/softmax          R-50        C4   RoIAlign/ave 2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2b/sigmoid          R-50        C4   RoIAlign/ave 2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2a/r101_c4          R-101       C4   RoIAlign/ave 2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2c/roipool_max      R-50        C4   RoIPool/max  2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2c/roiwarp_max      R-50        C4   RoIWarp/max  2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2c/roiwarp_ave      R-50        C4   RoIWarp/ave  2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2c/roialign_max     R-50        C4   RoIAlign/max 2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
text/sampling_1          R-50        C4   RoIAlign/ave 1 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
text/sampling_4          R-50        C4   RoIAlign/ave 4 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
text/class_agnostic      R-50        C4   RoIAlign/ave 2 7   7     bm  80 64  300  0.3 800     16 0.02 160 120
table2d/roipool          R-50        C5   RoIPool/max  2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table2d/roialign         R-50        C5   RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table2a/r50_fpn          R-50        FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table2a/r101_fpn         R-101       FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table2a/x101_fpn         X-101-64x4d FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     8  0.01 160 120
table2e/mlp_2hidden      R-50        FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table2e/mlp_3hidden      R-50        FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
text/r101_fpn_shared     R-101       FPN* RoIAlign/ave 2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
text/fpn_roipool         R-50        FPN  RoIPool/max  2 7   14    bm  80 512 1000 0.3 800     16 0.02 160 120
table3/faster_r101_fpn   R-101       FPN  RoIAlign/ave 2 7   14    b   80 512 1000 0.3 800     16 0.02 160 120
table5/faster_rcnn       R-50        FPN  RoIAlign/ave 2 7   14    b   1  512 1000 0.5 640-800 16 0.02 90  60,80
table5/mask_only         R-50        FPN  RoIAlign/ave 2 7   14    bm  1  512 1000 0.5 640-800 16 0.02 90  60,80
table4/keypoint_only     R-50        FPN  RoIAlign/ave 2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 90  60,80
table4/keypoint_and_mask R-50        FPN  RoIAlign/ave 2 7   14    bmk 1  512 1000 0.5 640-800 16 0.02 90  60,80
table6/roipool           R-50        FPN  RoIPool/max  2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 90  60,80
text/keypoint_14         R-50        FPN  RoIAlign/ave 2 7   14>14 bk  1  512 1000 0.5 640-800 16 0.02 90  60,80
text/keypoint_28         R-50        FPN  RoIAlign/ave 2 7   14>28 bk  1  512 1000 0.5 640-800 16 0.02 90  60,80
table7/fine              R-50        FPN  RoIAlign/ave 2 7   14    bm  8  512 1000 0.3 800-1024 8 0.01 24 18
table7/fine_coco         R-50        FPN  RoIAlign/ave 2 7   14    bm  8  512 1000 0.3 800-1024 8 0.01 4  3
table8/updated_baseline  X-101-64x4d FPN  RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 800     8  0.01 180 120,160
table9/updated_baseline  R-50        FPN  RoIAlign/ave 2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 130 100,120
table9/deeper            R-101       FPN  RoIAlign/ave 2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 130 100,120
table9/resnext           X-101-64x4d FPN  RoIAlign/ave 2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 130 100,120
"""

# Rows that train on labelled images and on those that a teacher has annotated: `lab` of 10 images are labelled. The
# last columns are the teacher's; the student's schedule is longer by 10/lab.
STUDENTS = """
config                   backbone    feat RoI          s box other on  K  N   p    nms sides   B  lr   it  drops   lab
table9/data_distillation X-101-64x4d FPN  RoIAlign/ave 2 7   14    bk  1  512 1000 0.5 640-800 16 0.02 130 100,120 6
"""

# Teachers by the config of their distillation.
DISTILLATIONS = {"distill/kp_x101_fpn": "table9/resnext"}
# As above, but that an RPN of their own proposes; of inference: the row whose weights are evaluated.
END_TO_END = """
config                   backbone       feat   RoI          s box other on  K  N   p    nms sides   B  lr   it  drops
table8/e2e_training      X-101-64x4d    FPN    RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 800     8  0.01 180 120,160
table8/imagenet_5k       X-101-64x4d-5k FPN    RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 800     8  0.01 180 120,160
table8/train_time_augm   X-101-64x4d-5k FPN    RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 640-800 8  0.01 260 200,240
table8/deeper            X-152-32x8d-5k FPN    RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 640-800 8  0.01 260 200,240
table8/non_local         X-152-32x8d-5k FPN-NL RoIAlign/ave 2 7   14    bm  80 512 1000 0.5 640-800 8  0.01 260 200,240
"""

# Rows of inference alone, and those that train their weights.
INFERENCE = {"table8/test_time_augm": "table8/non_local", "table9/test_time_augm": "table9/data_distillation"}

# TensorMask's appendix. sides: "aug" is any of 640 to 800.
APPENDIX = """
config                        model      backbone boxes masks nms     sides lr   it  drops
tableTM-4/retinanet_24        RetinaNet  R-50     yes   no    bb      800   0.01 180 120,160
tableTM-4/retinanet_72        RetinaNet  R-50     yes   no    bb      aug   0.01 540 480,520
tableTM-4/faster_rcnn         R-CNN      R-50     yes   no    bb      aug   0.02 540 480,520
tableTM-4/mask_rcnn           R-CNN      R-50     yes   yes   bb      aug   0.02 540 480,520
tableTM-4/tensormask_box_only TensorMask R-50     yes   no    bb      aug   0.02 540 480,520
tableTM-4/tensormask          TensorMask R-50     yes   yes   bb      aug   0.02 540 480,520
tableTM-5/nobox_maskbb        TensorMask R-50     no    yes   mask-bb aug   0.02 540 480,520
tableTM-fig10/mask_rcnn       R-CNN      R-101    yes   yes   bb      aug   0.02 540 480,520
tableTM-fig10/tensormask      TensorMask R-101    yes   yes   bb      aug   0.02 540 480,520
"""

# Evaluates the weights of TensorMask by other boxes.
BY_MASK_BOXES = "tableTM-5/box_maskbb"

RPNS = """
config              backbone    feat K
rpn/r50_c4          R-50        C4   80
rpn/r101_c4         R-101       C4   80
rpn/r50_c5          R-50        C5   80
rpn/r50_fpn         R-50        FPN  80
rpn/r101_fpn        R-101       FPN  80
rpn/r101_fpn_shared R-101       FPN* 80
rpn/x101_fpn        X-101-64x4d FPN  80
rpn/cityscapes_r50_fpn R-50     FPN  8
rpn/person_r50_fpn  R-50        FPN  1
rpn/person_r101_fpn R-101       FPN  1
rpn/person_x101_fpn X-101-64x4d FPN  1
"""

# Printed more than once: the first is the model, the others are its names in other tables.
SAME = """
table2b/sigmoid            table2a/r50_c4 table2c/roialign_ave text/class_specific
table2a/r101_c4            table1/r101_c4
table2a/r101_fpn           table1/r101_fpn table3/r101_fpn
table2a/x101_fpn           table1/x101_fpn table3/x101_fpn table8/original_baseline
table2a/r50_fpn            table2e/fcn text/fpn_roialign
table4/keypoint_only       table5/keypoint_only table6/roialign table9/original_baseline
table4/keypoint_and_mask   table5/keypoint_and_mask
tableTM-4/tensormask       tableTM-5/box_bb
"""


def entries(table: str) -> list[dict[str, str]]:
    """Rows of a text table by header."""
    header, *lines = (line.split() for line in table.strip().splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def expected_detector(row: dict[str, str]) -> dict[str, object]:
    """Flat config values of a detector's row."""
    layer, aggregation = row["RoI"].split("/")
    person, data = row["K"] == "1", DATA[row["K"]]
    expected = {
        **_backbone(row),
        **_features(row["feat"], "ROI_HEADS"),
        **_COMMON,
        "MODEL.META_ARCHITECTURE": "GeneralizedRCNN",
        "MODEL.MASK_ON": "m" in row["on"],
        "MODEL.KEYPOINT_ON": "k" in row["on"],
        "MODEL.LOAD_PROPOSALS": True,
        "MODEL.PROPOSAL_GENERATOR.NAME": "PrecomputedProposals",
        "MODEL.ROI_POOLER.NAME": layer,
        "MODEL.ROI_POOLER.AGGREGATION": aggregation,
        "MODEL.ROI_POOLER.CANONICAL_BOX_SIZE": 224,
        "MODEL.ROI_HEADS.NAME": "PaperRes5ROIHeads" if row["feat"] == "C4" else "PaperStandardROIHeads",
        "MODEL.ROI_HEADS.NUM_CLASSES": int(row["K"]),
        "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE": int(row["N"]),
        "MODEL.ROI_HEADS.POSITIVE_FRACTION": 0.25,
        "MODEL.ROI_HEADS.IOU_THRESHOLDS": [0.5],
        "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.05,
        "MODEL.ROI_HEADS.NMS_THRESH_TEST": float(row["nms"]),
        "MODEL.ROI_HEADS.PROPOSAL_APPEND_GT": True,
        "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": int(row["box"]),
        "MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO": int(row["s"]),
        "MODEL.ROI_BOX_HEAD.SMOOTH_L1_BETA": 1.0,
        "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS": (10.0, 10.0, 5.0, 5.0),
        "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": False,
        "DATASETS.TRAIN": (f"{data}_train",),
        "DATASETS.TEST": (f"{data}_val",),
        "DATASETS.KEYPOINT_IMAGES_ONLY": person,
        "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN": 2000,
        "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST": int(row["p"]),
        "INPUT.MIN_SIZE_TRAIN": SIDES[row["sides"]],
        "INPUT.MASK_FORMAT": "polygon",
        "SOLVER.IMS_PER_BATCH": int(row["B"]),
        "SOLVER.BASE_LR": float(row["lr"]),
        "SOLVER.MAX_ITER": 1000 * int(row["it"]),
        "SOLVER.STEPS": tuple(1000 * int(step) for step in row["drops"].split(",")),
        "TEST.DETECTIONS_PER_IMAGE": 100,
    }
    if row["feat"] != "C4":
        expected |= _fpn_heads(*map(int, row["other"].split(">")), keypoints="k" in row["on"])
    if row["K"] == "8":
        expected |= _CITYSCAPES
    if row["config"] == "table7/fine_coco":
        started = {"DETECTOR": "table2a/r50_fpn.yaml", "CLASS_MAP": ("rider=random",)}
        expected |= {"MODEL.WEIGHTS": "", **{f"STAGES.{key}": value for key, value in started.items()}}
    return expected


def expected_student(row: dict[str, str]) -> dict[str, object]:
    """Flat config values of a student's row."""
    labelled = int(row["lab"])
    expected = expected_detector(row)
    expected["DATALOADER.DATASET_RATIO"] = (labelled, 10 - labelled)
    expected["DATASETS.TRAIN"] += ("keypoints_coco_2017_unlabeled_distilled",)
    expected["SOLVER.MAX_ITER"] = round(expected["SOLVER.MAX_ITER"] * 10 / labelled)
    expected["SOLVER.STEPS"] = tuple(round(step * 10 / labelled) for step in expected["SOLVER.STEPS"])
    return expected


def expected_end_to_end(row: dict[str, str]) -> dict[str, object]:
    """Flat config values of a detector that is trained with its RPN."""
    return expected_detector(row) | {
        "MODEL.LOAD_PROPOSALS": False,
        "MODEL.PROPOSAL_GENERATOR.NAME": "RPN",
        "STAGES.RPN": "",
        "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 2000,
        "MODEL.RPN.PRE_NMS_TOPK_TEST": 1000,
        "MODEL.RPN.POST_NMS_TOPK_TRAIN": 2000,
        "MODEL.RPN.POST_NMS_TOPK_TEST": 1000,
        "MODEL.RPN.LOSS_WEIGHT": 1.0,
        "MODEL.RPN.BOUNDARY_THRESH": 0,
        "MODEL.RPN.SMOOTH_L1_BETA": 0.1111,
        "PRETRAIN.CLASSES": "fine" if row["backbone"].endswith("-5k") else "categories",
    }


def expected_appendix(row: dict[str, str]) -> dict[str, object]:
    """Flat config values of a row of TensorMask's appendix."""
    depth = int(row["backbone"].split("-")[1])
    return {
        "MODEL.WEIGHTS": f"detectron2://ImageNetPretrained/MSRA/R-{depth}.pkl",
        "MODEL.RESNETS.DEPTH": depth,
        "MODEL.LOAD_PROPOSALS": False,
        "MODEL.MASK_ON": row["masks"] == "yes",
        "MODEL.KEYPOINT_ON": False,
        "MODEL.TENSOR_MASK.BOX_ON": row["boxes"] == "yes",
        "TEST.NMS_BOXES": row["nms"],
        "STAGES.RPN": "",
        "INPUT.MIN_SIZE_TRAIN": (640, 800) if row["sides"] == "aug" else (800,),
        "INPUT.MIN_SIZE_TRAIN_SAMPLING": "range" if row["sides"] == "aug" else "choice",
        "INPUT.MIN_SIZE_TEST": 800,
        "DATASETS.TRAIN": ("coco_2017_train",),
        "DATASETS.TEST": ("coco_2017_val",),
        "SOLVER.IMS_PER_BATCH": 16,
        "SOLVER.BASE_LR": float(row["lr"]),
        "SOLVER.MAX_ITER": 1000 * int(row["it"]),
        "SOLVER.STEPS": tuple(1000 * int(step) for step in row["drops"].split(",")),
        "SOLVER.WARMUP_ITERS": 1000,
        "SOLVER.WARMUP_FACTOR": 0.001,
        "SOLVER.BIAS_LR_FACTOR": 1.0,
        "SOLVER.WEIGHT_DECAY_BIAS": 0.0001,
        **_MODELS[row["model"]],
    }


def expected_inference() -> dict[str, object]:
    """What test-time augmentation adds to a row: Appendix B, and where it is silent the authors' code."""
    return {
        "MODEL.WEIGHTS": "",
        "TEST.AUG.ENABLED": True,
        "TEST.AUG.MIN_SIZES": tuple(range(400, 1201, 100)),
        "TEST.AUG.MAX_SIZE": 2000,
        "TEST.AUG.FLIP": True,
        "TEST.AUG.VOTE_IOU": 0.9,
        "TEST.AUG.VOTE_SCORES": "keep",
        "TEST.AUG.KEYPOINT_BOX_SIDE": 150,
    }


def expected_rpn(row: dict[str, str]) -> dict[str, object]:
    """Flat config values of an RPN's row; 90k iterations and 2000 proposals for each; Cityscapes as its detectors."""
    person, data = row["K"] == "1", DATA[row["K"]]
    expected = {
        **_backbone(row),
        **_features(row["feat"], "RPN"),
        **_COMMON,
        "MODEL.META_ARCHITECTURE": "ProposalNetwork",
        "MODEL.MASK_ON": False,
        "MODEL.ROI_HEADS.NUM_CLASSES": int(row["K"]),
        "MODEL.ANCHOR_GENERATOR.SIZES": (
            [[32], [64], [128], [256], [512]] if "FPN" in row["feat"] else [[32, 64, 128, 256, 512]]
        ),
        "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[0.5, 1.0, 2.0]],
        "MODEL.RPN.BATCH_SIZE_PER_IMAGE": 256,
        "MODEL.RPN.POSITIVE_FRACTION": 0.5,
        "MODEL.RPN.IOU_THRESHOLDS": [0.3, 0.7],
        "MODEL.RPN.BOUNDARY_THRESH": 0,
        "MODEL.RPN.SMOOTH_L1_BETA": 0.1111,
        "MODEL.RPN.NMS_THRESH": 0.7,
        "MODEL.RPN.CONV_DIMS": [-1],
        "MODEL.RPN.PRE_NMS_TOPK_TEST": 1000 if "FPN" in row["feat"] else 12000,
        "MODEL.RPN.POST_NMS_TOPK_TEST": 2000,
        "DATASETS.TRAIN": (f"{data}_train",),
        "DATASETS.TEST": (f"{data}_train", f"{data}_val"),
        "DATASETS.KEYPOINT_IMAGES_ONLY": person,
        "INPUT.MIN_SIZE_TRAIN": (800,),
        "SOLVER.IMS_PER_BATCH": 16,
        "SOLVER.BASE_LR": 0.02,
        "SOLVER.MAX_ITER": 90000,
        "SOLVER.STEPS": (60000, 80000),
    }
    if row["K"] == "8":
        schedule = {"IMS_PER_BATCH": 8, "BASE_LR": 0.01, "MAX_ITER": 24000, "STEPS": (18000,)}
        expected |= _CITYSCAPES | {f"SOLVER.{key}": value for key, value in schedule.items()}
        expected["INPUT.MIN_SIZE_TRAIN"] = SIDES["800-1024"]
    return expected


_COMMON = {
    "MODEL.BACKBONE.FREEZE_AT": 2,
    "MODEL.RESNETS.NORM": "FrozenBN",
    "MODEL.RESNETS.RES5_DILATION": 1,
    "MODEL.PIXEL_STD": [1.0, 1.0, 1.0],
    "INPUT.FORMAT": "BGR",
    "INPUT.RANDOM_FLIP": "horizontal",
    "INPUT.MIN_SIZE_TEST": 800,
    "INPUT.MAX_SIZE_TRAIN": 1333,
    "INPUT.MAX_SIZE_TEST": 1333,
    "DATALOADER.ASPECT_RATIO_GROUPING": True,
    "SOLVER.GAMMA": 0.1,
    "SOLVER.MOMENTUM": 0.9,
    "SOLVER.WEIGHT_DECAY": 0.0001,
    "SOLVER.WARMUP_ITERS": 500,
    "SOLVER.WARMUP_FACTOR": 0.3333,
    "SOLVER.BIAS_LR_FACTOR": 2.0,
    "SOLVER.WEIGHT_DECAY_BIAS": 0.0,
}

_LEVELS = "build_retinanet_resnet_fpn_backbone"
_MODELS = {
    "R-CNN": {
        "MODEL.META_ARCHITECTURE": "GeneralizedRCNN",
        "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
        "MODEL.PROPOSAL_GENERATOR.NAME": "RPN",
        "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE": 512,
        "MODEL.ROI_HEADS.NMS_THRESH_TEST": 0.5,
    },
    "RetinaNet": {
        "MODEL.META_ARCHITECTURE": "PaperRetinaNet",
        "MODEL.BACKBONE.NAME": _LEVELS,
        "MODEL.FPN.IN_FEATURES": ["res3", "res4", "res5"],
        "MODEL.ANCHOR_GENERATOR.SIZES": [[x, x * 2 ** (1 / 3), x * 2 ** (2 / 3)] for x in (32, 64, 128, 256, 512)],
        "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[0.5, 1.0, 2.0]],
        "MODEL.RETINANET.IN_FEATURES": ["p3", "p4", "p5", "p6", "p7"],
        "MODEL.RETINANET.IOU_THRESHOLDS": [0.4, 0.5],
        "MODEL.RETINANET.FOCAL_LOSS_GAMMA": 2.0,
        "MODEL.RETINANET.FOCAL_LOSS_ALPHA": 0.25,
        "MODEL.RETINANET.SMOOTH_L1_LOSS_BETA": 0.0,
        "MODEL.DENSE_HEAD_INIT_STD": 0.01,
    },
    "TensorMask": {
        "MODEL.META_ARCHITECTURE": "TensorMask",
        "MODEL.BACKBONE.NAME": _LEVELS,
        "MODEL.FPN.IN_FEATURES": ["res2", "res3", "res4", "res5"],
        "MODEL.FPN.FUSE_TYPE": "avg",
        "MODEL.ANCHOR_GENERATOR.SIZES": [[44 * 2**k, 60 * 2**k] for k in range(6)],
        "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[1.0]],
        "MODEL.TENSOR_MASK.NUM_CLASSES": 80,
        "MODEL.TENSOR_MASK.CLS_CHANNELS": 256,
        "MODEL.TENSOR_MASK.BBOX_CHANNELS": 128,
        "MODEL.TENSOR_MASK.MASK_CHANNELS": 128,
        "MODEL.TENSOR_MASK.FOCAL_LOSS_GAMMA": 3.0,
        "MODEL.TENSOR_MASK.FOCAL_LOSS_ALPHA": 0.3,
        "MODEL.TENSOR_MASK.MASK_LOSS_WEIGHT": 2.0,
        "MODEL.TENSOR_MASK.POSITIVE_WEIGHT": 1.5,
        "MODEL.DENSE_HEAD_INIT_STD": 0.01,
    },
}

_CITYSCAPES = {"INPUT.MIN_SIZE_TEST": 1024, "INPUT.MAX_SIZE_TRAIN": 2048, "INPUT.MAX_SIZE_TEST": 2048}


_WEIGHTS = {
    "X-101-64x4d": "catalog://ImageNetPretrained/FAIR/X-101-64x4d",
    "X-101-64x4d-5k": "weights/X-101-64x4d-ImageNet-5k-not-public.pkl",
    "X-152-32x8d-5k": "catalog://ImageNetPretrained/FAIR/X-152-32x8d-IN5k",
}
_BUILDERS = {"FPN": "build_resnet_fpn_backbone", "FPN-NL": "build_nonlocal_resnet_fpn_backbone"}
_BUILDERS["FPN*"] = "build_frozen_resnet_fpn_backbone"


def _backbone(row: dict[str, str]) -> dict[str, object]:
    depth, *cardinality = row["backbone"].split("-")[1:]
    groups, width = cardinality[0].removesuffix("d").split("x") if cardinality else (1, 64)
    weights = _WEIGHTS.get(row["backbone"], f"detectron2://ImageNetPretrained/MSRA/R-{depth}.pkl")
    shared = row["feat"] == "FPN*"
    return {
        "MODEL.WEIGHTS": "" if shared else weights,
        "MODEL.BACKBONE.NAME": _BUILDERS.get(row["feat"], "build_resnet_backbone"),
        "STAGES.DETECTOR": f"table2a/r{depth}_fpn.yaml" if shared else "",
        "MODEL.RESNETS.DEPTH": int(depth),
        "MODEL.RESNETS.NUM_GROUPS": int(groups),
        "MODEL.RESNETS.WIDTH_PER_GROUP": int(width),
        "MODEL.RESNETS.STRIDE_IN_1X1": not cardinality,
    }


def _features(features: str, user: str) -> dict[str, object]:
    if not features.startswith("FPN"):
        stage = [f"res{features[1]}"]
        return {"MODEL.RESNETS.OUT_FEATURES": stage, f"MODEL.{user}.IN_FEATURES": stage}
    stages = ["res2", "res3", "res4", "res5"]
    levels = ["p2", "p3", "p4", "p5"] + (["p6"] if user == "RPN" else [])
    return {
        "MODEL.RESNETS.OUT_FEATURES": stages,
        "MODEL.FPN.IN_FEATURES": stages,
        "MODEL.FPN.OUT_CHANNELS": 256,
        f"MODEL.{user}.IN_FEATURES": levels,
    }


def _fpn_heads(side: int, map_side: int | None = None, *, keypoints: bool) -> dict[str, object]:
    heads = {
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
        "MODEL.ROI_BOX_HEAD.FC_DIM": 1024,
        "MODEL.ROI_MASK_HEAD.NUM_CONV": 4,
        "MODEL.ROI_MASK_HEAD.CONV_DIM": 256,
        "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": side,
        "MODEL.ROI_MASK_HEAD.POOLER_SAMPLING_RATIO": 2,
    }
    if keypoints:
        heads |= {
            "MODEL.ROI_KEYPOINT_HEAD.NAME": "PaperKeypointHead" if map_side else "KRCNNConvDeconvUpsampleHead",
            "MODEL.ROI_KEYPOINT_HEAD.RESOLUTION": map_side or 4 * side,
            "MODEL.ROI_KEYPOINT_HEAD.LOSS": "softmax",
            "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": (512,) * 8,
            "MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS": 17,
            "MODEL.ROI_KEYPOINT_HEAD.POOLER_RESOLUTION": side,
            "MODEL.ROI_KEYPOINT_HEAD.POOLER_SAMPLING_RATIO": 2,
            "MODEL.ROI_KEYPOINT_HEAD.LOSS_WEIGHT": 1.0,
            "MODEL.ROI_KEYPOINT_HEAD.NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS": True,
        }
    return heads
