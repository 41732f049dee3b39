"""How many detections become annotations."""

import json
from fractions import Fraction

import numpy as np
import pytest

from mask_rcnn_paper.distill.threshold import TeacherError, instances_per_image, matching_threshold

SCORES = [0.9, 0.2, 0.7, 0.7, 0.5, 0.4]


@pytest.mark.parametrize(
    "wanted, threshold",
    [(1, 0.9), (2, 0.9), (2.1, 0.7), (3, 0.7), (4, 0.5), (4.4, 0.5), (4.6, 0.4), (6, 0.2), (100, 0.2), (0.1, 0.9)],
)
def test_the_threshold_by_counting(wanted, threshold):
    """By hand: 1, 3, 4, 5 and 6 detections score at least 0.9, 0.7, 0.5, 0.4 and 0.2; equal scores stay together."""
    assert matching_threshold(np.array(SCORES), wanted) == threshold


def test_a_slow_search_finds_the_same():
    """Of all scores, the one whose number of detections is nearest, the higher of two."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.integers(0, 20, rng.integers(1, 40)) / 20
        wanted = float(rng.uniform(0.5, 50))
        best = min(sorted(set(scores), reverse=True), key=lambda t: abs(sum(s >= t for s in scores) - wanted))
        assert matching_threshold(scores, wanted) == best


def test_a_million_different_scores_match_exactly():
    """Nothing but equal scores keeps the number from being the wanted one."""
    scores = np.random.default_rng(0).permutation(10**6) / 10**6
    assert (scores >= matching_threshold(scores, 123_457)).sum() == 123_457


@pytest.mark.parametrize(
    "scores, message", [([], "detects nothing in any image"), ([0.5, float("nan")], "score is not a number")]
)
def test_a_teacher_that_finds_nothing_is_an_error(scores, message):
    """There is no threshold then; nor with scores that are none."""
    with pytest.raises(TeacherError, match=message):
        matching_threshold(np.array(scores), 3)


def write(path, images, crowds):
    """A COCO file of so many images, and an annotation for each entry, which says whether it is a crowd."""
    annotations = [{} if crowd is None else {"iscrowd": crowd} for crowd in crowds]
    path.write_text(json.dumps({"images": [{}] * images, "annotations": annotations}))
    return path


def test_instances_per_image_by_hand(tmp_path):
    """Crowds are no instances; images without any count; files are taken together."""
    first, second = write(tmp_path / "a", 3, [0, 1, None, 0]), write(tmp_path / "b", 4, [0])
    assert instances_per_image([first]) == 1
    assert instances_per_image([first, second]) == Fraction(4, 7)


def test_labelled_data_without_instances_are_an_error(tmp_path):
    """There is nothing to be matched."""
    with pytest.raises(ValueError, match="have no instances to be matched"):
        instances_per_image([write(tmp_path / "a", 3, [1])])
