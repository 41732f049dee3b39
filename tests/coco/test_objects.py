"""Numbers of objects by size, against what pycocotools evaluates."""

import numpy as np
from pycocotools.cocoeval import COCOeval, Params

from mask_rcnn_paper.coco.objects import AREAS, SIZES, count_objects


def thing(area, **fields):
    """An annotation of the one category of the one image."""
    return {"image_id": 1, "category_id": 1, "area": area, "bbox": [0, 0, 1, 1], **fields}


def test_sizes_by_hand():
    """Areas on a border are of both sizes, crowds of none; without a labelled keypoint there is nothing to find."""
    annotations = [
        thing(10.0, num_keypoints=3),
        thing(32.0**2),
        thing(2000.0, num_keypoints=0),
        thing(5000.0, num_keypoints=1),
        thing(96.0**2 + 1, iscrowd=0),
        thing(20000.0, iscrowd=1, num_keypoints=9),
    ]
    boxes = {"APs": 2, "APm": 3, "APl": 1}
    assert count_objects(annotations) == {"bbox": boxes, "segm": boxes, "keypoints": {"APm": 1, "APl": 0}}


def test_nothing_has_none():
    """Each size is there, with 0."""
    assert count_objects([])["bbox"] == {"APs": 0, "APm": 0, "APl": 0}


def test_areas_are_those_of_pycocotools():
    """For each kind of evaluation, "all" left out."""
    for task, sizes in SIZES.items():
        params = Params(iouType=task)
        theirs = dict(zip(params.areaRngLbl, params.areaRng, strict=True))
        ours = {{"APs": "small", "APm": "medium", "APl": "large"}[size]: AREAS[size] for size in sizes}
        assert {name: min(high, 1e10) for name, (_, high) in ours.items()} == {name: theirs[name][1] for name in ours}
        assert {name: low for name, (low, _) in ours.items()} == {name: theirs[name][0] for name in ours}
        assert set(theirs) == {"all", *ours}


def test_counts_are_what_the_evaluation_does_not_ignore():
    """Of 200 random annotations, size by size."""
    rng = np.random.default_rng(0)
    annotations = [
        thing(float(area), id=n, iscrowd=int(rng.random() < 0.1), num_keypoints=int(rng.integers(0, 3)))
        for n, area in enumerate(rng.choice([500, 1024, 4000, 9216, 20000], 200), 1)
    ]
    for task, sizes in count_objects(annotations).items():
        evaluation = COCOeval(iouType=task)
        evaluation.params.imgIds, evaluation.params.catIds = [1], [1]
        for size, count in sizes.items():
            low, high = AREAS[size]
            for truth in annotations:
                truth["ignore"] = bool(truth["iscrowd"] or (task == "keypoints" and truth["num_keypoints"] == 0))
            evaluation._gts, evaluation._dts, evaluation.ious = {(1, 1): annotations}, {(1, 1): []}, {(1, 1): []}
            found = evaluation.evaluateImg(1, 1, [low, min(high, 1e10)], 100)
            assert int((found["gtIgnore"] == 0).sum()) == count
