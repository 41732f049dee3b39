"""`python -m ablations predict ROW IMAGE...`: the detections of a trained row, drawn and as COCO's results."""

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mask_rcnn_paper  # noqa: F401  isort: skip  before detectron2, which it provides where that is not installed
import numpy as np
import torch
from detectron2.data.detection_utils import read_image
from detectron2.evaluation.coco_evaluation import instances_to_coco_json
from PIL import Image
from tqdm import tqdm

from ablations.evidence.shown_scores import ScoreRule, ShownScores
from ablations.predict.images import InputImage, find_images, read_images
from ablations.predict.trained_row import TrainedRow, find_trained
from ablations.query import Asked
from mask_rcnn_paper.data.registered import Classes, read_classes
from mask_rcnn_paper.drawing import draw_instances
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_bytes_atomically, write_json_atomically, write_text_atomically
from mask_rcnn_paper.predictor import Predictor
from mask_rcnn_paper.stages import evaluation_folder
from mask_rcnn_paper.terminal import say
from mask_rcnn_paper.training.result_file import config_hash

PREDICTIONS, IMAGES = "predictions.json", "images.json"
# Images of fewer pixels a side are enlarged before they are drawn on.
_PICTURE_SIDE = 640


def predict(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`predict`: pictures of all images, then `predictions.json` and `images.json`; returns the exit code."""
    with one_line_errors("ablations"):
        rule = ScoreRule.from_arguments(args)
        if args.seed < 0:
            raise ValueError(f"--seed {args.seed}: must be at least 0")
        asked = dataclasses.replace(Asked.from_arguments(args, opts), seeds=[args.seed])
        row = find_trained(asked, args.row, args.rpn)
        images = read_images(find_images(args.images), f".{args.format}")
        dataset = row.trained.cfg.DATASETS.TEST[0]
        classes = read_classes(dataset)
        scores = rule.shown([evaluation_folder(row.folder, dataset)])
        if scores.why_raw:
            say(f"ablations: {scores.why_raw}", file=sys.stderr)
        out = Path(args.out) if args.out else row.pictures
        _check_overwriting(images, out)
        out.mkdir(parents=True, exist_ok=True)
        predictor = row.trained.load(args.allow_partial)
    torch.set_flush_denormal(True)  # as in training and evaluation
    try:
        with one_line_errors("ablations", OSError):  # such as a full disk
            results = _detect_all(predictor, images, classes, out, scores, args.labels)
            write_json_atomically(out / IMAGES, _coco_file(images, classes, row))
            write_text_atomically(out / PREDICTIONS, json.dumps(results))
    except KeyboardInterrupt:
        say(f"\nablations: interrupted; {out / PREDICTIONS} is not written", file=sys.stderr)
        return 130
    drawn = sum(result["score"] >= scores.threshold for result in scores.of(results))
    say(f"{row.name}, {row.folder.name}: {len(results)} detections in {len(images)} images, "
          f"{drawn} of them drawn ({scores.rule})")  # fmt: skip
    say(f"pictures, {PREDICTIONS} and {IMAGES}: {out}")
    return 0


def _check_overwriting(images: Sequence[InputImage], out: Path) -> None:
    sources = {Path(image["file_name"]).resolve() for image in images}
    for picture in (image["picture"] for image in images):
        if (out / picture).resolve() in sources:
            raise ValueError(f"--out {out}: the picture {picture} would overwrite an image: choose another folder")


def _detect_all(
    predictor: Predictor,
    images: Sequence[InputImage],
    classes: Classes,
    out: Path,
    scores: ShownScores,
    labels: bool,
) -> list[dict[str, Any]]:
    """Save pictures of what is detected in each image, and return all of it in COCO's format, best first.

    What is returned has the detector's own scores, and where scores are calibrated a `calibrated_score` too.
    """
    results = []
    for image in tqdm(images, unit="image", disable=None):
        instances = predictor(image["file_name"])["instances"].to("cpu")
        found = instances_to_coco_json(instances, image["id"])
        for result in found:
            result["category_id"] = classes.ids[result["category_id"]]
        shown = scores.of(found)
        picture = draw_instances(
            np.ascontiguousarray(read_image(image["file_name"], "RGB")),
            shown,
            classes.names,
            score_threshold=scores.threshold,
            skeleton=classes.skeleton,
            keypoint_names=classes.keypoints,
            scale=max(1, _PICTURE_SIDE // max(image["width"], image["height"])),
            labels=labels,
        )
        save_picture(out / image["picture"], picture)
        calibrated = [{"calibrated_score": s["score"]} if scores.calibrations else {} for s in shown]
        results += [{**result, **more} for result, more in zip(found, calibrated, strict=True)]
    return results


def save_picture(path: Path, picture: np.ndarray) -> None:
    """Write a (H, W, 3) uint8 RGB picture as a .png or .jpg file, whole or not at all."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG" if path.suffix == ".jpg" else "PNG", quality=92)
    write_bytes_atomically(path, buffer.getvalue())


def _coco_file(images: Sequence[InputImage], classes: Classes, row: TrainedRow) -> dict[str, Any]:
    """A COCO file without annotations: which image an `image_id` is, and what a `category_id` means."""
    cfg = row.trained.cfg
    info = {"row": row.name, "scale": cfg.SCALE, "seed": cfg.SEED, "config_hash": config_hash(cfg)}
    return {"info": info, "images": images, "categories": classes.coco_categories(cfg.MODEL.KEYPOINT_ON)}
