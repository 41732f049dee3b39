"""Detectors on Cityscapes: what is evaluated by which protocol, and what is left behind."""

import logging
import math
import zipfile

import numpy as np
import pytest
import torch
from detectron2.data import DatasetCatalog
from detectron2.structures import Boxes, Instances
from PIL import Image

from mask_rcnn_paper.cityscapes.labels import CLASS_IDS
from mask_rcnn_paper.coco.matches import load_matches
from mask_rcnn_paper.stages import MATCHES
from mask_rcnn_paper.training.cityscapes_evaluation import CityscapesEvaluator, is_cityscapes
from tests.cityscapes.laid_out import SIZE, registered, street, write_split

THINGS = list(CLASS_IDS.values())


@pytest.fixture
def root(tmp_path):
    """A folder with two images in val and one in test, registered."""
    write_split(tmp_path / "cityscapes", "val", [street(), street(5)])
    write_split(tmp_path / "cityscapes", "test", [street()])
    with registered(tmp_path / "cityscapes", tmp_path / "cache") as root:
        yield root


def detections(ids, score=0.9):
    """Every instance of (H, W) instance ids, as a model gives them."""
    values = [int(v) for v in np.unique(ids) if v >= 1000 and v // 1000 in THINGS]
    masks = torch.stack([torch.from_numpy(ids == v) for v in values]) if values else torch.zeros(0, *SIZE) > 0
    found = Instances(SIZE, pred_masks=masks, scores=torch.full((len(values),), score))
    rows = [
        torch.tensor([[x.min(), y.min(), x.max() + 1, y.max() + 1]]) for y, x in (np.nonzero(m.numpy()) for m in masks)
    ]
    found.pred_boxes = Boxes(torch.cat(rows).float() if rows else torch.zeros(0, 4))
    found.pred_classes = torch.tensor([THINGS.index(v // 1000) for v in values], dtype=torch.int64)
    return found


def evaluate(tmp_path, name, outputs):
    """Metrics of these outputs on the images of a split, in their order."""
    samples = DatasetCatalog.get(name)
    evaluator = CityscapesEvaluator(name, tmp_path / "inference", "pycocotools")
    evaluator.reset()
    evaluator.process(samples, [{"instances": output} for output in outputs])
    return evaluator.evaluate()


def test_perfect_detections(root, tmp_path):
    """100 by the script, of the classes that are there; boxes by COCO, and masks by COCO under a name of their own."""
    metrics = evaluate(tmp_path, "cityscapes_val", [detections(street()), detections(street(5))])
    assert set(metrics) == {"bbox", "segm_coco", "segm"}
    there = {"AP", "AP50", "AP-rider", "AP-car", "AP-bicycle"}
    assert {name: metrics["segm"][name] for name in there} == pytest.approx(dict.fromkeys(there, 100.0))
    assert all(math.isnan(value) for name, value in metrics["segm"].items() if name not in there)
    assert metrics["segm_coco"]["AP"] == pytest.approx(100.0)
    assert metrics["bbox"]["AP"] == pytest.approx(100.0)


def test_no_detections_score_0(root, tmp_path):
    """And not nothing: the instances that are there were all missed."""
    nothing = [detections(np.zeros(SIZE, np.uint16))] * 2
    metrics = evaluate(tmp_path, "cityscapes_val", nothing)
    assert metrics["segm"]["AP"] == metrics["segm"]["AP-car"] == 0.0
    assert math.isnan(metrics["segm"]["AP-person"])  # a group of persons alone


def test_what_is_left_behind(root, tmp_path):
    """COCO's files, matches of boxes alone, since those of masks are of another protocol; no thousands of masks."""
    evaluate(tmp_path, "cityscapes_val", [detections(street()), detections(street(5))])
    folder = tmp_path / "inference"
    assert set(load_matches(folder / MATCHES)) == {"bbox"}
    assert (folder / "coco_instances_results.json").is_file()
    assert not any(path.is_dir() for path in folder.iterdir())


def test_a_test_split_gives_a_submission(root, tmp_path, caplog):
    """No metrics: its labels are on the server, which takes one archive."""
    with caplog.at_level(logging.INFO):
        assert evaluate(tmp_path, "cityscapes_test", [detections(street())]) == {}
    archive = tmp_path / "inference" / "submission.zip"
    assert f"upload {archive}" in caplog.text
    with zipfile.ZipFile(archive) as packed:
        lines = packed.read("ulm_000000_000019_pred.txt").decode().splitlines()
        assert [int(line.split()[1]) for line in lines] == [25, 26, 26, 33]
        with packed.open(lines[0].split()[0]) as file:
            np.testing.assert_array_equal(np.asarray(Image.open(file)), street() == 25000)


def test_which_datasets_are_cityscapes(root):
    """Ours, generated ones too; neither COCO's nor those of detectron2, whose labels it cannot read."""
    assert is_cityscapes("cityscapes_val")
    assert is_cityscapes("smoke_cityscapes_val")
    assert not is_cityscapes("coco_2017_val")
    assert not is_cityscapes("cityscapes_fine_instance_seg_val")
