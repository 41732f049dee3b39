"""Files of an evaluation: whole or not there; its backends, and what it matched."""

import json
import math
import pickle

import numpy as np
import pytest
import torch
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.evaluation import coco_evaluation
from detectron2.structures import Boxes, BoxMode, Instances
from pycocotools.cocoeval import COCOeval

import mask_rcnn_paper
from mask_rcnn_paper.coco.backends import BACKENDS
from mask_rcnn_paper.coco.calibration import IOU, calibration_of, load_calibrations
from mask_rcnn_paper.coco.matches import load_matches
from mask_rcnn_paper.data.proposals import read_proposals
from mask_rcnn_paper.files import DiskFullError
from mask_rcnn_paper.proposal_files import PICKLE, PROPOSALS
from mask_rcnn_paper.stages import CALIBRATION, MATCHES
from mask_rcnn_paper.training import evaluation
from mask_rcnn_paper.training.evaluation import SafeCOCOEvaluator
from tests import dying
from tests.dying import names


def proposals(logit):
    """Predictions of an RPN for every image of smoke_val: one box each."""
    samples = DatasetCatalog.get("smoke_val")
    box = Instances((160, 160), proposal_boxes=Boxes(torch.tensor([[20.0, 20.0, 90.0, 90.0]])))
    box.objectness_logits = torch.tensor([logit])
    return samples, [{"proposals": box}] * len(samples)


def detections():
    """One detection for every image of smoke_val."""
    samples = DatasetCatalog.get("smoke_val")
    found = Instances((160, 160), pred_boxes=Boxes(torch.tensor([[20.0, 20.0, 90.0, 90.0]])))
    found.scores, found.pred_classes = torch.tensor([0.9]), torch.tensor([0])
    return samples, [{"instances": found}] * len(samples)


def objects_nearly_found(dataset, seed=0):
    """Three detections for every object of a dataset, as boxes and masks, some pixels beside it."""
    rng = np.random.default_rng(seed)
    samples, outputs = DatasetCatalog.get(dataset), []
    for sample in samples:
        shape, objects = (sample["height"], sample["width"]), 3 * sample["annotations"]
        boxes = [BoxMode.convert(a["bbox"], a["bbox_mode"], BoxMode.XYXY_ABS) for a in objects]
        boxes = np.reshape(boxes, (-1, 4)) + rng.normal(0, 3, (len(objects), 4))
        found = Instances(shape, pred_boxes=Boxes(torch.tensor(boxes, dtype=torch.float32)))
        found.pred_masks = torch.zeros(len(objects), *shape, dtype=torch.bool)
        for mask, (x0, y0, x1, y1) in zip(found.pred_masks, boxes.clip(0).astype(int), strict=True):
            mask[y0 : y1 + 1, x0 : x1 + 1] = True
        found.scores = torch.tensor(rng.random(len(objects)).round(2), dtype=torch.float32)
        found.pred_classes = torch.tensor([a["category_id"] for a in objects], dtype=torch.int64)
        outputs.append({"instances": found})
    return samples, outputs


def evaluate(folder, predictions, dataset="smoke_val", backend="auto"):
    """Metrics of these predictions; files in `folder`."""
    evaluator = SafeCOCOEvaluator(dataset, folder, backend)
    evaluator.reset()
    evaluator.process(*predictions)
    return evaluator.evaluate()


def stored_logit(folder):
    """The logit in the stored proposals."""
    return read_proposals(folder / PROPOSALS).logits[0].item()


def test_files_are_in_their_places(tmp_path):
    """Proposals and detections, and nothing else."""
    assert set(evaluate(tmp_path, proposals(1.0))) == {"box_proposals"}
    assert stored_logit(tmp_path) == 1.0
    assert evaluate(tmp_path, detections())["bbox"]["AP"] >= 0
    assert len(json.loads((tmp_path / "coco_instances_results.json").read_text())) == len(detections()[0])
    assert PROPOSALS in names(tmp_path) and PICKLE not in names(tmp_path)
    assert read_proposals(tmp_path / PROPOSALS).dataset == "smoke_val"
    assert ".unfinished" not in names(tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_backend_that_is_chosen_runs(backend, tmp_path, monkeypatch):
    """pycocotools matches if, and only if, it is chosen; detectron2 has its own again afterwards."""
    original, ran = COCOeval.evaluate, []
    monkeypatch.setattr(COCOeval, "evaluate", lambda self: ran.append(self) or original(self))
    evaluate(tmp_path, detections(), backend=backend)
    assert [type(evaluation) for evaluation in ran] == ([BACKENDS[backend]] if backend == "pycocotools" else [])
    assert coco_evaluation.COCOeval is COCOeval


def test_the_backend_makes_no_difference(tmp_path):
    """Metrics are equal to the bit, of each category too; so are the files, of what matched too."""
    predictions = objects_nearly_found("smoke_val")
    ours, reference = (evaluate(tmp_path / name, predictions, backend=name) for name in BACKENDS)
    assert ours.keys() == reference.keys() == {"bbox", "segm"}
    for task in ours:
        assert ours[task] == pytest.approx(reference[task], rel=0, abs=0, nan_ok=True)
        assert 0 < ours[task]["AP"] < 100
    for name in (MATCHES, CALIBRATION, "coco_instances_results.json"):
        assert len({(tmp_path / backend / name).read_bytes() for backend in BACKENDS}) == 1


def test_metrics_are_of_each_category_too(tmp_path):
    """Of boxes and masks; where there is one category, its AP is the AP."""
    metrics = evaluate(tmp_path, objects_nearly_found("smoke_val"))
    names = {f"AP-{name}" for name in MetadataCatalog.get("smoke_val").thing_classes}
    assert {"AP-person", "AP-cup"} <= names
    standard = {"AP", "AP50", "AP75", "APs", "APm", "APl"}
    assert {task: set(found) for task, found in metrics.items()} == dict.fromkeys(("bbox", "segm"), standard | names)
    persons = evaluate(tmp_path, objects_nearly_found("smoke_keypoints_val"), "smoke_keypoints_val")
    assert set(persons["bbox"]) == standard


def test_what_matched_is_kept(tmp_path):
    """With every image once, its AP is the metric, of every task and size; NaN where there are no such objects."""
    metrics = evaluate(tmp_path, objects_nearly_found("smoke_val"))
    by_task = load_matches(tmp_path / MATCHES)
    assert list(by_task) == ["bbox", "segm"]
    for task, matches in by_task.items():
        for name in ("AP", "AP50", "AP75", "APs", "APm", "APl"):
            found = matches.average_precision(name, np.ones((1, len(matches.image_ids)), dtype=int))
            assert found[0] == pytest.approx(metrics[task][name], rel=0, abs=1e-12, nan_ok=True)


def test_scores_are_calibrated_by_what_matched(tmp_path):
    """Of every task and category, and small beside the other files."""
    evaluate(tmp_path, objects_nearly_found("smoke_val"))
    stored, by_task = load_calibrations(tmp_path / CALIBRATION), load_matches(tmp_path / MATCHES)
    assert set(stored) == {("bbox", IOU), ("segm", IOU)}
    for (task, iou), found in stored.items():
        expected = calibration_of(by_task[task], iou)
        assert set(found.maps) == set(expected.maps) == set(by_task[task].category_ids.tolist())
        scores = np.linspace(0, 1, 101)
        assert all((found.maps[key](scores) == expected.maps[key](scores)).all() for key in found.maps)
    assert (tmp_path / CALIBRATION).stat().st_size < 50_000


def test_only_detections_match(tmp_path):
    """An RPN leaves no matches; nor does a detector that finds nothing, which has none of before either, and no AP."""
    evaluate(tmp_path / "rpn", proposals(1.0))
    assert not {MATCHES, CALIBRATION} & set(names(tmp_path / "rpn"))
    evaluate(tmp_path, detections())
    assert {MATCHES, CALIBRATION} <= set(names(tmp_path))
    samples, _ = detections()
    nothing = Instances((160, 160), pred_boxes=Boxes(torch.zeros(0, 4)), scores=torch.zeros(0))
    nothing.pred_classes = torch.zeros(0, dtype=torch.int64)
    metrics = evaluate(tmp_path, (samples, [{"instances": nothing}] * len(samples)))
    assert all(math.isnan(value) for value in metrics["bbox"].values())
    assert not {MATCHES, CALIBRATION} & set(names(tmp_path))


def write_and_die(folder):
    """Die in the middle of new proposals."""
    mask_rcnn_paper.register_components()
    pickle.dump = lambda data, file, *args: file.write(b"half") and file.flush() or dying.die()
    evaluate(folder, proposals(2.0))


def rename_and_die(folder):
    """Die when new proposals are written, but have not their name yet."""
    mask_rcnn_paper.register_components()
    predictions = proposals(2.0)
    evaluation.sync_folder = dying.die
    evaluate(folder, predictions)


def test_killed_while_writing(tmp_path):
    """The proposals of a run before stay until new ones are whole; what was begun is removed by the next run."""
    evaluate(tmp_path, proposals(1.0))
    dying.killed(write_and_die, tmp_path)
    assert stored_logit(tmp_path) == 1.0
    assert (tmp_path / ".unfinished" / PICKLE).read_bytes() == b"half"
    evaluate(tmp_path, detections())
    assert stored_logit(tmp_path) == 1.0
    assert ".unfinished" not in names(tmp_path)


def test_killed_before_anything_was_stored(tmp_path):
    """No proposal file that a detector could read is left."""
    dying.killed(rename_and_die, tmp_path)
    assert names(tmp_path) == [".unfinished"]
    assert PROPOSALS in names(tmp_path / ".unfinished")


def test_a_full_disk(tmp_path, monkeypatch):
    """One line with the place and the space; the files of before are as they were."""
    evaluate(tmp_path, proposals(1.0))
    dying.full_disk(monkeypatch.setattr, "box_proposals")
    with pytest.raises(DiskFullError, match=f"disk full: cannot write {tmp_path}.* MB free"):
        evaluate(tmp_path, proposals(2.0))
    assert stored_logit(tmp_path) == 1.0
    assert ".unfinished" not in names(tmp_path)
