"""Which scores pictures show, by what evaluations have left."""

import argparse
import json

import numpy as np
import pytest

from ablations.evidence.shown_scores import ScoreRule, ShownScores, read_calibration
from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.calibration import calibration_of, save_calibrations
from mask_rcnn_paper.coco.matches import save_matches
from tests.coco.perturbed import dataset, detections, evaluated

RESULTS = [{"category_id": 3, "score": 0.2}, {"category_id": 3, "score": 0.9}, {"category_id": 8, "score": 0.9}]


def evaluation(folder, *tasks, precision=0.7):
    """The folder of an evaluation on val; for these tasks scores of cars above 0.5 have this precision, others 0.1."""
    place = folder / "inference/val"
    place.mkdir(parents=True)
    maps = {"3": {"bounds": [0.5], "precisions": [0.1, precision]}}
    (place / "calibration.json").write_text(json.dumps({task: {"0.5": maps} for task in tasks}))
    return place


@pytest.fixture
def matched(tmp_path):
    """The folder of an evaluation from before there were calibrations, and what it matched."""
    data = dataset(0)
    by_task = {task: evaluated(PycocotoolsEval, data, detections(data, 0), task).matches() for task in ("bbox", "segm")}
    save_matches(tmp_path / "old/inference/val/matches.npz", by_task)
    return tmp_path / "old/inference/val", by_task


def test_calibrated_scores_stand_in_for_those_of_the_detector(tmp_path):
    """Those of a category that was not evaluated are 0; the results themselves stay as they are."""
    shown = ScoreRule().shown([evaluation(tmp_path, "segm")])
    assert [r["score"] for r in shown.of(RESULTS)] == [0.1, 0.7, 0.0]
    assert [r["score"] for r in RESULTS] == [0.2, 0.9, 0.9]
    assert (shown.threshold, shown.why_raw) == (0.6, "")
    assert shown.rule == "calibrated score of at least 0.6: precision at mask IoU 0.5"


def test_each_model_has_its_own_calibration(tmp_path):
    """In the order of their folders."""
    folders = [evaluation(tmp_path / name, "bbox", precision=p) for name, p in (("a", 0.6), ("b", 0.8))]
    shown = ScoreRule().shown(folders)
    assert [shown.of(RESULTS, model)[1]["score"] for model in (0, 1)] == [0.6, 0.8]


@pytest.mark.parametrize(
    "tasks, name", [(("bbox", "segm"), "mask IoU"), (("bbox", "keypoints"), "OKS"), (["bbox"], "box IoU")]
)
def test_the_first_task_that_all_models_have_says_what_is_right(tmp_path, tasks, name):
    """Masks before keypoints before boxes, or one that is asked for."""
    folders = [evaluation(tmp_path / "a", "segm", "keypoints", "bbox"), evaluation(tmp_path / "b", *tasks)]
    assert ScoreRule().shown(folders).rule.endswith(f"precision at {name} 0.5")
    assert ScoreRule().shown(folders, ["bbox"]).rule.endswith("precision at box IoU 0.5")


def test_raw_scores_are_shown_as_they_are(tmp_path):
    """On request, calibrated or not."""
    shown = ScoreRule(raw=True).shown([evaluation(tmp_path, "segm")])
    assert (shown.of(RESULTS), shown.rule, shown.why_raw) == (RESULTS, "score of at least 0.5", "")
    assert ScoreRule(raw=True).shown([]) == ScoreRule(raw=True).shown([tmp_path]) == ShownScores()


@pytest.mark.parametrize("raw", [False, True])
def test_a_threshold_that_is_asked_for_is_taken(tmp_path, raw):
    """0 too."""
    folder = evaluation(tmp_path, "segm")
    assert [ScoreRule(t, raw).shown([folder]).threshold for t in (0.0, 0.3)] == [0.0, 0.3]


def test_old_evaluations_are_calibrated_by_what_they_matched(matched, tmp_path):
    """With the same maps as stored ones; other IoU thresholds too, which no file stores."""
    folder, by_task = matched
    for iou in (0.5, 0.75):
        found, expected = read_calibration(folder, "segm", iou), calibration_of(by_task["segm"], iou)
        scores = np.linspace(0, 1, 50)
        assert all((found.maps[c](scores) == m(scores)).all() for c, m in expected.maps.items())
    assert read_calibration(folder, "keypoints", 0.5) is None
    by_matches = ScoreRule().shown([folder])
    save_calibrations(folder / "calibration.json", by_task)
    results = [{"category_id": c, "score": s} for c in by_task["segm"].category_ids for s in (0.2, 0.5, 0.9)]
    assert ScoreRule().shown([folder]).of(results) == by_matches.of(results)
    assert ScoreRule(iou=0.75).shown([folder]).rule.endswith("precision at mask IoU 0.75")


def test_an_evaluation_without_any_leaves_all_scores_raw(tmp_path):
    """A comparison of two kinds of scores would be none. Which one, and the cure, is said without its path."""
    folders = [evaluation(tmp_path / "new", "segm"), tmp_path / "old/inference/val"]
    shown = ScoreRule().shown(folders)
    assert (shown.of(RESULTS), shown.rule) == (RESULTS, "score of at least 0.5")
    expected = "the evaluation of old left no calibration by mask IoU or OKS or box IoU; evaluate again"
    assert shown.why_raw == f"scores are raw, not calibrated: {expected}"
    assert ScoreRule(0.3).shown(folders).threshold == 0.3


def test_evaluations_without_a_common_task_leave_scores_raw(tmp_path):
    """As masks beside keypoints, where one of them has no boxes."""
    folders = [evaluation(tmp_path / "a", "segm"), evaluation(tmp_path / "b", "keypoints")]
    assert "the evaluation of a, b left no calibration" in ScoreRule().shown(folders).why_raw


def test_a_threshold_that_no_evaluation_has(matched):
    """The message names those there are."""
    with pytest.raises(ValueError, match="IoU threshold 0.2 of a calibration: choose from 0.5, 0.55"):
        ScoreRule(iou=0.2).shown([matched[0]])


@pytest.mark.parametrize("option", ["--score-threshold", "--calibration-iou"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_values_that_cannot_be_are_named(option, value):
    """As percent."""
    words = {"score_threshold": None, "calibration_iou": 0.5, "raw_scores": False}
    args = argparse.Namespace(**{**words, option.removeprefix("--").replace("-", "_"): value})
    with pytest.raises(ValueError, match=f"{option} {value}: must be from 0 to 1"):
        ScoreRule.from_arguments(args)
    assert ScoreRule.from_arguments(argparse.Namespace(**words)) == ScoreRule()
