"""Every config key of the embedded core with detectron2's default value."""

from __future__ import annotations

from typing import Any

from detectron2.config.cfg_node import VERSION, CfgNode


def get_cfg() -> CfgNode:
    """A fresh copy of the default config; changing it changes no other."""
    return CfgNode(
        {
            "VERSION": VERSION,
            "MODEL": {**_general(), **_backbone(), **_proposals(), **_roi_heads(), "RETINANET": _retinanet()},
            "INPUT": _input(),
            "DATASETS": {
                "TRAIN": (),
                "TEST": (),
                # With MODEL.LOAD_PROPOSALS: one file per dataset, and how many of each image are used.
                "PROPOSAL_FILES_TRAIN": (),
                "PRECOMPUTED_PROPOSAL_TOPK_TRAIN": 2000,
                "PROPOSAL_FILES_TEST": (),
                "PRECOMPUTED_PROPOSAL_TOPK_TEST": 1000,
            },
            "DATALOADER": {
                "NUM_WORKERS": 4,
                "ASPECT_RATIO_GROUPING": True,
                "FILTER_EMPTY_ANNOTATIONS": True,
                # REPEAT_*: of RepeatFactorTrainingSampler.
                "SAMPLER_TRAIN": "TrainingSampler",
                "REPEAT_THRESHOLD": 0.0,
                "REPEAT_SQRT": True,
            },
            "SOLVER": _solver(),
            "TEST": _test(),
            # SEED: negative seeds nothing. FLOAT32_PRECISION: highest, high or medium; "" keeps torch's.
            "OUTPUT_DIR": "./output",
            "SEED": -1,
            "CUDNN_BENCHMARK": False,
            "FLOAT32_PRECISION": "",
            "VIS_PERIOD": 0,  # iterations between two visualisations, 0 for none
        }
    )


def _general() -> dict[str, Any]:
    return {
        "META_ARCHITECTURE": "GeneralizedRCNN",
        "WEIGHTS": "",
        "DEVICE": "cuda",
        "LOAD_PROPOSALS": False,
        "MASK_ON": False,
        "KEYPOINT_ON": False,
        # In the channel order of INPUT.FORMAT.
        "PIXEL_MEAN": [103.53, 116.28, 123.675],
        "PIXEL_STD": [1.0, 1.0, 1.0],
    }


def _backbone() -> dict[str, Any]:
    return {
        # FREEZE_AT: stages that are fixed; 1 is the stem, 2 the stem and res2.
        "BACKBONE": {"NAME": "build_resnet_backbone", "FREEZE_AT": 2},
        # FUSE_TYPE: sum or avg.
        "FPN": {"IN_FEATURES": [], "OUT_CHANNELS": 256, "NORM": "", "FUSE_TYPE": "sum"},
        "RESNETS": {
            "DEPTH": 50,
            "OUT_FEATURES": ["res4"],
            "NORM": "FrozenBN",
            "NUM_GROUPS": 1,
            "WIDTH_PER_GROUP": 64,  # more groups than one: ResNeXt
            "STRIDE_IN_1X1": True,  # as in the original ResNet; False for ResNeXt
            "RES5_DILATION": 1,
            "RES2_OUT_CHANNELS": 256,
            "STEM_OUT_CHANNELS": 64,
        },
    }


def _proposals() -> dict[str, Any]:
    return {
        "PROPOSAL_GENERATOR": {"NAME": "RPN", "MIN_SIZE": 0},
        # One list per feature map, or one for all. SIZES: side lengths in pixels. OFFSET: in strides.
        "ANCHOR_GENERATOR": {
            "NAME": "DefaultAnchorGenerator",
            "OFFSET": 0.0,
            "SIZES": [[32, 64, 128, 256, 512]],
            "ASPECT_RATIOS": [[0.5, 1.0, 2.0]],
        },
        "RPN": {
            "HEAD_NAME": "StandardRPNHead",
            "IN_FEATURES": ["res4"],
            "CONV_DIMS": [-1],  # -1: as many channels as come in
            "BOUNDARY_THRESH": -1,  # negative: anchors that leave the image are kept
            "IOU_THRESHOLDS": [0.3, 0.7],
            "IOU_LABELS": [0, -1, 1],
            "BATCH_SIZE_PER_IMAGE": 256,
            "POSITIVE_FRACTION": 0.5,
            # SMOOTH_L1_BETA 0 is L1.
            "BBOX_REG_LOSS_TYPE": "smooth_l1",
            "SMOOTH_L1_BETA": 0.0,
            "BBOX_REG_LOSS_WEIGHT": 1.0,
            "BBOX_REG_WEIGHTS": (1.0, 1.0, 1.0, 1.0),
            "LOSS_WEIGHT": 1.0,
            # PRE_NMS_* per feature map, POST_NMS_* in total.
            "PRE_NMS_TOPK_TRAIN": 12000,
            "PRE_NMS_TOPK_TEST": 6000,
            "POST_NMS_TOPK_TRAIN": 2000,
            "POST_NMS_TOPK_TEST": 1000,
            "NMS_THRESH": 0.7,
        },
    }


def _roi_heads() -> dict[str, Any]:
    pooler = {"POOLER_RESOLUTION": 14, "POOLER_SAMPLING_RATIO": 0, "POOLER_TYPE": "ROIAlignV2"}
    return {
        "ROI_HEADS": {
            "NAME": "Res5ROIHeads",
            "IN_FEATURES": ["res4"],
            "NUM_CLASSES": 80,  # without background
            "IOU_THRESHOLDS": [0.5],
            "IOU_LABELS": [0, 1],
            "BATCH_SIZE_PER_IMAGE": 512,
            "POSITIVE_FRACTION": 0.25,
            "PROPOSAL_APPEND_GT": True,
            "SCORE_THRESH_TEST": 0.05,
            "NMS_THRESH_TEST": 0.5,
        },
        "ROI_BOX_HEAD": {
            "NAME": "",
            **pooler,
            "NUM_FC": 0,
            "FC_DIM": 1024,
            "NUM_CONV": 0,
            "CONV_DIM": 256,
            "NORM": "",
            "BBOX_REG_LOSS_TYPE": "smooth_l1",
            "SMOOTH_L1_BETA": 0.0,
            "BBOX_REG_LOSS_WEIGHT": 1.0,
            "BBOX_REG_WEIGHTS": (10.0, 10.0, 5.0, 5.0),
            "CLS_AGNOSTIC_BBOX_REG": False,
            "TRAIN_ON_PRED_BOXES": False,
        },
        "ROI_MASK_HEAD": {
            "NAME": "MaskRCNNConvUpsampleHead",
            **pooler,
            "NUM_CONV": 0,
            "CONV_DIM": 256,
            "NORM": "",
            "CLS_AGNOSTIC_MASK": False,
        },
        "ROI_KEYPOINT_HEAD": {
            "NAME": "KRCNNConvDeconvUpsampleHead",
            **pooler,
            "CONV_DIMS": (512,) * 8,
            "NUM_KEYPOINTS": 17,
            "LOSS_WEIGHT": 1.0,
            "MIN_KEYPOINTS_PER_IMAGE": 1,  # images with fewer are left out of training
            # False: divided by the keypoints that a full batch of foreground RoIs would have.
            "NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS": True,
        },
    }


def _retinanet() -> dict[str, Any]:
    return {
        "NUM_CLASSES": 80,  # without background
        "IN_FEATURES": ["p3", "p4", "p5", "p6", "p7"],
        "NUM_CONVS": 4,
        "NORM": "",
        "IOU_THRESHOLDS": [0.4, 0.5],
        "IOU_LABELS": [0, -1, 1],
        "PRIOR_PROB": 0.01,
        # TOPK_CANDIDATES_TEST: per feature map.
        "SCORE_THRESH_TEST": 0.05,
        "TOPK_CANDIDATES_TEST": 1000,
        "NMS_THRESH_TEST": 0.5,
        "BBOX_REG_WEIGHTS": (1.0, 1.0, 1.0, 1.0),
        "FOCAL_LOSS_GAMMA": 2.0,
        "FOCAL_LOSS_ALPHA": 0.25,
        # SMOOTH_L1_LOSS_BETA 0 is L1.
        "SMOOTH_L1_LOSS_BETA": 0.1,
        "BBOX_REG_LOSS_TYPE": "smooth_l1",
    }


def _input() -> dict[str, Any]:
    return {
        "FORMAT": "BGR",
        "MASK_FORMAT": "polygon",
        # Short and long side. SAMPLING: choice of one, or a range between two. MIN_SIZE_TEST 0: no resizing.
        "MIN_SIZE_TRAIN": (800,),
        "MIN_SIZE_TRAIN_SAMPLING": "choice",
        "MAX_SIZE_TRAIN": 1333,
        "MIN_SIZE_TEST": 800,
        "MAX_SIZE_TEST": 1333,
        "RANDOM_FLIP": "horizontal",  # or vertical, none
        "CROP": {"ENABLED": False, "TYPE": "relative_range", "SIZE": [0.9, 0.9]},
    }


def _solver() -> dict[str, Any]:
    return {
        # BASE_LR_END: of WarmupCosineLR. NUM_DECAYS: of WarmupStepWithFixedGammaLR.
        "LR_SCHEDULER_NAME": "WarmupMultiStepLR",
        "MAX_ITER": 40000,
        "BASE_LR": 0.001,
        "BASE_LR_END": 0.0,
        "STEPS": (30000,),
        "GAMMA": 0.1,
        "NUM_DECAYS": 3,
        "WARMUP_METHOD": "linear",
        "WARMUP_FACTOR": 0.001,
        "WARMUP_ITERS": 1000,
        "RESCALE_INTERVAL": False,
        # WEIGHT_DECAY_BIAS None: as WEIGHT_DECAY.
        "MOMENTUM": 0.9,
        "NESTEROV": False,
        "BIAS_LR_FACTOR": 1.0,
        "WEIGHT_DECAY": 0.0001,
        "WEIGHT_DECAY_NORM": 0.0,
        "WEIGHT_DECAY_BIAS": None,
        # Over all GPUs. REFERENCE_WORLD_SIZE: GPUs the schedule is meant for; 0: it is never rescaled.
        "IMS_PER_BATCH": 16,
        "REFERENCE_WORLD_SIZE": 0,
        "CHECKPOINT_PERIOD": 5000,
        "AMP": {"ENABLED": False},
        "CLIP_GRADIENTS": {"ENABLED": False, "CLIP_TYPE": "value", "CLIP_VALUE": 1.0, "NORM_TYPE": 2.0},
    }


def _test() -> dict[str, Any]:
    sizes = (400, 500, 600, 700, 800, 900, 1000, 1100, 1200)
    return {
        # EXPECTED_RESULTS: [task, metric, value, tolerance] each. KEYPOINT_OKS_SIGMAS: empty for COCO's.
        "EXPECTED_RESULTS": [],
        "KEYPOINT_OKS_SIGMAS": [],
        "DETECTIONS_PER_IMAGE": 100,
        "EVAL_PERIOD": 0,  # iterations between two evaluations, 0: only at the end
        "AUG": {"ENABLED": False, "MIN_SIZES": sizes, "MAX_SIZE": 4000, "FLIP": True},
        "PRECISE_BN": {"ENABLED": False, "NUM_ITER": 200},
    }
