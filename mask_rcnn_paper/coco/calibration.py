"""Calibrated scores: the precision that a detector has where it is as sure as it is of a detection.

Source: TensorMask (arXiv:1903.12174), Appendix A.5: for each model and category the precision-recall curve, which is
parameterised by the score, maps a score to a precision. What it leaves open is resolved so: a detection is right at an
IoU threshold that the caller chooses, 0.5 in pictures; the map is made monotone by the envelope of the curve, the best
precision at this recall or a higher one, as COCO's AP does; scores beyond all that were seen count as the nearest seen.

Shape shorthand: D detections, S steps.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mask_rcnn_paper.coco.matches import Matches
from mask_rcnn_paper.coco.values import is_number
from mask_rcnn_paper.files import read_json, write_text_atomically

# The threshold that pictures take, and those whose maps are stored; what was matched has the others.
IOU = 0.5
STORED_IOUS = (IOU,)


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """A step function from score to precision that never falls.

    Attributes:
        bounds: (S - 1,) ascending scores. The n-th step ends with, and holds, the n-th bound; the last has no end.
        precisions: (S,) ascending, in [0, 1]. Without any detection to learn from it is a single 0: nothing of the kind
            was ever seen to be right.
    """

    bounds: np.ndarray
    precisions: np.ndarray

    def __call__(self, scores: Any) -> np.ndarray:
        """Calibrated scores, of the shape of the scores."""
        return self.precisions[np.searchsorted(self.bounds, scores, side="left")]

    def in_percent(self) -> "ScoreMap":
        """With precisions rounded down to whole percent: fewer steps, and what is at least 60 % still is."""
        return _merged(self.bounds, np.floor(100 * self.precisions * (1 + 1e-12)) / 100)


def precision_by_score(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The precision of a precision-recall curve, by the score instead of the recall.

    Args:
        scores: (D,), in any order.
        right: (D,) bool, whether each detection found an object.

    Returns:
        (P,) distinct scores, ascending, and (P,) the share that is right of the detections that score at least that.
    """
    order = np.argsort(scores, kind="stable")[::-1]
    ranked, hits = np.asarray(scores, dtype=float)[order], np.cumsum(np.asarray(right, dtype=bool)[order])
    ends = np.flatnonzero(np.diff(ranked, append=-np.inf))[::-1]  # a threshold takes all equal scores at once
    return ranked[ends], hits[ends] / (ends + 1)


def score_map(scores: np.ndarray, precisions: np.ndarray) -> ScoreMap:
    """The monotone map of a precision-recall curve that is given by score.

    Args:
        scores: (P,) ascending, without equal ones.
        precisions: (P,), of what scores at least that, in [0, 1].

    Raises:
        ValueError: the shapes differ, or the scores do not ascend.
    """
    scores, precisions = np.asarray(scores, dtype=float), np.asarray(precisions, dtype=float)
    if scores.ndim != 1 or scores.shape != precisions.shape:
        raise ValueError(f"scores of shape {scores.shape}, precisions of {precisions.shape}: give two equal lists")
    if (np.diff(scores) <= 0).any():
        raise ValueError("scores of a precision-recall curve must ascend, each once")
    if not len(scores):
        return ScoreMap(np.zeros(0), np.zeros(1))
    return _merged(scores[:-1], np.maximum.accumulate(precisions))


def _merged(bounds: np.ndarray, precisions: np.ndarray) -> ScoreMap:
    """Steps of equal height become one."""
    rises = np.diff(precisions) > 0
    return ScoreMap(bounds[rises], precisions[np.append(rises, True)])


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Detections that were right or wrong; those of crowds were neither, and are not among them.

    Attributes:
        categories: (D,) ids.
        images: (D,) numbers, from 0 on.
        scores: (D,) in [0, 1].
        right: (D,) bool.
    """

    categories: np.ndarray
    images: np.ndarray
    scores: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, matches: Matches, iou: float) -> "Outcomes":
        """What was matched at an IoU threshold, among objects of all sizes; of keypoints it is an OKS.

        Raises:
            ValueError: the evaluation has not that threshold.
        """
        found = np.flatnonzero(np.isclose(matches.thresholds, iou))
        if not len(found):
            legal = ", ".join(f"{threshold:g}" for threshold in matches.thresholds)
            raise ValueError(f"IoU threshold {iou:g} of a calibration: choose from {legal}")
        place = matches.areas.tolist().index("all"), found[0]
        counted = ~matches.ignored[place]
        category, image = np.indices(matches.counts.shape).reshape(2, -1)
        categories = np.repeat(matches.category_ids[category], matches.counts.ravel())
        images = np.repeat(image, matches.counts.ravel())
        return cls(categories[counted], images[counted], matches.scores[counted], matches.matched[place][counted])

    def where(self, chosen: np.ndarray) -> "Outcomes":
        """Those of a (D,) bool."""
        return Outcomes(self.categories[chosen], self.images[chosen], self.scores[chosen], self.right[chosen])


@dataclass(frozen=True)
class Calibration:
    """The maps of a model by category id; of a category that was not evaluated nothing is known to be right."""

    maps: Mapping[int, ScoreMap]

    def __call__(self, category: int, score: float) -> float:
        """The calibrated score of a detection."""
        found = self.maps.get(category)
        return 0.0 if found is None else float(found(score))

    def of(self, outcomes: Outcomes) -> np.ndarray:
        """Calibrated scores, (D,)."""
        found = np.zeros(len(outcomes.scores))
        for category, known in self.maps.items():
            own = outcomes.categories == category
            found[own] = known(outcomes.scores[own])
        return found


def calibrate(outcomes: Outcomes, categories: Sequence[int]) -> Calibration:
    """The calibration by detections of the categories with these ids, among which there may be some without any.

    Equal calibrated scores keep the order of their scores: ranked so, AP is what it was.
    """
    maps = {}
    for category in categories:
        own = outcomes.where(outcomes.categories == category)
        maps[int(category)] = score_map(*precision_by_score(own.scores, own.right))
    return Calibration(maps)


def calibration_of(matches: Matches, iou: float = IOU) -> Calibration:
    """The calibration of a model by what its evaluation matched, in whole percent, as it is stored; raises as Outcomes.

    Args:
        matches: Of a task.
        iou: One of their thresholds.
    """
    exact = calibrate(Outcomes.of(matches, iou), matches.category_ids.tolist())
    return Calibration({category: known.in_percent() for category, known in exact.maps.items()})


def save_calibrations(path: str | Path, by_task: Mapping[str, Matches]) -> None:
    """Write the calibrations of an evaluation's tasks at `STORED_IOUS`: task, threshold, category id, steps.

    Raises:
        DiskFullError: there is no space; the old file is as it was.
    """
    content: dict[str, dict[str, Any]] = {}
    for task, matches in by_task.items():
        for iou in STORED_IOUS:
            maps = calibration_of(matches, iou).maps.items()
            steps = {str(c): {"bounds": m.bounds.tolist(), "precisions": m.precisions.tolist()} for c, m in maps}
            content.setdefault(task, {})[f"{iou:g}"] = steps
    write_text_atomically(path, json.dumps(content))


def load_calibrations(path: str | Path) -> dict[tuple[str, float], Calibration]:
    """What `save_calibrations` wrote, by task and IoU threshold; {} where there is no such file.

    Raises:
        ValueError: it holds something else.
    """
    if not Path(path).is_file():
        return {}
    try:
        return {
            (task, float(iou)): Calibration({int(category): _read_map(steps) for category, steps in maps.items()})
            for task, by_iou in read_json(path).items()
            for iou, maps in by_iou.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        cure = "remove it, and scores are calibrated by what was matched, or evaluate again"
        raise ValueError(f"{path} is no calibration of scores: {cure}") from error


def _read_map(steps: Mapping[str, Sequence[float]]) -> ScoreMap:
    bounds, precisions = steps["bounds"], steps["precisions"]
    rising = all(is_number(v) for v in (*bounds, *precisions)) and (np.diff(bounds) > 0).all()
    if not rising or len(precisions) != len(bounds) + 1 or (np.diff(precisions) <= 0).any():
        raise ValueError("steps do not rise")
    if not 0 <= precisions[0] <= precisions[-1] <= 1:
        raise ValueError("precisions are not in [0, 1]")
    return ScoreMap(np.array(bounds, dtype=float), np.array(precisions, dtype=float))
