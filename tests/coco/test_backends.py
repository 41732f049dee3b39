"""hotcoco computes what pycocotools computes, to the bit: their results may stand in one table."""

import dataclasses
from importlib import metadata

import numpy as np
import pytest

from mask_rcnn_paper.coco import backends
from mask_rcnn_paper.coco.backends import BACKENDS, HotcocoEval, PycocotoolsEval, backend_version, choose_backend
from tests.coco.perturbed import CATEGORIES, TASKS, dataset, detections, evaluated


def both(data, results, task, **params):
    """The evaluations of both backends."""
    return [evaluated(kind, data, results, task, **params) for kind in (HotcocoEval, PycocotoolsEval)]


def assert_equal(ours, reference):
    """All arrays, summaries and matches, to the bit."""
    for name in ("precision", "recall", "scores"):
        np.testing.assert_array_equal(ours.eval[name], reference.eval[name], strict=True)
    np.testing.assert_array_equal(ours.stats, reference.stats, strict=True)
    for field in dataclasses.fields(reference.matches()):
        pair = (getattr(evaluation.matches(), field.name) for evaluation in (ours, reference))
        np.testing.assert_array_equal(*pair, strict=True)


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("task", TASKS)
def test_numbers_are_equal(task, seed, decimals):
    """Boxes, masks and keypoints with sigmas of their own, of all sizes, with crowds, and with many equal scores."""
    data = dataset(seed)
    evaluations = both(data, detections(data, seed, decimals), task)
    assert 0 < evaluations[0].stats[0] < 1
    assert_equal(*evaluations)


@pytest.mark.parametrize("task", TASKS)
def test_numbers_are_equal_where_something_is_missing(task):
    """No objects, useless detections, a single one: what pycocotools calls -1 or 0 stays so."""
    data = dataset(0)
    results = detections(data, 0)
    without_objects = {**data, "annotations": []}
    useless = [{**r, "category_id": CATEGORIES[0]} for r in results]
    for given, found, ap in ((without_objects, results, -1), (data, useless, 0), (data, results[:1], 0)):
        evaluations = both(given, found, task)
        assert_equal(*evaluations)
        assert evaluations[0].stats[0] == pytest.approx(ap, abs=0.1)


def test_a_size_without_objects_has_no_ap():
    """It is -1, of which detectron2 makes NaN; other sizes have theirs."""
    data = dataset(1)
    data["annotations"] = [a for a in data["annotations"] if a["area"] > 32**2]
    evaluations = both(data, detections(data, 1), "bbox")
    assert_equal(*evaluations)
    assert evaluations[0].stats[3] == -1
    assert evaluations[0].stats[4] > 0


def test_numbers_are_equal_with_other_parameters():
    """Some of the images, in any order, and fewer detections an image."""
    data = dataset(1)
    results = detections(data, 1)
    assert_equal(*both(data, results, "bbox", imgIds=[28, 13, 16, 13]))
    assert_equal(*both(data, results, "segm", maxDets=[1, 2, 3]))


@pytest.mark.parametrize("first_id", [0, -3])
def test_numbers_are_equal_with_ids_that_pycocotools_gets_wrong(first_id):
    """It takes a detection that found annotation 0 for one that found none; hotcoco does not, and refuses ids below."""
    data = dataset(2, first_id=first_id)
    for task in TASKS:
        assert_equal(*both(data, detections(data, 2), task))


def test_hotcoco_does_the_work(monkeypatch):
    """Not the class that it stands for."""
    for step in ("evaluate", "accumulate"):
        monkeypatch.delattr(PycocotoolsEval.__base__, step)
    data = dataset(3)
    assert evaluated(HotcocoEval, data, detections(data, 3), "bbox").stats[0] > 0


def test_matches_are_read_in_parts(monkeypatch):
    """A few images at a time, which changes nothing."""
    data = dataset(4)
    evaluations = both(data, detections(data, 4), "segm")
    monkeypatch.setattr(backends, "_IMAGES", 5)
    assert_equal(*evaluations)


def test_hotcoco_is_chosen_where_it_is_installed(monkeypatch):
    """Else pycocotools; the result says which, with its version."""
    assert choose_backend("auto") == "hotcoco"
    assert [choose_backend(name) for name in BACKENDS] == ["hotcoco", "pycocotools"]
    assert backend_version("hotcoco") == f"hotcoco {metadata.version('hotcoco')}"
    monkeypatch.setattr(backends, "find_spec", lambda name: None if name == "hotcoco" else name)
    assert choose_backend("auto") == "pycocotools"
    with pytest.raises(ValueError, match="TEST.COCO_BACKEND 'hotcoco' is not installed: pip install hotcoco, or"):
        choose_backend("hotcoco")


def test_an_unknown_backend():
    """The message names the key and the choices."""
    with pytest.raises(ValueError, match="TEST.COCO_BACKEND 'faster': choose from auto, hotcoco, pycocotools"):
        choose_backend("faster")
