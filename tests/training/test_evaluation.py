"""Files of an evaluation: whole or not there."""

import json
import os
import pickle
import re

import pytest
import torch
from detectron2.data import DatasetCatalog
from detectron2.structures import Boxes, Instances
from pycocotools.cocoeval import COCOeval

import mask_rcnn_paper
from mask_rcnn_paper.files import DiskFullError
from mask_rcnn_paper.training.evaluation import SafeCOCOEvaluator, coco_backend
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


def evaluate(folder, predictions):
    """Metrics of these predictions; files in `folder`."""
    evaluator = SafeCOCOEvaluator("smoke_val", output_dir=folder)
    evaluator.reset()
    evaluator.process(*predictions)
    return evaluator.evaluate()


def stored_logit(folder):
    """The logit in the stored proposals."""
    return pickle.loads((folder / "box_proposals.pkl").read_bytes())["objectness_logits"][0].item()


def test_files_are_in_their_places(tmp_path):
    """Proposals and detections, and nothing else."""
    assert set(evaluate(tmp_path, proposals(1.0))) == {"box_proposals"}
    assert stored_logit(tmp_path) == 1.0
    assert evaluate(tmp_path, detections())["bbox"]["AP"] >= 0
    assert len(json.loads((tmp_path / "coco_instances_results.json").read_text())) == len(detections()[0])
    assert "box_proposals.pkl" in names(tmp_path)
    assert ".unfinished" not in names(tmp_path)


def test_the_backend_that_is_named_is_the_one_that_runs(tmp_path, monkeypatch):
    """pycocotools computes the metrics if, and only if, it is named, with its version."""
    original, ran = COCOeval.evaluate, []
    monkeypatch.setattr(COCOeval, "evaluate", lambda self: ran.append(self) or original(self))
    evaluate(tmp_path, detections())
    expected = r"pycocotools \d+\.\d+(\.\d+)?" if ran else r"COCOeval_opt of detectron2 0\.6"
    assert re.fullmatch(expected, coco_backend())


def write_and_die(folder):
    """Die in the middle of new proposals."""
    mask_rcnn_paper.register_components()
    pickle.dump = lambda data, file, *args: file.write(b"half") and file.flush() or dying.die()
    evaluate(folder, proposals(2.0))


def rename_and_die(folder):
    """Die when new proposals are written, but have not their name yet."""
    mask_rcnn_paper.register_components()
    predictions = proposals(2.0)
    os.replace = dying.die
    evaluate(folder, predictions)


def test_killed_while_writing(tmp_path):
    """The proposals of a run before stay until new ones are whole; what was begun is removed by the next run."""
    evaluate(tmp_path, proposals(1.0))
    dying.killed(write_and_die, tmp_path)
    assert stored_logit(tmp_path) == 1.0
    assert (tmp_path / ".unfinished" / "box_proposals.pkl").read_bytes() == b"half"
    evaluate(tmp_path, detections())
    assert stored_logit(tmp_path) == 1.0
    assert ".unfinished" not in names(tmp_path)


def test_killed_before_anything_was_stored(tmp_path):
    """No proposal file that a detector could read is left."""
    dying.killed(rename_and_die, tmp_path)
    assert names(tmp_path) == [".unfinished"]
    assert "box_proposals.pkl" in names(tmp_path / ".unfinished")


def test_a_full_disk(tmp_path, monkeypatch):
    """One line with the place and the space; the files of before are as they were."""
    evaluate(tmp_path, proposals(1.0))
    dying.full_disk(monkeypatch.setattr, "box_proposals")
    with pytest.raises(DiskFullError, match=f"disk full: cannot write {tmp_path} .* MB free"):
        evaluate(tmp_path, proposals(2.0))
    assert stored_logit(tmp_path) == 1.0
    assert ".unfinished" not in names(tmp_path)
