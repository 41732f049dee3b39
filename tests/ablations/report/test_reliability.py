"""Reliability plots of rows whose matches are kept."""

import numpy as np
import pytest

from ablations.evidence.shown_scores import ScoreRule
from ablations.report.reliability import reliability_plots
from mask_rcnn_paper.coco.matches import Matches, save_matches
from tests.ablations.report.tiny import words

RULE = ScoreRule()


def matches(chance, images=200, each=5, seed=0):
    """Of one category: scores from 0 to 1, and right with a chance that follows from the score; at 0.75 never."""
    rng = np.random.default_rng(seed)
    scores = rng.random((images, each)).round(3)
    scores = -np.sort(-scores, axis=1).ravel()
    right = rng.random(images * each) < chance(scores)
    shape = (1, 1, images * each)
    return Matches(
        image_ids=np.arange(images),
        category_ids=np.array([3]),
        areas=np.array(["all"]),
        thresholds=np.array([0.5, 0.75]),
        counts=np.full((1, images), each, dtype=np.uint16),
        scores=scores,
        matched=np.stack([right, np.zeros_like(right)]).reshape(1, 2, -1),
        ignored=np.zeros((1, 2, *shape[2:]), dtype=bool),
        objects=np.full((1, 1, images), each, dtype=np.uint16),
    )


@pytest.fixture
def files(tmp_path):
    """One row that means what it says, and one that is far too sure."""
    rows = {"sound": lambda score: score, "too sure": lambda score: score**4}
    for name, chance in rows.items():
        save_matches(tmp_path / f"{name}.npz", {"bbox": matches(chance), "segm": matches(chance)})
    return {(name, 0): tmp_path / f"{name}.npz" for name in rows}


def test_there_are_three_figures_of_all_rows(files):
    """A row is named once in each; the words say where the curves are."""
    plots = reliability_plots(files, RULE)
    titles = ["raw scores in bins", "precision by raw score", "precision by calibrated score"]
    assert [plot.title for plot in plots] == titles
    for plot in plots:
        assert words(plot.svg).count("sound") == words(plot.svg).count("too sure") == 1
        assert "right at mask IoU 0.5" in words(plot.svg)
        assert plot.text.startswith(f"{plot.title}: share that is right at mask IoU 0.5, seed 0.")


def test_words_say_how_far_raw_scores_are_off_and_that_calibrated_ones_are_not(files):
    """Of what a row that is sound scores 0.6 or more, four fifths are right; calibrated, 0.6 of each row's."""
    bins, raw, calibrated = (plot.text for plot in reliability_plots(files, RULE))
    numbers = [[int(n) for n in _percentages(text)] for text in (bins, raw, calibrated)]
    assert numbers[0][0] < 6 < 20 < numbers[0][1]
    assert numbers[1] == pytest.approx([80, 46], abs=4)
    assert numbers[2] == pytest.approx([60, 60], abs=5)


def _percentages(text):
    return [part.split()[-1] for part in text.split(" %")[:-1]]


def test_what_is_right_is_a_parameter(files):
    """At 0.75 nothing was; then nothing is calibrated to 0.6."""
    _, raw, calibrated = (plot.text for plot in reliability_plots(files, ScoreRule(iou=0.75)))
    assert raw.endswith("right at mask IoU 0.75, seed 0. Of what scores at least 0.6: sound 0 %; too sure 0 %")
    assert calibrated.endswith("sound none; too sure none")
    with pytest.raises(ValueError, match="IoU threshold 0.6 of a calibration: choose from 0.5, 0.75"):
        reliability_plots(files, ScoreRule(iou=0.6))


def test_the_seed_with_most_rows_is_drawn(files):
    """Of equals the first, as of predictions."""
    one, two = files.values()
    assert "seed 3" in reliability_plots({("a", 1): one, ("a", 3): one, ("b", 3): two}, RULE)[0].text
    assert "seed 1" in reliability_plots({("a", 3): one, ("a", 1): one}, RULE)[0].text


def test_rows_of_another_task_are_left_out(files, tmp_path):
    """Masks are compared with masks; a row that detected nothing has no curve."""
    kept = {"bbox": matches(lambda score: score)}
    save_matches(tmp_path / "boxes.npz", kept)
    save_matches(tmp_path / "nothing.npz", {"segm": matches(lambda score: score, images=3, each=0)})
    more = {("boxes", 0): tmp_path / "boxes.npz", ("nothing", 0): tmp_path / "nothing.npz"}
    for plot in reliability_plots(files | more, RULE):
        assert "boxes" not in plot.text
        assert "nothing" not in plot.text
    (first, *_) = reliability_plots({("boxes", 0): tmp_path / "boxes.npz"}, RULE)
    assert "right at box IoU 0.5" in first.text


def test_nothing_matched_no_figures(tmp_path):
    """As of results that did not keep it."""
    assert reliability_plots({}, RULE) == []
    save_matches(tmp_path / "nothing.npz", {"segm": matches(lambda score: score, images=3, each=0)})
    assert reliability_plots({("a", 0): tmp_path / "nothing.npz"}, RULE) == []


def test_the_same_matches_give_the_same_bytes(files):
    """Twice the same call."""
    assert reliability_plots(files, RULE) == reliability_plots(files, RULE)
