"""Proposals that an RPN stored, for training a detector on them (Mask R-CNN, Sec. 3.1 and appendix B)."""

import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.structures import BoxMode

_OLD_NAMES = {"indexes": "ids", "scores": "objectness_logits"}


def load_proposals_into_dataset(dataset_dicts: list[dict], proposal_file: str) -> list[dict]:
    """Add to every image its stored proposals, best first.

    The file is a pickled dict of "ids" (of images), "boxes" (an (N_i, 4) array per image, in pixels of the
    original image), "objectness_logits" or "scores" (an (N_i,) array per image) and perhaps "bbox_mode", an
    integer of `BoxMode` (XYXY without it). `COCOEvaluator` writes it. Unpickling runs code: trust the file.

    Args:
        dataset_dicts: Samples; get "proposal_boxes", "proposal_objectness_logits", "proposal_bbox_mode".
        proposal_file: Path.

    Returns:
        The same list.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no proposal file, or lacks proposals of an image of the dataset.
    """
    stored = _read(proposal_file)
    position = {str(image_id): i for i, image_id in enumerate(stored["ids"])}
    missing = [d["image_id"] for d in dataset_dicts if str(d["image_id"]) not in position]
    if missing:
        raise ValueError(
            f"proposal file {proposal_file!r} lacks {len(missing)} of {len(dataset_dicts)} images, e.g. "
            f"image id {missing[0]!r}: it was made from another dataset; make proposals for this one"
        )
    mode = BoxMode(stored.get("bbox_mode", BoxMode.XYXY_ABS))
    for sample in dataset_dicts:
        i = position[str(sample["image_id"])]
        logits = np.asarray(stored["objectness_logits"][i])
        best_first = (-logits).argsort(kind="stable")
        sample["proposal_boxes"] = np.asarray(stored["boxes"][i]).reshape(-1, 4)[best_first]
        sample["proposal_objectness_logits"] = logits[best_first]
        sample["proposal_bbox_mode"] = mode
    return dataset_dicts


def _read(proposal_file: str) -> dict[str, Any]:
    logging.getLogger(__name__).info("Reading stored proposals from %s", proposal_file)
    if not Path(proposal_file).is_file():
        raise FileNotFoundError(
            f"proposal file {proposal_file!r} does not exist: set DATASETS.PROPOSAL_FILES_TRAIN/TEST to the "
            "box_proposals.pkl of an RPN's evaluation"
        )
    try:
        with open(proposal_file, "rb") as f:
            stored = pickle.load(f, encoding="latin1")
        stored = {_OLD_NAMES.get(key, key): value for key, value in stored.items()}
        lengths = {len(stored[key]) for key in ("ids", "boxes", "objectness_logits")}
    except Exception as e:  # unpickling something else can raise anything
        raise ValueError(
            f"proposal file {proposal_file!r} is not a pickled dict of ids, boxes and objectness_logits "
            f"({type(e).__name__}: {e}): make it again"
        ) from None
    if len(lengths) != 1:
        raise ValueError(f"proposal file {proposal_file!r}: ids, boxes and logits differ in length")
    return stored
