"""Values of a config that cannot work, found before anything runs.

Each rule is of a few keys, and says in one line the value, what is legal, and the cure. What building a model refuses
by itself, such as the names of its components, is not repeated here; keys that a provider lacks are passed over.
"""

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.coco.backends import BACKENDS
from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES
from mask_rcnn_paper.config import leaves
from mask_rcnn_paper.layers.roi_ops import AGGREGATIONS
from mask_rcnn_paper.modeling.merged_detections import VOTED_SCORES

# Each process adds its number to the seed, and numpy takes none from 2^32 on.
HIGHEST_SEED = 2**31 - 1
_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class Rule:
    """Values of `keys` are right where `holds`, which a message says as `legal`; "" for a `cure` that this shows."""

    keys: tuple[str, ...]
    holds: Callable[[Any], bool]
    legal: str
    cure: str = ""


def _is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether it is a finite number within these limits, which belong to it."""
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def _is_count(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _is_list(value: Any, holds: Callable[[Any], bool], least: int = 1) -> bool:
    return isinstance(value, (list, tuple)) and len(value) >= least and all(map(holds, value))


def _is_rising(value: Any) -> bool:
    return _is_list(value, partial(_is_number, low=0), least=0) and list(value) == sorted(value)


_SIDES = partial(_is_count, least=1)
_POSITIVE = partial(_is_number, low=1e-12)
_HEADS = tuple(f"MODEL.ROI_{head}_HEAD." for head in ("BOX", "MASK", "KEYPOINT"))
_TOPK = tuple(f"MODEL.RPN.{when}_NMS_TOPK_{split}" for when in ("PRE", "POST") for split in ("TRAIN", "TEST"))

RULES = (
    Rule(
        ("SOLVER.CHECKPOINT_PERIOD",),
        partial(_is_count, least=1),
        "a whole number from 1 on",
        "to save only at the end give SOLVER.MAX_ITER",
    ),
    Rule(
        (
            *("SOLVER.MAX_ITER", "SOLVER.IMS_PER_BATCH", "TEST.IMS_PER_BATCH", "TEST.AUG.IMS_PER_BATCH"),
            *("TEST.DETECTIONS_PER_IMAGE", "TEST.NMS_CANDIDATES", "INPUT.MAX_SIZE_TRAIN", "INPUT.MAX_SIZE_TEST"),
            *(
                "TEST.AUG.MAX_SIZE",
                "MODEL.RPN.BATCH_SIZE_PER_IMAGE",
                "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE",
                "MODEL.ROI_HEADS.NUM_CLASSES",
            ),
            *_TOPK,
            *(f"{head}POOLER_RESOLUTION" for head in _HEADS),
            *("MODEL.ROI_MASK_HEAD.MLP_MASK_SIZE", "MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS"),
            *(f"PRETRAIN.{key}" for key in ("MAX_ITER", "IMS_PER_BATCH", "CROP_SIZE", "NUM_CROPS")),
        ),
        partial(_is_count, least=1),
        "a whole number from 1 on",
    ),
    Rule(
        (
            *("SOLVER.WARMUP_ITERS", "SOLVER.REFERENCE_WORLD_SIZE", "TEST.EVAL_PERIOD", "VIS_PERIOD"),
            *("DATALOADER.NUM_WORKERS", "MODEL.BACKBONE.FREEZE_AT"),
            *(f"{head}POOLER_SAMPLING_RATIO" for head in _HEADS),
        ),
        partial(_is_count, least=0),
        "a whole number from 0 on",
    ),
    Rule(
        ("INPUT.MIN_SIZE_TEST",),
        partial(_is_count, least=0),
        "a side in pixels",
        "0 leaves images as large as they are",
    ),
    Rule(
        ("INPUT.MIN_SIZE_TRAIN", "TEST.AUG.MIN_SIZES"), partial(_is_list, holds=_SIDES), "sides in pixels, at least one"
    ),
    Rule(("INPUT.MIN_SIZE_TRAIN_SAMPLING",), ("choice", "range").__contains__, "choice, range"),
    Rule(("INPUT.FORMAT",), ("BGR", "RGB").__contains__, "BGR, RGB", "weights of detectron2's zoo want BGR"),
    Rule(("INPUT.MASK_FORMAT",), ("polygon", "bitmask").__contains__, "polygon, bitmask"),
    Rule(
        ("MODEL.ANCHOR_GENERATOR.SIZES", "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS"),
        partial(_is_list, holds=lambda level: _is_list(level, _POSITIVE)),
        "a list for each level of the features, or one for all, each of numbers above 0",
        "without anchors nothing is proposed",
    ),
    Rule(("MODEL.PIXEL_MEAN",), partial(_is_list, holds=_is_number), "numbers"),
    Rule(("MODEL.PIXEL_STD",), partial(_is_list, holds=_POSITIVE), "numbers above 0, which pixels are divided by"),
    Rule(("MODEL.ROI_MASK_HEAD.MLP_DIMS",), partial(_is_list, holds=_SIDES, least=0), "whole numbers from 1 on"),
    Rule(("MODEL.ROI_POOLER.CANONICAL_BOX_SIZE",), _POSITIVE, "a side in pixels above 0", "the paper's is 224"),
    Rule(
        ("SOLVER.BASE_LR", "PRETRAIN.BASE_LR"),
        partial(_is_number, low=0),
        "a finite number, at least 0",
        "the config without it has a rate that works",
    ),
    Rule(
        ("SOLVER.MOMENTUM",),
        lambda value: _is_number(value, 0) and value < 1,
        "a number from 0 to below 1",
        "0.9 is usual",
    ),
    Rule(
        ("SOLVER.WEIGHT_DECAY", "SOLVER.GAMMA", "SOLVER.BIAS_LR_FACTOR", "SOLVER.WARMUP_FACTOR"),
        partial(_is_number, low=0),
        "a finite number, at least 0",
    ),
    Rule(("SOLVER.STEPS",), _is_rising, "iterations from 0 on, each after the one before"),
    Rule(
        (
            *("MODEL.RPN.NMS_THRESH", "MODEL.ROI_HEADS.NMS_THRESH_TEST", "TEST.AUG.VOTE_IOU"),
            *("MODEL.RPN.POSITIVE_FRACTION", "MODEL.ROI_HEADS.POSITIVE_FRACTION"),
        ),
        partial(_is_number, low=0, high=1),
        "a number from 0 to 1",
    ),
    Rule(
        ("SEED",),
        lambda value: type(value) is int and value <= HIGHEST_SEED,
        f"a whole number of at most {HIGHEST_SEED}",
        "below 0 every run draws its own",
    ),
    Rule(("TEST.AUG.VOTE_SCORES",), VOTED_SCORES.__contains__, ", ".join(VOTED_SCORES)),
    Rule(
        ("TEST.AUG.KEYPOINT_BOX_SIDE",), partial(_is_number, low=0), "a side in pixels", "0 looks at boxes of any size"
    ),
    Rule(("TEST.COCO_BACKEND",), ("auto", *BACKENDS).__contains__, ", ".join(("auto", *BACKENDS))),
    Rule(("MODEL.DEVICE",), lambda value: bool(_DEVICE.fullmatch(str(value))), "cpu, cuda, cuda:N, mps"),
)


def check_config(cfg: CfgNode, eval_only: bool = False) -> None:
    """Refuse a resolved config with a value that cannot work.

    Args:
        cfg: As `load_cfg` gives it; all datasets that it names have to be registered by now.
        eval_only: Nothing is trained, so that no training set is needed.

    Raises:
        ValueError: the first value that cannot work, what is legal, and the cure.
    """
    values = dict(leaves(cfg))
    for rule in RULES:
        for key in rule.keys:
            if key in values and not rule.holds(values[key]):
                _refuse(key, values[key], rule.legal, rule.cure)
    for key, value in values.items():
        if isinstance(value, float) and math.isnan(value):
            _refuse(key, value, "a number", "leave it out for the config's own")
    _check_sampling(cfg)
    _check_aggregation(cfg)
    _check_datasets(cfg, eval_only)


def _refuse(key: str, value: Any, legal: str, cure: str = "") -> None:
    raise ValueError(f"{key}={value!r}: must be {legal}" + (f"; {cure}" if cure else ""))


def _check_sampling(cfg: CfgNode) -> None:
    sides = cfg.INPUT.MIN_SIZE_TRAIN
    if cfg.INPUT.MIN_SIZE_TRAIN_SAMPLING == "range" and len(sides) != 2:
        _refuse(
            "INPUT.MIN_SIZE_TRAIN", sides, "the least and the largest side where INPUT.MIN_SIZE_TRAIN_SAMPLING is range"
        )


def _check_aggregation(cfg: CfgNode) -> None:
    """Where no layer is named, which would refuse another."""
    node = cfg.MODEL.ROI_POOLER
    if node.NAME == "" and node.AGGREGATION not in AGGREGATIONS:
        _refuse("MODEL.ROI_POOLER.AGGREGATION", node.AGGREGATION, ", ".join(AGGREGATIONS))


def _check_datasets(cfg: CfgNode, eval_only: bool) -> None:
    """They are known, and the model has a class for each of theirs."""
    trained = () if eval_only else cfg.DATASETS.TRAIN
    if not trained and not eval_only:
        _refuse("DATASETS.TRAIN", cfg.DATASETS.TRAIN, "names of datasets, at least one")
    known, classes = DatasetCatalog.list(), cfg.MODEL.ROI_HEADS.NUM_CLASSES
    for split, names in (("TRAIN", trained), ("TEST", cfg.DATASETS.TEST)):
        for name in names:
            if name not in known:
                near = ", ".join(difflib.get_close_matches(str(name), known, 3)) or f"one of {len(known)}"
                _refuse(
                    f"DATASETS.{split}", name, f"a registered dataset, such as {near}", "--import what registers yours"
                )
            named = MetadataCatalog.get(name).get("thing_classes") or ()
            if cfg.MODEL.META_ARCHITECTURE == "GeneralizedRCNN" and classes < len(named):
                legal = f"at least {len(named)}, the classes of {name}"
                _refuse("MODEL.ROI_HEADS.NUM_CLASSES", classes, legal, "leave it out, or train on other data")
            _check_keypoints(cfg, name)


def _check_keypoints(cfg: CfgNode, name: str) -> None:
    """The model has as many keypoints as a dataset names, and as there are sigmas."""
    if not cfg.MODEL.KEYPOINT_ON:
        return
    named = MetadataCatalog.get(name).get("keypoint_names") or ()
    count, sigmas = cfg.MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS, cfg.TEST.KEYPOINT_OKS_SIGMAS
    if named and count != len(named):
        _refuse("MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS", count, f"{len(named)}, the keypoints of {name}")
    if len(sigmas or KEYPOINT_NAMES) != count:  # without sigmas they are those of COCO's keypoints
        _refuse("TEST.KEYPOINT_OKS_SIGMAS", sigmas, f"{count} numbers, one for each keypoint")
