"""Score to precision: known curves, what it must leave as it is, and its file."""

import json

import numpy as np
import pytest

from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.calibration import (
    IOU,
    Calibration,
    Outcomes,
    calibrate,
    calibration_of,
    load_calibrations,
    precision_by_score,
    save_calibrations,
    score_map,
)
from mask_rcnn_paper.coco.matches import load_matches, save_matches
from tests.coco.perturbed import CATEGORIES, TASKS, dataset, detections, evaluated


def learnt(scores, right):
    """The map of a category with these detections."""
    return score_map(*precision_by_score(np.array(scores, dtype=float), np.array(right, dtype=bool)))


def drawn(seed, count=60, decimals=2):
    """Scores, some of them equal, and what is right, more often at high scores."""
    rng = np.random.default_rng(seed)
    scores = rng.random(count).round(decimals)
    return scores, rng.random(count) < scores


def matches_of(data, results, task="bbox"):
    return evaluated(PycocotoolsEval, data, results, task).matches()


def test_a_known_curve():
    """Right, wrong, right, wrong from the best on: precision 1, 1/2, 2/3, 1/2, envelope 1, 2/3, 2/3, 1/2."""
    scores, precisions = precision_by_score(np.array([0.4, 0.9, 0.2, 0.6]), np.array([True, True, False, False]))
    np.testing.assert_array_equal(scores, [0.2, 0.4, 0.6, 0.9])
    np.testing.assert_allclose(precisions, [1 / 2, 2 / 3, 1 / 2, 1])
    known = score_map(scores, precisions)
    np.testing.assert_array_equal(known.bounds, [0.2, 0.6])
    np.testing.assert_allclose(known.precisions, [1 / 2, 2 / 3, 1])
    np.testing.assert_allclose(known([0.9, 0.6, 0.4, 0.2]), [1, 2 / 3, 2 / 3, 1 / 2])


def test_between_and_beyond_the_scores_that_were_seen():
    """A threshold between two finds what the higher one finds; beyond the ends the nearest score counts."""
    known = learnt([0.8, 0.5, 0.3], [True, False, False])
    np.testing.assert_allclose(known([1.0, 0.81, 0.51, 0.5, 0.31, 0.1, 0.0]), [1, 1, 1, 1 / 2, 1 / 2, 1 / 3, 1 / 3])


def test_a_wrong_best_detection_takes_the_envelope():
    """Its own precision is 0, but with the next ones it is 2/3; no score says less than a lower one."""
    np.testing.assert_allclose(learnt([0.9, 0.8, 0.7], [False, True, True])([0.7, 0.8, 0.9]), [2 / 3] * 3)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_slow_loop(seed):
    """The best precision of the thresholds that are no higher, for scores seen and between."""
    scores, right = drawn(seed)
    known = learnt(scores, right)
    for score in (*scores, *(scores - 0.005), 0.0, 1.0):
        thresholds = [t for t in scores if t <= min(max(score, scores.min()), scores.max())]
        # A threshold at the score itself finds what the next higher score finds.
        next_one = min((t for t in scores if t >= score), default=scores.max())
        precisions = [right[scores >= t].mean() for t in (*thresholds, next_one)]
        assert known(score) == pytest.approx(max(precisions), abs=1e-12)


def test_it_never_falls():
    """A higher score is never worth less, and a precision lies in [0, 1]."""
    for seed in range(20):
        found = learnt(*drawn(seed))(np.linspace(-0.1, 1.1, 500))
        assert (np.diff(found) >= 0).all()
        assert 0 <= found[0] <= found[-1] <= 1


def test_a_calibrated_detector_is_left_as_it_is():
    """Whose score is already the precision of what scores at least that: here 2 of 2, 6 of 8, 8 of 16, 10 of 40."""
    groups = {1.0: (2, 0), 0.75: (4, 2), 0.5: (2, 6), 0.25: (2, 22)}
    scores = np.concatenate([np.full(sum(count), score) for score, count in groups.items()])
    right = np.concatenate([np.repeat([True, False], count) for count in groups.values()])
    np.testing.assert_array_equal(learnt(scores, right)(scores), scores)


def test_calibrating_twice_changes_nothing():
    """Calibrated scores are their own precision."""
    scores, right = drawn(3)
    once = learnt(scores, right)(scores)
    np.testing.assert_allclose(learnt(once, right)(once), once, rtol=0, atol=1e-12)


def test_only_the_order_of_scores_matters():
    """Two detectors that rank alike are calibrated alike, however sure they are: the comparison is fair."""
    scores, right = drawn(4)
    unsure = scores**3 / 2
    np.testing.assert_array_equal(learnt(scores, right)(scores), learnt(unsure, right)(unsure))
    shuffled = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_array_equal(learnt(scores[shuffled], right[shuffled])(scores), learnt(scores, right)(scores))


def test_equal_scores_are_one_threshold():
    """In whichever order they come."""
    for right in ([True, False], [False, True]):
        assert learnt([0.5, 0.5], right)(0.5) == 0.5


def test_without_detections_nothing_is_known_to_be_right():
    """Nor where none was right."""
    assert learnt([], [])([0.0, 0.5, 1.0]).tolist() == [0, 0, 0]
    assert learnt([0.3, 0.9], [False, False])([0.0, 1.0]).tolist() == [0, 0]
    assert learnt([0.3, 0.9], [True, True])([0.0, 1.0]).tolist() == [1, 1]


@pytest.mark.parametrize(
    "scores, precisions, message",
    [
        ([0.1, 0.2], [1.0], "give two equal lists"),
        ([0.2, 0.1], [0.5, 1.0], "must ascend"),
        ([0.1, 0.1], [0, 1], "once"),
    ],
)
def test_what_is_no_curve(scores, precisions, message):
    """Said before it becomes a wrong map."""
    with pytest.raises(ValueError, match=message):
        score_map(scores, precisions)


def test_whole_percent_keep_every_threshold_of_whole_percent():
    """Of each detection; with no more than 101 steps."""
    scores, right = drawn(5, count=5000, decimals=6)
    exact = learnt(scores, right)
    stored = exact.in_percent()
    assert len(stored.precisions) <= 101 < len(exact.precisions)
    for percent in range(101):
        np.testing.assert_array_equal(stored(scores) >= percent / 100, exact(scores) >= percent / 100)


def test_outcomes_are_what_was_matched():
    """Counts of pycocotools' own entries, without what is ignored; the threshold is the one asked for."""
    data = dataset(0)
    results = detections(data, 0)
    evaluation = evaluated(PycocotoolsEval, data, results, "bbox")
    for index, iou in ((0, 0.5), (5, 0.75)):
        found, expected = Outcomes.of(evaluation.matches(), iou), []
        numbers = {key: n for n, key in enumerate(evaluation.params.imgIds)}
        for entry in evaluation.evalImgs:
            if entry and entry["aRng"] == evaluation.params.areaRng[0]:
                lines = zip(entry["dtScores"], entry["dtMatches"][index], entry["dtIgnore"][index], strict=True)
                where = entry["category_id"], numbers[entry["image_id"]]
                expected += [(*where, score, match > 0) for score, match, ignored in lines if not ignored]
        lines = zip(found.categories, found.images, found.scores, found.right, strict=True)
        assert sorted(lines) == sorted(expected)


def test_a_threshold_that_the_evaluation_has_not():
    """The message names those it has."""
    data = dataset(0)
    with pytest.raises(ValueError, match="IoU threshold 0.3 of a calibration: choose from 0.5, 0.55, 0.6"):
        calibration_of(matches_of(data, detections(data, 0)), 0.3)


def test_a_stricter_threshold_never_calibrates_higher_at_the_lowest_score():
    """There all detections count, and fewer of them are right."""
    data = dataset(2)
    matches = matches_of(data, detections(data, 2))
    loose, strict = (calibration_of(matches, iou) for iou in (0.5, 0.9))
    assert all(strict(category, 0.0) <= loose(category, 0.0) for category in CATEGORIES)


def calibrated_results(results, calibration, ranked):
    """With calibrated scores, or with places from 0 on in their order, equal ones in that of the raw scores."""
    keys = [(calibration(r["category_id"], r["score"]), r["score"]) for r in results]
    places = {key: float(place) for place, key in enumerate(sorted(set(keys)))}
    return [{**r, "score": places[key] if ranked else key[0]} for r, key in zip(results, keys, strict=True)]


@pytest.mark.parametrize("task", TASKS)
def test_ap_is_unchanged(task):
    """At all thresholds and sizes, where equal calibrated scores keep the order of their scores; stored maps too."""
    data = dataset(1, images=20)
    results = detections(data, 1)
    matches = matches_of(data, results, task)
    before = evaluated(PycocotoolsEval, data, results, task).stats
    for calibration in (calibrate(Outcomes.of(matches, 0.5), CATEGORIES), calibration_of(matches)):
        after = evaluated(PycocotoolsEval, data, calibrated_results(results, calibration, ranked=True), task).stats
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)


def test_equal_calibrated_scores_can_only_gain_at_their_own_threshold():
    """Any order within a step of the envelope ends in its precision: AP50 does not fall."""
    for seed in range(5):
        data = dataset(seed, images=20)
        results = detections(data, seed)
        calibration = calibrate(Outcomes.of(matches_of(data, results), 0.5), CATEGORIES)
        merged = calibrated_results(results, calibration, ranked=False)
        before, after = (evaluated(PycocotoolsEval, data, r, "bbox").stats[1] for r in (results, merged))
        assert after >= before - 1e-12


def test_each_category_has_its_own_map():
    """In those without objects or without detections nothing is known to be right, as in one of elsewhere."""
    data = dataset(0)
    results = detections(data, 0)
    calibration = calibration_of(matches_of(data, results))
    assert sorted(calibration.maps) == sorted(CATEGORIES)
    without_objects, *_, without_detections = CATEGORIES
    assert any(r["category_id"] == without_objects for r in results)
    assert not any(r["category_id"] == without_detections for r in results)
    for category in (without_objects, without_detections, 77):
        assert calibration(category, 1.0) == 0
    assert calibration(CATEGORIES[1], 1.0) > 0


def test_a_file_gives_back_the_calibrations(tmp_path):
    """Of every task at the stored threshold, to the bit; equal ones are equal bytes."""
    data = dataset(0)
    by_task = {task: matches_of(data, detections(data, 0), task) for task in TASKS}
    for name in ("a.json", "b.json"):
        save_calibrations(tmp_path / name, by_task)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    found = load_calibrations(tmp_path / "a.json")
    assert set(found) == {(task, IOU) for task in TASKS}
    for (task, iou), calibration in found.items():
        expected = calibration_of(by_task[task], iou)
        for category in CATEGORIES:
            np.testing.assert_array_equal(calibration.maps[category].bounds, expected.maps[category].bounds)
            np.testing.assert_array_equal(calibration.maps[category].precisions, expected.maps[category].precisions)


def test_stored_matches_give_the_same_calibration(tmp_path):
    """So results from before there were calibrations have one."""
    data = dataset(0)
    matches = matches_of(data, detections(data, 0))
    save_matches(tmp_path / "m.npz", {"bbox": matches})
    again = calibration_of(load_matches(tmp_path / "m.npz")["bbox"])
    assert all((again.maps[c].bounds == m.bounds).all() for c, m in calibration_of(matches).maps.items())


def test_no_file_no_calibrations(tmp_path):
    """As of an RPN."""
    assert load_calibrations(tmp_path / "calibration.json") == {}


STEPS = {"bounds": [0.5], "precisions": [0.25, 1.0]}


@pytest.mark.parametrize(
    "steps",
    [
        {"bounds": [0.5, 0.4], "precisions": [0.1, 0.2, 0.3]},
        {"bounds": [0.5], "precisions": [1.0, 0.25]},
        {"bounds": [0.5], "precisions": [0.25]},
        {"bounds": [], "precisions": []},
        {"bounds": [], "precisions": [1.5]},
        {"bounds": [], "precisions": [float("nan")]},
        {"bounds": [], "precisions": ["1"]},
        {"bounds": []},
        [],
    ],
)
def test_a_damaged_file_is_named(tmp_path, steps):
    """Not taken for a calibration that says something else."""
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"bbox": {"0.5": {"3": STEPS}}}))
    (sound,) = load_calibrations(path).values()
    assert isinstance(sound, Calibration)
    assert [sound(3, score) for score in (0.5, 0.51)] == [0.25, 1.0]
    path.write_text(json.dumps({"bbox": {"0.5": {"3": steps}}}))
    with pytest.raises(ValueError, match="calibration.json is no calibration of scores: remove it"):
        load_calibrations(path)


@pytest.mark.parametrize("text", ["", "[]", '{"bbox": 3}', '{"bbox": {"x": {}}}', '{"bbox": {"0.5": {"car": {}}}}'])
def test_a_file_of_something_else_is_named(tmp_path, text):
    """As one that was cut off."""
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no calibration of scores"):
        load_calibrations(path)
