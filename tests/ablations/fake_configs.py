"""Stand-ins for row configs, with just the keys that planning reads."""

from collections.abc import Sequence

from fvcore.common.config import CfgNode

from ablations.jobs.recipe import Recipe, recipe_of

DEFAULTS = {
    "SCALE": "paper",
    "SEED": -1,
    "OUTPUT_DIR": "./output",
    "INPUT": {"FORMAT": "BGR"},
    "MODEL": {
        "WEIGHTS": "",
        "LOAD_PROPOSALS": True,
        "MASK_ON": True,
        "KEYPOINT_ON": False,
        "PIXEL_MEAN": [1.0, 2.0, 3.0],
        "PIXEL_STD": [1.0, 1.0, 1.0],
        "RESNETS": {"DEPTH": 50, "NUM_GROUPS": 1, "WIDTH_PER_GROUP": 64, "OUT_FEATURES": ["res4"]},
        "ROI_MASK_HEAD": {"LOSS": "sigmoid"},
    },
    "STAGES": {
        **{"RPN": "rpn/r50.yaml", "PRETRAIN": True, "DETECTOR": "", "EVAL_ONLY": False, "TRANSFER": False},
        **{"CLASS_MAP": [], "DISTILL": ""},
    },
    "PRETRAIN": {"MAX_ITER": 100, "CLASSES": "categories"},
    "TEST": {"AUG": {"ENABLED": False}},
    "DATASETS": {"TRAIN": ["train_set"], "TEST": ["val_set"]},
    "SOLVER": {"MAX_ITER": 300, "BASE_LR": 0.02},
}

# What each fake config file changes.
CONFIGS = {
    "sigmoid.yaml": [],
    "same.yaml": [],
    "softmax.yaml": ["MODEL.ROI_MASK_HEAD.LOSS", "softmax"],
    "fpn.yaml": ["MODEL.RESNETS.OUT_FEATURES", ["res2", "res5"], "STAGES.RPN", "rpn/fpn.yaml"],
    "deep.yaml": ["MODEL.RESNETS.DEPTH", 101],
    "end_to_end.yaml": ["MODEL.LOAD_PROPOSALS", False, "STAGES.RPN", ""],
    "no_rpn.yaml": ["STAGES.RPN", ""],
    "other_data.yaml": ["DATASETS.TRAIN", ["far_set"]],
    "views.yaml": ["STAGES.DETECTOR", "sigmoid.yaml", "STAGES.EVAL_ONLY", True, "TEST.AUG.ENABLED", True],
    "fine.yaml": ["PRETRAIN.CLASSES", "fine"],
    "imagenet.yaml": ["STAGES.PRETRAIN", False, "MODEL.WEIGHTS", "R-50.pkl"],
    "shared.yaml": ["STAGES.DETECTOR", "sigmoid.yaml", "STAGES.RPN", "rpn/shared.yaml"],
    "rpn/shared.yaml": [
        *("MODEL.LOAD_PROPOSALS", False, "DATASETS.TEST", ["train_set", "val_set"]),
        *("STAGES.DETECTOR", "sigmoid.yaml"),
    ],
    "begun.yaml": [
        *("STAGES.DETECTOR", "sigmoid.yaml", "STAGES.TRANSFER", True),
        *("STAGES.CLASS_MAP", ["rider=random"], "SOLVER.MAX_ITER", 30),
    ],
    "student.yaml": ["STAGES.DISTILL", "distill/d.yaml", "DATASETS.TRAIN", ["train_set", "far_set_distilled"]],
    "astray.yaml": ["STAGES.DISTILL", "distill/d.yaml", "DATASETS.TRAIN", ["train_set", "other_set_distilled"]],
    "untaught.yaml": ["STAGES.DISTILL", "distill/none.yaml"],
    "distill/none.yaml": ["DATASETS.TEST", ["far_set"]],
    "distill/d.yaml": ["STAGES.DETECTOR", "softmax.yaml", "DATASETS.TEST", ["far_set"]],
    "rpn/r50.yaml": ["MODEL.LOAD_PROPOSALS", False, "DATASETS.TEST", ["train_set", "val_set"]],
    "rpn/fpn.yaml": [
        *("MODEL.LOAD_PROPOSALS", False, "DATASETS.TEST", ["train_set", "val_set"]),
        *("MODEL.RESNETS.OUT_FEATURES", ["res2", "res5"]),
    ],
}


def load_cfg(config_file: str, scale: str, opts: Sequence[str]) -> CfgNode:
    """As `mask_rcnn_paper.scales.load_cfg`."""
    cfg = CfgNode(DEFAULTS).clone()
    cfg.merge_from_list(CONFIGS[config_file])
    cfg.SCALE = scale
    cfg.merge_from_list(list(opts))
    return cfg


def read_recipe(config: str, scale: str, opts: Sequence[str], imports: Sequence[object] = ()) -> Recipe:
    """As `ablations.jobs.recipe.read_recipe`, for the fake keys."""
    cfg = load_cfg(config, scale, opts)
    return recipe_of(cfg, cfg.dump(sort_keys=True))
