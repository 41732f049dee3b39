"""What planning needs to know of a config, read without detectron2 where it has been read before.

Resolving a config takes detectron2 and so torch, seconds that `list` or `table` need not wait for. The answer is kept
in the cache folder under a checksum of everything that it follows from: the YAML files, the plugin's sources,
detectron2's defaults, and what was asked.
"""

import contextlib
import dataclasses
import hashlib
import importlib.util
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mask_rcnn_paper.config_files import CONFIG_ROOT, find_config, with_bases
from mask_rcnn_paper.files import read_json, write_json_atomically
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.imports import Import, import_components

# Tasks beside boxes, and the keys of MODEL that say whether it has a branch for them.
BRANCHES = {"segm": "MASK_ON", "keypoints": "KEYPOINT_ON"}


@dataclass(frozen=True)
class Recipe:
    """Facts of a resolved config.

    `config_hash` is of the whole config, `backbone_parts` all that a pre-trained `backbone` such as "R-50" depends on,
    as JSON values. `pretrained`: its weights come from the pre-training stage. `rpn`, `detector` and `distill`: configs
    of the RPN whose proposals it uses, of the detector whose weights it starts from or predicts with, and of the
    distillation whose annotations it trains on, "" for none. `transfer`: the detector's classes are made this config's
    by `class_map`. `eval_only`: it trains nothing. `branches` are the tasks beside boxes that the model has a branch
    for. `train` and `test` name data sets.
    """

    config_hash: str
    backbone: str
    backbone_parts: tuple[Any, ...]
    pretrained: bool
    rpn: str
    detector: str
    eval_only: bool
    transfer: bool
    class_map: tuple[str, ...]
    distill: str
    loads_proposals: bool
    branches: tuple[str, ...]
    train: tuple[str, ...]
    test: tuple[str, ...]
    iterations: int
    pretrain_iterations: int


def read_recipe(config: str, scale: str, opts: Sequence[str], imports: Sequence[Import] = ()) -> Recipe:
    """Facts of a config at a scale, from the cache where nothing has changed since.

    `imports` are modules with components that the config may name; the others are as for `load_cfg`.

    Raises:
        ValueError, KeyError, FileNotFoundError: as `load_cfg`, and `check_config`.
    """
    path = find_config(config)
    files = _digest([file for file, _ in with_bases(path)])
    asked = [str(path), scale, list(opts), [dataclasses.astuple(wanted) for wanted in imports], files]
    folder = cache_root() / "recipes" / _sources()
    place = folder / f"{_hash(asked)[:32]}.json"
    if isinstance(entry := read_json(place), dict):
        return Recipe(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
    recipe = _resolve(config, scale, opts, imports)
    if not folder.is_dir():  # what earlier states of the sources have left goes once nobody has added to it for a week
        for path in folder.parent.glob("*"):
            if path.stat().st_mtime < time.time() - 7 * 24 * 3600.0:
                shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        write_json_atomically(place, dataclasses.asdict(recipe))
    return recipe


def recipe_of(cfg: Any, config_hash: str) -> Recipe:
    """Facts of a resolved config, and its `config_hash`."""
    from mask_rcnn_paper.generated.datasets import VERSION
    from mask_rcnn_paper.stages import COARSE, backbone_name

    # Not where features are tapped, since all stages are trained; nor deformable convolutions, which no row has and the
    # embedded core lacks: both providers name a job alike.
    resnets = {k: v for k, v in cfg.MODEL.RESNETS.items() if k != "OUT_FEATURES" and not k.startswith("DEFORM_")}
    # The key of finer classes came later: without them a backbone is the one that it was before.
    pretrain = {k: v for k, v in cfg.PRETRAIN.items() if (k, v) != ("CLASSES", COARSE)}
    # With the version of the drawn objects: whatever builds on them is another job where they change.
    parts = [resnets, cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD, cfg.INPUT.FORMAT, pretrain, VERSION]
    return Recipe(
        config_hash=config_hash,
        backbone=backbone_name(cfg),
        backbone_parts=tuple(json.loads(json.dumps(parts))),
        pretrained=bool(cfg.STAGES.PRETRAIN and not cfg.STAGES.DETECTOR),
        rpn=cfg.STAGES.RPN,
        detector=cfg.STAGES.DETECTOR,
        eval_only=bool(cfg.STAGES.EVAL_ONLY),
        transfer=bool(cfg.STAGES.TRANSFER),
        class_map=tuple(cfg.STAGES.CLASS_MAP),
        distill=cfg.STAGES.DISTILL,
        loads_proposals=bool(cfg.MODEL.LOAD_PROPOSALS),
        branches=tuple(task for task, key in BRANCHES.items() if cfg.MODEL[key]),
        train=tuple(cfg.DATASETS.TRAIN),
        test=tuple(cfg.DATASETS.TEST),
        iterations=cfg.SOLVER.MAX_ITER,
        pretrain_iterations=cfg.PRETRAIN.MAX_ITER,
    )


def _resolve(config: str, scale: str, opts: Sequence[str], imports: Sequence[Import]) -> Recipe:
    from mask_rcnn_paper.config_checks import check_config
    from mask_rcnn_paper.scales import load_cfg
    from mask_rcnn_paper.training.result_file import config_hash

    import_components(imports)
    cfg = load_cfg(config, scale, opts)
    try:
        check_config(cfg, cfg.STAGES.EVAL_ONLY)
    except ValueError as error:
        raise ValueError(f"{config}: {error}") from error
    return recipe_of(cfg, config_hash(cfg))


@cache
def _sources() -> str:
    """Checksum of all that turns a config's files into a config."""
    core, plugin = (Path(importlib.util.find_spec(name).origin).parent for name in ("detectron2", "mask_rcnn_paper"))
    defaults = core / "config" / "defaults.py"
    sources = [path for path in plugin.rglob("*.py") if "embedded" not in path.parts]
    return _digest(sorted([*sources, *CONFIG_ROOT.rglob("*.yaml"), defaults, Path(__file__)]))[:32]


def _digest(paths: Sequence[Path]) -> str:
    return _hash([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()
