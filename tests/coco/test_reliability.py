"""Reliability by hand, of a detector that means what it says, and of calibrated scores on other images."""

import numpy as np
import pytest

from mask_rcnn_paper.coco.calibration import Outcomes, precision_by_score, score_map
from mask_rcnn_paper.coco.reliability import at_least, by_bin, calibrated_by_others, expected_calibration_error


def test_bins_by_hand():
    """Scores 0.1 and 0.3 in the first half, 0.5, 0.9 and 1 in the second; empty bins are left out."""
    scores, right = np.array([0.3, 0.5, 1.0, 0.1, 0.9]), np.array([1, 0, 1, 0, 1], dtype=bool)
    found = by_bin(scores, right, bins=2)
    np.testing.assert_allclose(found.scores, [0.2, 0.8])
    np.testing.assert_allclose(found.right, [1 / 2, 2 / 3])
    assert found.counts.tolist() == [2, 3]
    assert expected_calibration_error(found) == pytest.approx((2 * 0.3 + 3 * (0.8 - 2 / 3)) / 5)
    assert by_bin(scores, right, bins=10).counts.tolist() == [1, 1, 1, 2]


def test_levels_by_hand():
    """Of 4 detections 2 are right, of the best 2 both; above the best there is none."""
    found = at_least(np.array([0.2, 0.4, 0.5, 0.74]), np.array([0, 0, 1, 1], dtype=bool), levels=4)
    np.testing.assert_allclose(found.scores, [0, 0.25, 0.5])
    np.testing.assert_allclose(found.right, [1 / 2, 2 / 3, 1])
    assert found.counts.tolist() == [4, 3, 2]


def test_without_detections_there_is_nothing():
    """Not a warning either."""
    nothing = np.zeros(0), np.zeros(0, dtype=bool)
    assert len(by_bin(*nothing).counts) == len(at_least(*nothing).counts) == 0
    assert np.isnan(expected_calibration_error(by_bin(*nothing)))


def test_scores_that_are_probabilities_lie_on_the_diagonal():
    """As far as chance lets them; a detector that is too sure does not."""
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    right = rng.random(20_000) < scores
    assert expected_calibration_error(by_bin(scores, right)) < 0.01
    assert expected_calibration_error(by_bin(np.sqrt(scores), right)) > 0.1


def test_calibrated_scores_are_at_most_the_precision_from_them_on():
    """On the detections that the calibration was made from, at every level, since the map is at most that precision."""
    rng = np.random.default_rng(1)
    scores = rng.random(500).round(2)
    right = rng.random(500) < scores**2
    calibrated = score_map(*precision_by_score(scores, right))(scores)
    found = at_least(calibrated, right)
    assert (found.right >= found.scores - 1e-12).all()


def outcomes(images=400, each=10, seed=0):
    """Two categories: scores of one are its chance to be right, those of the other are far too high."""
    rng = np.random.default_rng(seed)
    chance, categories = rng.random(images * each), rng.integers(1, 3, images * each)
    scores = np.where(categories == 1, chance, chance**0.2)
    return Outcomes(categories, np.repeat(np.arange(images), each), scores, rng.random(images * each) < chance)


def test_a_calibration_holds_on_other_images():
    """Of each category, though one is far too sure: what is calibrated to 0.6 or more is right so often."""
    found = outcomes()
    calibrated = calibrated_by_others(found)
    for category in (1, 2):
        own = found.categories == category
        kept = at_least(calibrated[own], found.right[own])
        usual = kept.scores >= 0.6
        np.testing.assert_allclose(kept.right[usual], kept.scores[usual], atol=0.06)
    raw = at_least(found.scores[found.categories == 2], found.right[found.categories == 2])
    assert raw.right[raw.scores == 0.6] < 0.57


def test_a_detection_does_not_calibrate_itself():
    """Its own image, and those with it in a half, do not matter; the other half does."""
    found = outcomes(images=20)
    odd = found.images % 2 == 1
    before = calibrated_by_others(found)
    turned = Outcomes(found.categories, found.images, found.scores, found.right ^ odd)
    after = calibrated_by_others(turned)
    np.testing.assert_array_equal(after[odd], before[odd])
    assert (after[~odd] != before[~odd]).any()


def test_a_category_that_only_one_half_has():
    """Is known to nobody in the other."""
    found = Outcomes(np.array([1, 1, 2]), np.array([0, 1, 0]), np.array([0.9, 0.8, 0.7]), np.array([True] * 3))
    assert calibrated_by_others(found).tolist() == [1, 1, 0]
