"""Generated datasets, on disk and registered."""

import json
import os

import cv2
import numpy as np
import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mask_rcnn_paper.generated import parallel
from mask_rcnn_paper.generated.categories import CATEGORIES
from mask_rcnn_paper.generated.datasets import (
    IMAGES,
    INSTANCES,
    MINI_SPECS,
    PERSON_KEYPOINTS,
    UNLABELED_SPECS,
    DatasetSpec,
    ensure_dataset,
    register_mini_datasets,
    scene_annotations,
)
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, SceneSpec, draw_scene

SPEC = DatasetSpec("toy", images=10, seed=3, scene=SceneSpec(crowd=0.5))
NAMES = [
    f"{scale}{kind}_{split}"
    for scale in ("mini", "smoke")
    for kind in ("", "_keypoints")
    for split in ("train", "val", "unlabeled")
]


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
        assert rle["size"] == [192, 192]
        assert sum(rle["counts"]) == 192 * 192
        mask = coco_mask.decode(coco_mask.frPyObjects(rle, 192, 192))
        assert crowd["area"] == mask.sum() > 0
        x, y, w, h = crowd["bbox"]
        assert 0 <= x < x + w <= 192
        assert 0 <= y < y + h <= 192


def test_keypoints_inside_image(scenes):
    """Flagged keypoints lie in the image, others are zero, and their number is right."""
    persons = [a for scene in scenes for a in scene_annotations(scene) if a["category_id"] == 1]
    assert any(p["num_keypoints"] for p in persons)
    for person in persons:
        points = np.reshape(person["keypoints"], (17, 3))
        flagged = points[points[:, 2] > 0]
        assert len(flagged) == person["num_keypoints"]
        assert ((flagged[:, :2] >= -0.5) & (flagged[:, :2] < 191.5)).all()
        assert (points[points[:, 2] == 0] == 0).all()


@pytest.fixture
def registered(tmp_path):
    """Register everything anew under a temporary root, and put things back afterwards."""
    previous = {name: (DatasetCatalog.pop(name), MetadataCatalog.pop(name)) for name in NAMES}
    register_mini_datasets(tmp_path)
    yield tmp_path
    for name, (load, metadata) in previous.items():
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)
        DatasetCatalog.register(name, load)
        MetadataCatalog.get(name).set(**{k: v for k, v in metadata.as_dict().items() if k != "name"})


def test_all_names_are_registered_on_import():
    """Importing the package registers the datasets, and registering again changes nothing."""
    assert set(NAMES) <= set(DatasetCatalog.list())
    before = MetadataCatalog.get("mini_train").json_file
    register_mini_datasets()
    assert MetadataCatalog.get("mini_train").json_file == before


def test_registration_draws_nothing(registered):
    """Nothing is written before a dataset is asked for."""
    assert not list(registered.iterdir())


def test_instances(registered):
    """A dataset is drawn when asked for, with contiguous categories that are those of its metadata."""
    records = DatasetCatalog.get("smoke_train")
    metadata = MetadataCatalog.get("smoke_train")
    assert len(records) == MINI_SPECS["smoke_train"].images == 8
    assert os.path.isfile(metadata.json_file)
    assert all(os.path.dirname(r["file_name"]) == metadata.image_root for r in records)
    assert {a["category_id"] for r in records for a in r["annotations"]} <= set(range(12))
    assert metadata.thing_classes[0] == "person"
    assert metadata.thing_dataset_id_to_contiguous_id[47] == metadata.thing_classes.index("cup") == 10
    assert metadata.evaluator_type == "coco"
    assert len(metadata.thing_colors) == 12


def test_keypoints_share_the_images(registered):
    """The keypoint datasets hold the persons of the same images, with 17 keypoints."""
    instances, persons = DatasetCatalog.get("smoke_val"), DatasetCatalog.get("smoke_keypoints_val")
    assert [r["file_name"] for r in persons] == [r["file_name"] for r in instances]
    found = [a for r in persons for a in r["annotations"]]
    assert {a["category_id"] for a in found} == {0}
    assert all(len(a["keypoints"]) == 51 for a in found)
    metadata = MetadataCatalog.get("smoke_keypoints_val")
    assert metadata.thing_classes == ["person"]
    assert len(metadata.keypoint_names) == 17
    assert ("left_eye", "right_eye") in metadata.keypoint_flip_map


def test_splits_differ():
    """Training, validation and unlabelled images come from different seeds."""
    specs = [*MINI_SPECS.values(), *UNLABELED_SPECS.values()]
    assert len({spec.seed for spec in specs}) == len(specs)


def test_unlabelled_images_have_no_annotations_anywhere(registered):
    """Images, and a file that lists them as COCO's does: neither labels nor classes are on disk or in the samples."""
    records = DatasetCatalog.get("smoke_keypoints_unlabeled")
    assert len(records) == UNLABELED_SPECS["smoke_unlabeled"].images == 6
    assert all(set(r) == {"file_name", "height", "width", "image_id"} for r in records)
    assert all(cv2.imread(r["file_name"]).shape == (r["height"], r["width"], 3) for r in records)
    metadata = MetadataCatalog.get("smoke_keypoints_unlabeled")
    folder = os.path.dirname(metadata.json_file)
    assert sorted(os.listdir(folder)) == ["image_info.json", "images"]
    with open(metadata.json_file) as file:
        assert set(json.load(file)) == {"info", "licenses", "images"}
    assert metadata.thing_classes == ["person"]
    assert DatasetCatalog.get("smoke_unlabeled") == records


def test_colours_are_distinct():
    """Every class has a colour of its own, as RGB in [0, 255]."""
    colours = np.array(MetadataCatalog.get("mini_train").thing_colors)
    assert colours.min() >= 0
    assert colours.max() <= 255
    assert len(np.unique(colours, axis=0)) == len(colours) == 12
