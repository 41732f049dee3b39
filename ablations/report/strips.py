"""Strips of predictions: a table's rows side by side with the ground truth, on a few images of the validation set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from ablations.evidence.shown_scores import USUAL_RULE, ScoreRule, ShownScores
from ablations.report.contents import NO_PREDICTIONS
from ablations.report.object_colours import matched_colours, object_colours
from ablations.report.predictions import (
    TASK_OF,
    Choice,
    Chosen,
    GroundTruth,
    Instances,
    choose_images,
    common_measure,
    read_ground_truth,
    read_predictions,
)
from mask_rcnn_paper import register_components
from mask_rcnn_paper.data.registered import UNKNOWN, data_versions
from mask_rcnn_paper.drawing import Colour, draw_instances

GROUND_TRUTH = "ground truth"
# Pixels of a panel's longer side: smaller images are enlarged, larger ones reduced.
SIDE = 600
_JPEG_QUALITY = 80


@dataclass(frozen=True)
class Panel:
    """A drawn image (H, W, 3), uint8, RGB; `overlap` is of the row's predictions, None for the ground truth."""

    label: str
    image: np.ndarray
    overlap: float | None

    def jpeg(self) -> bytes:
        """The image as a JPEG."""
        bgr = cv2.cvtColor(self.image, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()


@dataclass(frozen=True)
class Strip:
    """Panels of one image, ground truth first."""

    choice: Choice
    file_name: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class TableStrips:
    """Strips of a table: of which data, seed, measure and scores, out of how many images, and what is missing."""

    strips: tuple[Strip, ...] = ()
    dataset: str = ""
    seed: int = 0
    measure: str = ""
    chosen: Chosen = Chosen((), 0, 0)
    missing: str = ""
    scores: ShownScores = ShownScores()


def draw_strips(
    files: Mapping[tuple[str, int], Mapping[str, Path]], versions: Mapping[str, str], rule: ScoreRule = USUAL_RULE
) -> TableStrips:
    """Choose images and draw the predictions that the jobs of a table's rows left.

    Rows are compared on the dataset and the seed for which most of them have predictions, of equals the first.

    Args:
        files: By (label of the row, seed) of each finished job, files of predictions by dataset.
        versions: Of each dataset, those that the results are of: predictions are not drawn on images of another.
        rule: Which predictions are drawn, and count in the choice.

    Returns:
        Without strips where there is nothing to draw, and then `missing` says why.
    """
    counts = Counter((dataset, seed) for (_, seed), of_job in files.items() for dataset in of_job)
    if not counts:
        return TableStrips(missing=NO_PREDICTIONS)
    # No config need have been read, which registers the paper's and the generated data: a plan comes from the cache.
    register_components()
    dataset, seed = max(counts, key=lambda key: (counts[key], -key[1]))
    labels = dict.fromkeys(label for label, _ in files)
    shown = {label: files[label, seed][dataset] for label in labels if dataset in files.get((label, seed), {})}
    absent = [label for label in labels if label not in shown]
    missing = f"no predictions of seed {seed} on {dataset}: {', '.join(absent)}" if absent else ""
    try:
        then, now = versions.get(dataset, UNKNOWN), data_versions([dataset])[dataset]
        if UNKNOWN not in (then, now) and then != now:
            raise ValueError(f"{dataset} has changed: the predictions are of its version {then}, here is {now}")
        truth = read_ground_truth(dataset)
        rows = {label: read_predictions(path) for label, path in shown.items()}
        measure = common_measure([list(chain(*row.values())) for row in rows.values()])
        scores = rule.shown([path.parent for path in shown.values()], dict.fromkeys((TASK_OF[measure], "bbox")))
        rows = {label: _with_scores(row, scores, n) for n, (label, row) in enumerate(rows.items())}
        chosen = choose_images(truth, list(rows.values()), measure, scores.threshold)
        strips = tuple(_strip(truth, rows, choice, scores.threshold) for choice in chosen.images)
    except (OSError, ValueError) as error:
        return TableStrips(missing=str(error))
    missing = missing if strips else "no image of the validation set has objects to compare"
    return TableStrips(strips, truth.name, seed, measure, chosen, missing, scores)


def _with_scores(row: Instances, scores: ShownScores, number: int) -> Instances:
    return {image_id: scores.of(found, number) for image_id, found in row.items()}


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3), uint8, RGB.

    Raises:
        FileNotFoundError: there is no image that can be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"no image that can be read: {path}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _strip(truth: GroundTruth, rows: Mapping[str, Instances], choice: Choice, threshold: float) -> Strip:
    file_name = truth.images[choice.image_id]["file_name"]
    image = read_image(truth.image_root / file_name)
    predicted = {field for row in rows.values() for p in row.get(choice.image_id, ()) for field in p}
    # Of the ground truth, what no row predicts is not drawn.
    hidden = {"segmentation", "keypoints"} - predicted
    annotations = truth.instances.get(choice.image_id, ())
    true = [{key: value for key, value in a.items() if key not in hidden} for a in annotations]
    panels = [Panel(GROUND_TRUTH, _draw(image, true, truth, threshold, object_colours(annotations)), None)]
    for (label, predictions), overlap in zip(rows.items(), choice.overlaps, strict=True):
        found = predictions.get(choice.image_id, ())
        drawn = _draw(image, found, truth, threshold, matched_colours(annotations, found))
        panels.append(Panel(label, drawn, overlap))
    return Strip(choice, file_name, tuple(panels))


def _draw(
    image: np.ndarray, instances: Sequence[Mapping], truth: GroundTruth, threshold: float, colours: Sequence[Colour]
) -> np.ndarray:
    scale = SIDE / max(image.shape[:2])
    return draw_instances(
        image,
        instances,
        truth.class_names,
        score_threshold=threshold,
        skeleton=truth.skeleton,
        keypoint_names=truth.keypoints,
        scale=int(scale) if scale > 1 else scale,
        colours=colours,
    )
