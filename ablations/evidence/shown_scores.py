"""Which detections a picture shows: those whose calibrated score reaches a threshold.

Source: TensorMask (arXiv:1903.12174), Appendix A.5: its pictures show all detections with a calibrated score of at
least 0.6, so that models are compared at equal precision, and not by how sure of themselves they are.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mask_rcnn_paper.stages import CALIBRATION, MATCHES

if TYPE_CHECKING:
    from mask_rcnn_paper.coco.calibration import Calibration

# Lowest scores that are shown: Appendix A.5's, and detectron2's where scores are not calibrated.
CALIBRATED_THRESHOLD, RAW_THRESHOLD = 0.6, 0.5
# What can say whether a detection is right, the first that was evaluated does; and its name in texts.
TASKS = {"segm": "mask IoU", "keypoints": "OKS", "bbox": "box IoU"}


@dataclass(frozen=True)
class ShownScores:
    """Scores as a picture shows them, and the lowest of them that it shows.

    `calibrations` are those of its models in their order, none where scores are raw, and then `why_raw` may say why.
    """

    threshold: float = RAW_THRESHOLD
    calibrations: Sequence["Calibration"] = ()
    meaning: str = "score"
    why_raw: str = ""

    def of(self, results: Iterable[Mapping[str, Any]], model: int = 0) -> list[Mapping[str, Any]]:
        """COCO's results of a model, the first if not said, with the scores that are shown."""
        if not self.calibrations:
            return list(results)
        known = self.calibrations[model]
        return [{**result, "score": known(result["category_id"], result["score"])} for result in results]

    @property
    def rule(self) -> str:
        """As "calibrated score of at least 0.6: precision at mask IoU 0.5"."""
        kind, _, detail = self.meaning.partition(": ")
        return f"{kind} of at least {self.threshold:g}{detail and f': {detail}'}"


@dataclass(frozen=True)
class ScoreRule:
    """What a picture is asked to show: a threshold, or None for the usual one, of calibrated or `raw` scores.

    `iou` is the threshold above which a detection counts as right in a calibration; of keypoints an OKS.
    """

    threshold: float | None = None
    raw: bool = False
    iou: float = 0.5

    @classmethod
    def from_arguments(cls, args: argparse.Namespace) -> "ScoreRule":
        """What the parser of a command found.

        Raises:
            ValueError: a threshold that no score or IoU can have.
        """
        for name, value in (("--score-threshold", args.score_threshold), ("--calibration-iou", args.calibration_iou)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} {value}: must be from 0 to 1")
        return cls(args.score_threshold, args.raw_scores, args.calibration_iou)

    def shown(self, evaluations: Sequence[Path], tasks: Iterable[str] = TASKS) -> ShownScores:
        """The scores of models that are compared, by the first task whose calibrations all of them have, else raw ones.

        Args:
            evaluations: The folder of each model's evaluation on the dataset that it is calibrated on.
            tasks: Keys of `TASKS`, the best first.

        Raises:
            ValueError: an evaluation has no such IoU threshold, or a file is damaged.
        """
        raw = RAW_THRESHOLD if self.threshold is None else self.threshold
        if self.raw:
            return ShownScores(raw)
        tasks = list(tasks)
        for task in tasks:
            found = [read_calibration(folder, task, self.iou) for folder in evaluations]
            if found and None not in found:
                threshold = CALIBRATED_THRESHOLD if self.threshold is None else self.threshold
                meaning = f"calibrated score: precision at {TASKS[task]} {self.iou:g}"
                return ShownScores(threshold, found, meaning)
        return ShownScores(raw, why_raw=self._why_raw(evaluations, tasks))

    def _why_raw(self, evaluations: Sequence[Path], tasks: Sequence[str]) -> str:
        lacking = [f for f in evaluations if all(read_calibration(f, task, self.iou) is None for task in tasks)]
        # Of the folder of a job, JOB/inference/DATASET: where it lies is nobody's business who reads a report.
        jobs = ", ".join(dict.fromkeys(folder.parent.parent.name for folder in lacking or evaluations))
        names = " or ".join(TASKS[task] for task in tasks)
        return (
            f"scores are raw, not calibrated: the evaluation of {jobs} left no calibration by {names}; evaluate again"
        )


USUAL_RULE = ScoreRule()


def read_calibration(folder: Path, task: str, iou: float) -> "Calibration | None":
    """The calibration that an evaluation left in its folder, or that follows from what it matched; None without both.

    Raises:
        ValueError: the evaluation has no such threshold, or the file of calibrations is damaged.
    """
    from mask_rcnn_paper.coco.calibration import calibration_of, load_calibrations  # not above: it takes numpy

    if stored := load_calibrations(folder / CALIBRATION).get((task, iou)):
        return stored
    from mask_rcnn_paper.coco.matches import load_matches

    matches = load_matches(folder / MATCHES).get(task) if (folder / MATCHES).is_file() else None
    return None if matches is None else calibration_of(matches, iou)
