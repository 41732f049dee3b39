"""Reliability of scores: whether as many detections are right as their scores say.

Source: M. DeGroot, S. Fienberg, The comparison and evaluation of forecasters, 1983 (bins of equal width); TensorMask
(arXiv:1903.12174), Appendix A.5, whose calibrated score is a precision: of all detections that score at least that.

Shape shorthand: D detections, B bins, L levels.
"""

from dataclasses import dataclass

import numpy as np

from mask_rcnn_paper.coco.calibration import Outcomes, calibrate

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """What scores say, and what is right, bin by bin or level by level; those without detections are left out.

    Attributes:
        scores: (B,) in [0, 1], ascending.
        right: (B,) in [0, 1], the share of right detections.
        counts: (B,) how many detections.
    """

    scores: np.ndarray
    right: np.ndarray
    counts: np.ndarray


def by_bin(scores: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Mean score and share of right detections in bins of equal width; a score between two is in the upper one.

    Args:
        scores: (D,) in [0, 1].
        right: (D,) bool.
        bins: At least 1.
    """
    place = np.minimum((np.asarray(scores, dtype=float) * bins).astype(int), bins - 1)
    counts, sums, hits = (np.bincount(place, w, bins) for w in (None, scores, right))
    full = counts > 0
    return Reliability(sums[full] / counts[full], hits[full] / counts[full], counts[full])


def expected_calibration_error(bins: Reliability) -> float:
    """Mean distance in [0, 1] of what is right from what scores say, over the detections of `by_bin`; NaN without any.

    Source: Guo et al., On calibration of modern neural networks, 2017, equation 5.
    """
    return float(np.average(abs(bins.right - bins.scores), weights=bins.counts)) if len(bins.counts) else np.nan


def at_least(scores: np.ndarray, right: np.ndarray, levels: int = 2 * BINS) -> Reliability:
    """The precision of the detections that score at least each of the levels 0, 1 / levels, 2 / levels, ..., 1."""
    wanted = np.arange(levels + 1) / levels
    above = np.asarray(scores, dtype=float)[:, None] >= wanted
    counts = above.sum(axis=0)
    full = counts > 0
    hits = (above & np.asarray(right, dtype=bool)[:, None]).sum(axis=0)
    return Reliability(wanted[full], hits[full] / counts[full], counts[full])


def calibrated_by_others(outcomes: Outcomes) -> np.ndarray:
    """Calibrated scores of detections, (D,), in the images of even number by those of odd number, and the other way.

    A calibration fits the images that it was made from: these say how far it holds on others.
    """
    categories = np.unique(outcomes.categories).tolist()
    odd = outcomes.images % 2 == 1
    found = np.zeros(len(odd))
    for half in (odd, ~odd):
        found[half] = calibrate(outcomes.where(~half), categories).of(outcomes.where(half))
    return found
