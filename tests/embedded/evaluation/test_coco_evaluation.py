import json
import math
import pickle

import numpy as np
import pytest
import torch
from detectron2.data import MetadataCatalog
from detectron2.data.dataset_dicts import get_detection_dataset_dicts
from detectron2.evaluation import COCOEvaluator
from detectron2.evaluation.coco_evaluation import instances_to_coco_json
from detectron2.structures import Boxes, Instances

from tests.embedded.tiny_coco import SIZES, box_annotation

# Image 1 has a person of 20x40 (small) and a train of 10x10, image 2 a train of 30x20 and a crowd.
TRUTH = {1: ([[5, 5, 25, 45], [0, 0, 10, 10]], [0, 1]), 2: ([[10, 10, 40, 30]], [1]), 3: ([], [])}


def detections(image_id: int, boxes: list, classes: list, scores: list | None = None, masks: bool = True) -> Instances:
    out = Instances(SIZES[image_id])
    out.pred_boxes = Boxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4))
    out.pred_classes = torch.tensor(classes, dtype=torch.int64)
    out.scores = torch.tensor(scores or [0.9] * len(boxes))
    if masks:
        out.pred_masks = torch.zeros(len(boxes), *SIZES[image_id], dtype=torch.bool)
        for mask, (x0, y0, x1, y1) in zip(out.pred_masks, boxes, strict=True):
            mask[y0:y1, x0:x1] = True
    return out


def evaluate(name: str, outputs: dict[int, Instances], field: str = "instances", **kwargs) -> dict:
    """Evaluate {image id: outputs} on a registered dataset, whose classes are known once it was loaded."""
    get_detection_dataset_dicts(name, filter_empty=False)
    evaluator = COCOEvaluator(name, **kwargs)
    evaluator.reset()
    for image_id, output in outputs.items():
        evaluator.process([{"image_id": image_id}], [{field: output}])
    return evaluator.evaluate()


def perfect(**kwargs) -> dict[int, Instances]:
    return {i: detections(i, *truth, **kwargs) for i, truth in TRUTH.items()}


def test_perfect_predictions_have_ap_100(registered):
    """All objects found exactly: AP 100 for boxes and masks, NaN for sizes that do not occur."""
    results = evaluate(registered(), perfect())
    assert set(results) == {"bbox", "segm"}
    for metrics in results.values():
        for key in ("AP", "AP50", "AP75", "APs", "AP-person", "AP-train"):
            assert metrics[key] == pytest.approx(100)
        assert math.isnan(metrics["APm"])
        assert math.isnan(metrics["APl"])


def test_one_of_two_found(registered):
    """One of two trains found, without a false alarm: precision 1 at the 51 of 101 recalls up to 0.5."""
    outputs = perfect()
    outputs[2] = detections(2, [], [])
    metrics = evaluate(registered(), outputs)["bbox"]
    assert metrics["AP-train"] == pytest.approx(100 * 51 / 101)
    assert metrics["AP-person"] == pytest.approx(100)
    assert metrics["AP"] == pytest.approx((100 + 100 * 51 / 101) / 2)


def test_overlap_decides_the_threshold(registered):
    """A box with IoU 0.8 counts at the thresholds 0.5 to 0.8 (7 of 10), so not at all at 0.85."""
    annos = [box_annotation(1, 1, 1, [0, 0, 20, 40])]
    outputs = {1: detections(1, [[0, 0, 20, 32]], [0], masks=False)}
    metrics = evaluate(registered(annotations=annos), outputs)["bbox"]
    assert metrics["AP50"] == metrics["AP75"] == pytest.approx(100)
    assert metrics["AP"] == pytest.approx(70)


def test_false_alarm_with_a_higher_score(registered):
    """A wrong train before the two right ones: precision is at most 2/3 everywhere."""
    outputs = perfect()
    outputs[3] = detections(3, [[0, 0, 10, 10]], [1], [0.99])
    assert evaluate(registered(), outputs)["bbox"]["AP-train"] == pytest.approx(100 * 2 / 3)


def test_detections_in_a_crowd_do_not_count(registered):
    """Persons found inside the crowd regions of images 2 and 3 are neither right nor wrong."""
    outputs = perfect()
    outputs[2] = detections(2, [[10, 10, 40, 30], [1, 1, 9, 9]], [1, 0], [0.9, 0.99])
    outputs[3] = detections(3, [[1, 1, 9, 9], [20, 20, 30, 30]], [0, 0], [0.99, 0.99])
    results = evaluate(registered(), outputs)
    assert results["bbox"]["AP"] == pytest.approx(100)
    assert results["segm"]["AP"] == pytest.approx(100)


def test_masks_are_judged_by_masks(registered):
    """With right boxes and empty masks box AP stays 100 and mask AP is 0."""
    outputs = perfect()
    for output in outputs.values():
        output.pred_masks[:] = False
    results = evaluate(registered(), outputs)
    assert results["bbox"]["AP"] == pytest.approx(100)
    assert results["segm"]["AP"] == 0


def test_nothing_predicted(registered, caplog):
    """Without a single detection all metrics are NaN and the log says why."""
    results = evaluate(registered(), {i: detections(i, [], []) for i in SIZES}, tasks=("bbox", "segm"))
    assert set(results) == {"bbox", "segm"}
    assert all(math.isnan(v) for metrics in results.values() for v in metrics.values())
    assert "No predictions from the model: all bbox metrics are NaN." in caplog.text


def test_no_outputs_at_all(registered, caplog):
    """An evaluator that saw no batch returns {}."""
    assert evaluate(registered(), {}) == {}
    assert "Did not receive valid predictions" in caplog.text


def test_results_file(registered, tmp_path):
    """The file holds XYWH boxes, the dataset's own category ids and RLE masks; no temporary file is left."""
    evaluate(registered(), {1: perfect()[1]}, output_dir=str(tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["coco_instances_results.json"]
    person, train = json.loads((tmp_path / "out" / "coco_instances_results.json").read_text())
    assert (person["category_id"], train["category_id"]) == (1, 7)
    assert person["bbox"] == [5, 5, 20, 40]
    assert person["segmentation"]["size"] == [60, 40]
    assert person["score"] == pytest.approx(0.9)


def test_evaluating_some_images(registered):
    """Restricted to image 1, what is missing in image 2 does not count."""
    name = registered()
    get_detection_dataset_dicts(name)
    evaluator = COCOEvaluator(name)
    evaluator.process([{"image_id": 1}], [{"instances": perfect()[1]}])
    assert evaluator.evaluate(img_ids=[1])["bbox"]["AP"] == pytest.approx(100)
    assert evaluator.evaluate()["bbox"]["AP"] < 100
    evaluator.reset()
    assert evaluator.evaluate() == {}


def test_limit_of_detections(registered):
    """Only the best `max_dets_per_image` detections of an image and class count."""
    annos = [box_annotation(i, 1, 1, [10 * i, 0, 8, 8]) for i in range(1, 4)]
    boxes = [[10 * i, 0, 10 * i + 8, 8] for i in range(1, 4)]
    outputs = {1: detections(1, boxes, [0, 0, 0], [0.9, 0.8, 0.7], masks=False)}
    name = registered(annotations=annos)
    assert evaluate(name, outputs)["bbox"]["AP50"] == pytest.approx(100)
    two_of_three = 100 * 67 / 101
    assert evaluate(name, outputs, max_dets_per_image=2)["bbox"]["AP50"] == pytest.approx(two_of_three)
    metrics = evaluate(name, outputs, max_dets_per_image=[1, 10, 2])["bbox"]
    assert metrics["AP50"] == pytest.approx(two_of_three)


def keypoint_outputs(shift: float) -> dict[int, Instances]:
    output = detections(1, [[0, 0, 40, 40]], [0], masks=False)
    output.pred_keypoints = torch.tensor([[[x + shift, x, 1] for x in (10.5, 20.5, 30.5)]])
    return {1: output}


def test_keypoints(registered):
    """Right keypoints have AP 100, far ones 0; the half pixel of continuous coordinates is taken off."""
    points = [10, 10, 2, 20, 20, 2, 30, 30, 2]
    annos = [box_annotation(1, 1, 1, [0, 0, 40, 40], keypoints=points, num_keypoints=3)]
    name = registered(annotations=annos, categories=[{"id": 1, "name": "person"}])
    settings = {"tasks": ("bbox", "keypoints"), "kpt_oks_sigmas": [0.01] * 3}
    results = evaluate(name, keypoint_outputs(0.0), **settings)
    assert set(results["keypoints"]) == {"AP", "AP50", "AP75", "APm", "APl"}
    assert results["keypoints"]["AP"] == pytest.approx(100)
    assert results["keypoints"]["APm"] == pytest.approx(100)
    assert "AP-person" not in results["bbox"]
    assert evaluate(name, keypoint_outputs(0.4), **settings)["keypoints"]["AP"] < 100
    assert evaluate(name, keypoint_outputs(9.0), **settings)["keypoints"]["AP"] == 0
    with pytest.raises(ValueError, match="predictions have 3 keypoints, but there are 17 sigmas"):
        evaluate(name, keypoint_outputs(0.0))


def test_predictions_decide_the_tasks(registered):
    """Without `tasks`, boxes are evaluated, and masks where there are masks."""
    assert set(evaluate(registered(), perfect(masks=False))) == {"bbox"}


def test_json_of_instances():
    """Scores, classes, boxes and keypoints keep their values; the instances are not changed."""
    (output,) = keypoint_outputs(0.0).values()
    (result,) = instances_to_coco_json(output, 1)
    assert result["keypoints"] == [10, 10, 1, 20, 20, 1, 30, 30, 1]
    assert (result["image_id"], result["category_id"], result["bbox"]) == (1, 0, [0, 0, 40, 40])
    assert output.pred_keypoints[0, 0, 0] == 10.5
    assert instances_to_coco_json(detections(1, [], []), 1) == []


def proposals(image_id: int, boxes: list) -> Instances:
    out = Instances(SIZES[image_id])
    out.proposal_boxes = Boxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4))
    out.objectness_logits = torch.arange(len(boxes), 0, -1, dtype=torch.float32)
    return out


def test_proposals_are_stored_and_measured(registered, tmp_path):
    """Of three objects one is found exactly and one with IoU 0.5 (one threshold of ten): AR = 1.1 / 3."""
    outputs = {
        1: proposals(1, [[5, 5, 25, 45], [30, 50, 40, 60], [0, 0, 10, 5]]),
        2: proposals(2, []),
        3: proposals(3, [[0, 0, 60, 40]]),
    }
    metrics = evaluate(registered(), outputs, "proposals", output_dir=str(tmp_path / "out"))["box_proposals"]
    assert set(metrics) == {f"AR{size}@{n}" for size in ("", "s", "m", "l") for n in (100, 1000)}
    assert metrics["AR@100"] == metrics["AR@1000"] == metrics["ARs@100"] == pytest.approx(100 * 1.1 / 3)
    assert math.isnan(metrics["ARl@100"])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["box_proposals.pkl"]
    with open(tmp_path / "out" / "box_proposals.pkl", "rb") as f:
        stored = pickle.load(f)
    assert (stored["ids"], stored["bbox_mode"]) == ([1, 2, 3], 0)
    np.testing.assert_array_equal(stored["boxes"][0], outputs[1].proposal_boxes.tensor.numpy())
    np.testing.assert_array_equal(stored["objectness_logits"][0], [3, 2, 1])


def test_proposals_are_matched_one_to_one(registered):
    """One proposal cannot find two objects, and the 101st does not count among 100."""
    annos = [box_annotation(1, 1, 1, [0, 0, 20, 20]), box_annotation(2, 1, 1, [0, 0, 20, 20])]
    name = registered(annotations=annos)
    assert evaluate(name, {1: proposals(1, [[0, 0, 20, 20]])}, "proposals")["box_proposals"]["AR@100"] == 50
    late = proposals(1, [[30, 30, 31, 31]] * 100 + [[0, 0, 20, 20]] * 2)
    metrics = evaluate(name, {1: late}, "proposals")["box_proposals"]
    assert (metrics["AR@100"], metrics["AR@1000"]) == (0, 100)


def test_dataset_without_annotations(registered, tmp_path, caplog):
    """On a test set the file is written, and there are no metrics."""
    name = registered()
    json_file = MetadataCatalog.get(name).json_file
    with open(json_file) as f:
        content = json.load(f)
    del content["annotations"]
    with open(json_file, "w") as f:
        json.dump(content, f)
    assert evaluate(name, perfect(), output_dir=str(tmp_path / "out")) == {}
    assert (tmp_path / "out" / "coco_instances_results.json").exists()


def test_bad_input(registered):
    """Wrong tasks, datasets without a file, annotations and classes that do not fit are named."""
    name = registered()
    with pytest.raises(ValueError, match=r"tasks=\['mask'\]\): choose from bbox, segm, keypoints"):
        COCOEvaluator(name, ["mask"])
    with pytest.raises(ValueError, match="dataset 'evaluation_test' has no json_file in its metadata"):
        COCOEvaluator("evaluation_test")
    MetadataCatalog.remove("evaluation_test")
    with pytest.raises(ValueError, match="a prediction has class 2, but dataset 'tiny' has 2 classes"):
        evaluate(name, {1: detections(1, [[0, 0, 5, 5]], [2])})
    no_area = box_annotation(1, 1, 1, [0, 0, 5, 5])
    del no_area["area"]
    with pytest.raises(ValueError, match="annotation 1 has no area"):
        COCOEvaluator(registered("no_area", annotations=[no_area]))
    no_mask = registered("no_mask", annotations=[box_annotation(1, 1, 1, [0, 0, 5, 5], segmentation=[])])
    with pytest.raises(ValueError, match="annotation 1 has no segmentation: segm cannot be evaluated"):
        evaluate(no_mask, {1: detections(1, [[0, 0, 5, 5]], [0])})
