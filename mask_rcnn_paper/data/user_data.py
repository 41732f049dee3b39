"""Your own data in COCO's format in place of the paper's: the keys that follow from it, and its registration.

A config names the data in DATASETS.OWN; `apply_own_data` reads the files and sets, unless the user gave them:

    DATASETS.TRAIN, .TEST                    NAME_train and NAME_val; a config that tests on its training set, as an RPN
                                             does to store proposals, still tests on both
    MODEL.ROI_HEADS.NUM_CLASSES              categories of the file, also for the paper's person-only rows; likewise of
                                             RETINANET or TENSOR_MASK where that is the META_ARCHITECTURE
    INPUT.MASK_FORMAT                        bitmask where masks are run lengths
    MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS,
    TEST.KEYPOINT_OKS_SIGMAS                 of the keypoints, see coco/keypoints.py
    DATASETS.OWN.VERSIONS                    checksums of the files, so that changed data is another experiment

Image files are not part of the identity: after a change of images alone, delete the results.
"""

import contextlib
import re
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import load_coco_json

from mask_rcnn_paper.coco.facts import CocoFacts, read_facts
from mask_rcnn_paper.coco.keypoints import MissingOptionError, flip_pairs, oks_sigmas
from mask_rcnn_paper.data.distilled import is_distilled
from mask_rcnn_paper.data.registered import file_version

SPLITS = ("train", "val")
# Where single-stage models have their number of classes.
_CLASSIFIERS = {"RetinaNet": "RETINANET", "PaperRetinaNet": "RETINANET", "TensorMask": "TENSOR_MASK"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class DataLacksError(ValueError):
    """The data has no masks, keypoints or images without labels, which the model needs."""


def apply_own_data(cfg: CfgNode, given: Collection[str] = ()) -> None:
    """Set what follows from DATASETS.OWN, in place, but for the keys `given` by the user, and register the data.

    Raises:
        FileNotFoundError: a file or folder is not there.
        ValueError: no name, a bad or a taken one, files that are not in COCO's format or do not fit together, or other
            files than VERSIONS says.
        DataLacksError: the model needs masks, keypoints or images without labels that the data does not have.
        MissingOptionError: mirror pairs or sigmas of keypoints have to be given.
    """
    own = cfg.DATASETS.OWN
    if not own.NAME:
        if own.TRAIN or own.VAL:
            raise ValueError("DATASETS.OWN.TRAIN and .VAL need a name: give DATASETS.OWN.NAME")
        return
    check_name(own.NAME)
    own.TRAIN, own.VAL = (locate(own[split.upper()], split) for split in SPLITS)
    json_files = own.TRAIN[0], own.VAL[0]
    train, val = facts = [read_facts(file) for file in json_files]
    _check_categories(train, val)
    _check_versions(own, json_files)
    names = tuple(own.KEYPOINT_NAMES) or train.keypoint_names
    pairs = train.flip_pairs if own.KEYPOINT_FLIP_PAIRS is None else own.KEYPOINT_FLIP_PAIRS
    _register(own, train.classes, names, pairs)
    _refuse_unlabeled(cfg, given)
    _require(cfg, facts, json_files)
    datasets = tuple(f"{own.NAME}_{split}" for split in SPLITS)
    stores_proposals = bool(set(cfg.DATASETS.TEST) & set(cfg.DATASETS.TRAIN))
    derived = {"DATASETS.TRAIN": datasets[:1], "DATASETS.TEST": datasets if stores_proposals else datasets[1:]}
    derived |= {"MODEL.ROI_HEADS.NUM_CLASSES": len(train.classes), **_keypoint_keys(cfg, names, pairs)}
    if head := _CLASSIFIERS.get(cfg.MODEL.META_ARCHITECTURE):
        derived[f"MODEL.{head}.NUM_CLASSES"] = len(train.classes)
    if cfg.MODEL.MASK_ON and train.has_run_lengths:
        derived["INPUT.MASK_FORMAT"] = "bitmask"
    for key, value in derived.items():
        if key not in given:
            cfg.merge_from_list([key, value])


def _keypoint_keys(cfg: CfgNode, names: tuple[str, ...], pairs: Any) -> dict[str, Any]:
    """Complete the options of keypoints in place; a config without keypoints forgets them.

    Else results of masks would become stale with every option of keypoints.
    """
    own, sigmas = cfg.DATASETS.OWN, cfg.TEST.KEYPOINT_OKS_SIGMAS
    own.KEYPOINT_NAMES, own.KEYPOINT_FLIP_PAIRS, cfg.TEST.KEYPOINT_OKS_SIGMAS = (), None, []
    if not cfg.MODEL.KEYPOINT_ON:
        return {}
    if not names:
        where = "give keypoint_names in the data's YAML, or DATASETS.OWN.KEYPOINT_NAMES"
        raise MissingOptionError("keypoint_names", f"the keypoints of {own.TRAIN[0]!r} have no names: {where}")
    own.KEYPOINT_NAMES, own.KEYPOINT_FLIP_PAIRS = names, flip_pairs(names, pairs)
    cfg.TEST.KEYPOINT_OKS_SIGMAS = oks_sigmas(names, sigmas)
    return {"MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS": len(names)}


def check_name(name: str) -> None:
    """Raise a ValueError for bad characters in a name, and for datasets of this name that are not the user's own."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"name of data {name!r}: use letters, digits, '_' and '-', and start with a letter")
    for dataset in (f"{name}_{split}" for split in SPLITS):
        if dataset in DatasetCatalog.list() and not MetadataCatalog.get(dataset).get("own", False):
            raise ValueError(f"name of data {name!r}: dataset {dataset!r} is registered already; choose another name")


def locate(place: Sequence[str], split: str) -> tuple[str, str]:
    """Absolute annotation file and image folder of a split; relative paths start from the current folder.

    Raises:
        ValueError: not two paths.
        FileNotFoundError: the file or the folder does not exist.
    """
    if len(place) != 2 or not all(isinstance(part, str) and part for part in place):
        key = f"DATASETS.OWN.{split.upper()}"
        raise ValueError(f"{key}={place!r}: give an annotation file and an image folder, ('x.json', 'images')")
    file, images = (Path(part).expanduser().absolute() for part in place)
    if not file.is_file():
        raise FileNotFoundError(f"annotation file {str(file)!r} of the {split} data does not exist")
    if not images.is_dir():
        raise FileNotFoundError(f"image folder {str(images)!r} of the {split} data does not exist")
    return str(file), str(images)


def _check_categories(train: CocoFacts, val: CocoFacts) -> None:
    """The same names under the same ids, since a class is a category's place in the order of ids."""
    if train.classes == val.classes:
        return
    names = [set(facts.classes.values()) for facts in (train, val)]
    only = {"train": sorted(names[0] - names[1]), "val": sorted(names[1] - names[0])}
    differences = [f"only in {split}: {', '.join(extra)}" for split, extra in only.items() if extra]
    if not differences:
        moved = [name for key, name in train.classes.items() if val.classes.get(key) != name]
        differences = [f"other ids of {', '.join(moved)}"]
    raise ValueError(f"train and val data must have the same categories: {'; '.join(differences)}")


def _check_versions(own: CfgNode, json_files: tuple[str, str]) -> None:
    found = tuple(file_version(Path(file)) for file in json_files)
    for file, old, new in zip(json_files, own.VERSIONS, found, strict=False):
        if old != new:
            raise ValueError(
                f"annotation file {file!r} is {new}, but DATASETS.OWN.VERSIONS says {old}: it has changed since the "
                "run was planned; start the run anew"
            )
    own.VERSIONS = found


def _require(cfg: CfgNode, facts: list[CocoFacts], json_files: tuple[str, str]) -> None:
    keypoints = cfg.MODEL.KEYPOINT_ON or cfg.DATASETS.KEYPOINT_IMAGES_ONLY
    for what, needed in (("masks", cfg.MODEL.MASK_ON), ("keypoints", keypoints)):
        lacking = [file for fact, file in zip(facts, json_files, strict=True) if not getattr(fact, f"has_{what}")]
        if needed and lacking:
            raise DataLacksError(f"needs {what}, and {Path(lacking[0]).name} has none")


def _refuse_unlabeled(cfg: CfgNode, given: Collection[str]) -> None:
    """Refuse a config of images that a teacher annotates, of which the user's own data has none."""
    unlabeled = any(
        MetadataCatalog.get(n).get("unlabeled", False) for n in cfg.DATASETS.TEST if n in DatasetCatalog.list()
    )
    distilled = any(map(is_distilled, cfg.DATASETS.TRAIN))
    if (distilled and "DATASETS.TRAIN" not in given) or (unlabeled and "DATASETS.TEST" not in given):
        raise DataLacksError("needs images without labels, and the data has none")


def _register(own: CfgNode, classes: dict[int, str], names: tuple[str, ...], pairs: Any) -> None:
    """Register both datasets; those of an earlier config of this process are replaced."""
    keypoints = {"keypoint_names": list(names)} if names else {}
    with contextlib.suppress(MissingOptionError):  # Rows with keypoints are refused, the others do not need it.
        keypoints |= {"keypoint_flip_map": list(flip_pairs(names, pairs))} if names else {}
    for split in SPLITS:
        json_file, image_root = own[split.upper()]
        name = f"{own.NAME}_{split}"
        for catalog in (DatasetCatalog, MetadataCatalog):
            if name in catalog.list():
                catalog.remove(name)
        DatasetCatalog.register(name, partial(load_coco_json, json_file, image_root, name))
        MetadataCatalog.get(name).set(
            own=True,
            json_file=json_file,
            image_root=image_root,
            evaluator_type="coco",
            thing_classes=list(classes.values()),
            thing_dataset_id_to_contiguous_id={key: index for index, key in enumerate(classes)},
            **keypoints,
        )
