"""AP of weighted images, from what was matched, against pycocotools on images that are really there several times."""

import dataclasses
import re

import numpy as np
import pytest

from mask_rcnn_paper.coco import matches as module
from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.bootstrap import bootstrap_weights
from mask_rcnn_paper.coco.matches import load_matches, save_matches
from tests.coco.perturbed import TASKS, dataset, detections, evaluated

METRICS = {
    "bbox": ("AP", "AP50", "AP75", "APs", "APm", "APl"),
    "segm": ("AP", "AP50", "AP75", "APs", "APm", "APl"),
    "keypoints": ("AP", "AP50", "AP75", "APm", "APl"),
}


def percent(data, results, task):
    """pycocotools' summaries by metric, NaN for none."""
    stats = evaluated(PycocotoolsEval, data, results, task).stats
    return {name: 100 * value if value >= 0 else np.nan for name, value in zip(METRICS[task], stats, strict=False)}


def matches_of(data, results, task):
    return evaluated(PycocotoolsEval, data, results, task).matches()


def repeated(data, results, weights):
    """A dataset with weights[i] copies of its i-th image, each after the other, and the results of it."""
    images, annotations, found = [], [], []
    for image, weight in zip(data["images"], weights, strict=True):
        for _ in range(weight):
            key = {"image_id": len(images) + 1}
            images.append({**image, "id": key["image_id"]})
            own = (a for a in data["annotations"] if a["image_id"] == image["id"])
            annotations += [{**a, **key, "id": len(annotations) + n} for n, a in enumerate(own, 1)]
            found += [{**r, **key} for r in results if r["image_id"] == image["id"]]
    return {**data, "images": images, "annotations": annotations}, found


def evaluated_set(seed, task, decimals):
    """A dataset, detections in it whose scores have so many decimals, and what was matched."""
    data = dataset(seed)
    results = detections(data, seed, decimals)
    return data, results, matches_of(data, results, task)


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("task", TASKS)
def test_each_image_once(task, decimals):
    """The AP is the one that was evaluated."""
    data, results, matches = evaluated_set(0, task, decimals)
    once = np.ones((1, len(data["images"])), dtype=int)
    found = {name: matches.average_precision(name, once)[0] for name in METRICS[task]}
    assert found == pytest.approx(percent(data, results, task), rel=0, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("task", TASKS)
def test_some_images_several_times(task, decimals):
    """The AP is that of a dataset in which they really are; equal scores, in an image and of several, included."""
    data, results, matches = evaluated_set(1, task, decimals)
    weights = bootstrap_weights(len(data["images"]), 4, seed=0)
    found = {name: matches.average_precision(name, weights) for name in METRICS[task]}
    for number, line in enumerate(weights):
        expected = percent(*repeated(data, results, line), task)
        assert {n: v[number] for n, v in found.items()} == pytest.approx(expected, rel=0, abs=1e-12, nan_ok=True)


def test_equal_scores_in_an_image_alternate():
    """Of two equal detections, the first wrong: twice wrong, right; in place of twice wrong, then twice right."""
    box, far = [10.0, 10.0, 50.0, 50.0], [100.0, 100.0, 50.0, 50.0]
    data = dataset(0, images=1)
    image = data["images"][0]["id"]
    data["annotations"] = [{**dataset(0)["annotations"][0], "image_id": image, "category_id": 2, "bbox": box}]
    data["annotations"][0] |= {"area": 2500.0, "iscrowd": 0}
    results = [{"image_id": image, "category_id": 2, "bbox": b, "score": 0.5} for b in (far, box)]
    twice = matches_of(data, results, "bbox").average_precision("AP", np.array([[2]]))
    assert twice == pytest.approx(percent(*repeated(data, results, [2]), "bbox")["AP"], rel=0, abs=1e-12)
    assert twice == pytest.approx(50)


def test_a_weighting_without_objects_has_no_ap():
    """Of categories the mean is over those with objects; without any it is NaN."""
    data = dataset(2)
    matches = matches_of(data, detections(data, 2), "bbox")
    weights = np.stack([np.zeros(12, dtype=int), np.arange(12) == 5, np.ones(12, dtype=int)]).astype(int)
    weights[1] = matches.objects.sum(axis=(0, 1)) == 0
    found = matches.average_precision("AP", weights)
    assert np.isnan(found).tolist() == [True, True, False]
    assert matches.average_precision("AP", weights[:0]).shape == (0,)


def test_weightings_are_taken_in_blocks(monkeypatch):
    """Which bound the memory and change nothing."""
    data = dataset(3)
    matches = matches_of(data, detections(data, 3, decimals=1), "segm")
    weights = bootstrap_weights(12, 10, seed=1)
    at_once = matches.average_precision("AP", weights)
    monkeypatch.setattr(module, "_BLOCK", 1)
    np.testing.assert_array_equal(matches.average_precision("AP", weights), at_once)


@pytest.mark.parametrize(
    "task, metric, legal", [("bbox", "AP60", "AP, APs, APm, APl, AP50, AP75"), ("keypoints", "APs", "AP, APm, APl")]
)
def test_a_metric_that_there_is_not(task, metric, legal):
    """The message names those there are."""
    data = dataset(0)
    with pytest.raises(ValueError, match=f"metric '{metric}': choose from {legal}"):
        matches_of(data, detections(data, 0), task).average_precision(metric, np.ones((1, 12), dtype=int))


@pytest.mark.parametrize("weights", [np.ones(12, int), np.ones((1, 11), int), np.ones((1, 12)), -np.ones((1, 12), int)])
def test_weights_that_cannot_be(weights):
    """One line for each weighting, one whole number for each image."""
    data = dataset(0)
    message = f"weights are {weights.dtype} of shape {weights.shape}: give (weightings, 12 images) whole numbers"
    with pytest.raises(ValueError, match=re.escape(message)):
        matches_of(data, detections(data, 0), "bbox").average_precision("AP", weights)


def test_what_is_counted():
    """Detections by image and category, objects that are no crowd, ids in order."""
    data = dataset(0)
    results = detections(data, 0)
    matches = matches_of(data, results, "bbox")
    images, categories = matches.image_ids.tolist(), matches.category_ids.tolist()
    assert (images, categories) == (sorted(i["id"] for i in data["images"]), [2, 3, 5, 9])
    for k, category in enumerate(categories):
        for i, image in enumerate(images):
            key = {"image_id": image, "category_id": category}.items()
            assert matches.counts[k, i] == sum(key <= r.items() for r in results)
            objects = [a["area"] for a in data["annotations"] if not a["iscrowd"] and key <= a.items()]
            assert matches.objects[0, k, i] == len(objects)
            assert matches.objects[1, k, i] == sum(area <= 32**2 for area in objects)
    assert sorted(matches.scores.tolist()) == sorted(r["score"] for r in results)


def test_scores_are_exact():
    """float32 where it holds them, as a model's do; else float64."""
    data = dataset(0)
    results = detections(data, 0)
    assert matches_of(data, results, "bbox").scores.dtype == np.float32
    results[0]["score"] = 0.1
    assert matches_of(data, results, "bbox").scores.dtype == np.float64


@pytest.mark.parametrize("found", [detections, lambda data, seed: detections(data, seed)[:1]])
def test_a_file_gives_back_what_was_saved(found, tmp_path):
    """All tasks, their arrays to the bit; the same matches are the same bytes."""
    data = dataset(5)
    by_task = {task: matches_of(data, found(data, 5), task) for task in TASKS}
    save_matches(tmp_path / "a" / "matches.npz", by_task)
    loaded = load_matches(tmp_path / "a" / "matches.npz")
    assert list(loaded) == list(TASKS)
    for task in TASKS:
        for field in dataclasses.fields(by_task[task]):
            pair = (getattr(by[task], field.name) for by in (loaded, by_task))
            np.testing.assert_array_equal(*pair, strict=True)
    save_matches(tmp_path / "b.npz", loaded)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "a" / "matches.npz").read_bytes()


def test_a_file_is_small(tmp_path):
    """A detection of boxes and masks takes some ten bytes: ten detections an image, 500 images, some 50 kB."""
    data = dataset(6, images=100)
    results = detections(data, 6)
    save_matches(tmp_path / "m.npz", {task: matches_of(data, results, task) for task in ("bbox", "segm")})
    assert (tmp_path / "m.npz").stat().st_size < 15 * len(results) + 4000
