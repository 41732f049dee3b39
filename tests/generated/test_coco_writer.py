"""Generated datasets on disk."""

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mask_rcnn_paper.generated import parallel
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.coco_writer import (
    IMAGES,
    INSTANCES,
    PERSON_KEYPOINTS,
    DatasetSpec,
    ensure_dataset,
    scene_annotations,
)
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, SceneSpec, draw_scene

SPEC = DatasetSpec("toy", images=10, seed=3, scene=SceneSpec(crowd=0.5))


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(SceneSpec(crowd=0.4), 5, index) for index in range(12)]


def _detections(ground_truth: COCO) -> list[dict]:
    return [
        {**{k: a[k] for k in ("image_id", "category_id", "bbox", "keypoints") if k in a},
         "segmentation": ground_truth.annToRLE(a), "score": 1.0}
        for a in ground_truth.dataset["annotations"] if not a["iscrowd"]
    ]  # fmt: skip


def _average_precision(ground_truth: COCO, detections: list[dict], task: str) -> float:
    results = [{k: v for k, v in d.items() if k != "segmentation" or task == "segm"} for d in detections]
    evaluation = COCOeval(ground_truth, ground_truth.loadRes(results), task)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[0]


def test_ground_truth_evaluates_to_100(tmp_path):
    """pycocotools loads the files and gives their own annotations AP 100 for boxes, masks and keypoints."""
    folder = ensure_dataset(SPEC, tmp_path)
    instances = COCO(str(folder / INSTANCES))
    for task in ("bbox", "segm"):
        assert _average_precision(instances, _detections(instances), task) > 0.9999
    persons = COCO(str(folder / PERSON_KEYPOINTS))
    seen = [d for d in _detections(persons) if any(d["keypoints"])]
    assert _average_precision(persons, seen, "keypoints") > 0.9999


def test_files_are_complete(tmp_path):
    """Ids are unique integers, every image is a PNG of its stated size, and info and licenses are there."""
    folder = ensure_dataset(SPEC, tmp_path)
    for file_name in (INSTANCES, PERSON_KEYPOINTS):
        content = json.loads((folder / file_name).read_text())
        assert content["info"]
        assert content["licenses"]
        assert len(content["images"]) == SPEC.images
        ids = [a["id"] for a in content["annotations"]]
        assert len(set(ids)) == len(ids) > 0
        assert {a["image_id"] for a in content["annotations"]} <= {i["id"] for i in content["images"]}
        for image in content["images"]:
            pixels = cv2.imread(str(folder / IMAGES / image["file_name"]))
            assert pixels.shape == (image["height"], image["width"], 3)
    assert {c["id"] for c in content["categories"]} == {CATEGORIES["person"].id}
    assert all(len(a["keypoints"]) == 51 for a in content["annotations"])


def test_processes_do_not_matter(tmp_path, monkeypatch):
    """One process and several write the same bytes."""
    spec = DatasetSpec("few", images=4, seed=7)
    alone = ensure_dataset(spec, tmp_path / "a")
    monkeypatch.setattr(parallel, "_SMALL", 1)
    together = ensure_dataset(spec, tmp_path / "b")
    names = [p.relative_to(alone) for p in sorted(alone.rglob("*")) if p.is_file()]
    assert len(names) == 6
    assert all((alone / n).read_bytes() == (together / n).read_bytes() for n in names)


def test_folder_names_tell_specs_apart(tmp_path):
    """Another seed, number of images or scene gives another folder."""
    variants = [
        SPEC,
        DatasetSpec("toy", 11, 3, SPEC.scene),
        DatasetSpec("toy", 10, 4, SPEC.scene),
        DatasetSpec("toy", 10, 3, SceneSpec()),
    ]
    assert len({spec.folder(tmp_path) for spec in variants}) == len(variants)


def test_polygons_equal_visible_masks(scenes):
    """Annotated polygons rasterised at 4x are the drawn visible masks; area and box are the polygons'."""
    ious = []
    for scene in scenes:
        for instance, found in zip(scene.instances, scene_annotations(scene), strict=True):
            if instance.crowd:
                continue
            height, width = instance.mask.shape
            fine = [[SUPERSAMPLING * v for v in polygon] for polygon in found["segmentation"]]
            drawn = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(fine, height, width))).astype(bool)
            iou = (drawn & instance.mask).sum() / (drawn | instance.mask).sum()
            assert iou > 0.97  # the worst are thin bicycles
            ious.append(iou)
            assert found["area"] == pytest.approx(instance.mask.sum() / SUPERSAMPLING**2, rel=0.02, abs=3)
            points = np.concatenate(found["segmentation"]).reshape(-1, 2)
            x, y, w, h = found["bbox"]
            np.testing.assert_allclose((*points.min(0), *points.max(0)), (x, y, x + w, y + h), atol=0.011)
    assert np.mean(ious) > 0.99


def test_crowds_are_rle(scenes):
    """Crowds carry run lengths that cover the whole image, and their area and box."""
    crowds = [a for scene in scenes for a in scene_annotations(scene) if a["iscrowd"]]
    assert crowds
    for crowd in crowds:
        rle = crowd["segmentation"]
        assert rle["size"] == [160, 160]
        assert sum(rle["counts"]) == 160 * 160
        mask = coco_mask.decode(coco_mask.frPyObjects(rle, 160, 160))
        assert crowd["area"] == mask.sum() > 0
        x, y, w, h = crowd["bbox"]
        assert 0 <= x < x + w <= 160
        assert 0 <= y < y + h <= 160


def test_keypoints_inside_image(scenes):
    """Flagged keypoints lie in the image, others are zero, and their number is right."""
    persons = [a for scene in scenes for a in scene_annotations(scene) if a["category_id"] == 1]
    assert any(p["num_keypoints"] for p in persons)
    for person in persons:
        points = np.reshape(person["keypoints"], (17, 3))
        flagged = points[points[:, 2] > 0]
        assert len(flagged) == person["num_keypoints"]
        assert ((flagged[:, :2] >= -0.5) & (flagged[:, :2] < 159.5)).all()
        assert (points[points[:, 2] == 0] == 0).all()
