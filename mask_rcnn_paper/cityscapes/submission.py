"""Predictions in the format of Cityscapes' scripts and of its evaluation server.

    FRAME_pred.txt                 a line a prediction: relative path of its mask, label id, score
    masks/FRAME_0_car.png, ...     0 outside, 255 inside

FRAME is CITY_SEQUENCE_FRAME. An image without predictions has an empty text file: the scripts ask for one of each.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
from pycocotools import mask as coco_mask

from mask_rcnn_paper.cityscapes.folders import frame_of
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS

_MASKS = "masks"
_NAMES = {key: name for name, key in CLASS_IDS.items()}


class Prediction(NamedTuple):
    """`mask` is COCO's compressed RLE of the size of the image; `label_id` a value of `CLASS_IDS`."""

    mask: Mapping[str, Any]
    label_id: int
    score: float


def prediction_file(folder: Path, frame: str) -> Path:
    """Where the predictions of an image, "CITY_SEQUENCE_FRAME", are listed."""
    return folder / f"{frame}_pred.txt"


def write_predictions(folder: Path, by_image: Mapping[str, Sequence[Prediction]]) -> None:
    """Write the predictions of images, by path of the image, into an existing folder.

    Raises:
        ValueError: a label id of none of the eight classes.
    """
    (folder / _MASKS).mkdir(exist_ok=True)
    for file_name, predictions in by_image.items():
        frame, lines = frame_of(file_name), []
        for number, (mask, label_id, score) in enumerate(predictions):
            if label_id not in _NAMES:
                raise ValueError(f"label id {label_id} of a prediction for {frame}: choose from {CLASS_IDS}")
            name = f"{_MASKS}/{frame}_{number}_{_NAMES[label_id]}.png"
            pixels = coco_mask.decode(dict(mask)) * 255
            if not cv2.imwrite(str(folder / name), pixels, [cv2.IMWRITE_PNG_BILEVEL, 1]):
                raise OSError(f"cannot write {folder / name}: is the disk full?")
            lines.append(f"{name} {label_id} {score!r}\n")
        prediction_file(folder, frame).write_text("".join(lines))


def zip_predictions(folder: Path) -> Path:
    """Pack a folder of predictions as the evaluation server takes them; returns the file, FOLDER.zip."""
    return Path(shutil.make_archive(str(folder), "zip", folder))
