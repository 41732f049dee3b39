"""COCO's metrics for boxes, masks, keypoints and proposals (https://cocodataset.org/#detection-eval)."""

import contextlib
import copy
import io
import itertools
import json
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pycocotools.mask as mask_util
from detectron2.data import MetadataCatalog
from detectron2.data.datasets.coco import read_coco_json
from detectron2.structures import BoxMode, Instances
from detectron2.utils import comm
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from tabulate import tabulate

from .box_proposals import box_proposal_recalls, save_box_proposals
from .evaluator import DatasetEvaluator

__all__ = ["COCOEvaluator", "instances_to_coco_json"]

_METRICS = {
    "bbox": ["AP", "AP50", "AP75", "APs", "APm", "APl"],
    "segm": ["AP", "AP50", "AP75", "APs", "APm", "APl"],
    "keypoints": ["AP", "AP50", "AP75", "APm", "APl"],
}
_NEEDED = {"segm": ("segmentation",), "keypoints": ("keypoints", "num_keypoints")}
_logger = logging.getLogger(__name__)


class COCOEvaluator(DatasetEvaluator):
    """AP of boxes ("bbox"), masks ("segm") and "keypoints", and AR of "box_proposals", in percent.

    Args:
        dataset_name: A dataset registered with `register_coco_instances`.
        tasks: Some of bbox, segm, keypoints; None takes those that the predictions allow.
        distributed: Collect the predictions of all processes; else only of this one.
        output_dir: Folder for coco_instances_results.json (with the dataset's own category ids) and
            box_proposals.pkl; None writes nothing.
        max_dets_per_image: Best detections of an image that count for boxes and masks; COCO's 100 by default.
            Of a sequence the last.
        use_fast_impl: Accepted for detectron2's sake; pycocotools is always used.
        kpt_oks_sigmas: One per keypoint; empty for those of COCO's 17.
        allow_cached_coco: Accepted for detectron2's sake; nothing is cached.

    Raises:
        ValueError: unknown task, a dataset without annotation file, or a file that cannot be evaluated.
        FileNotFoundError: the annotation file does not exist.
    """

    def __init__(
        self,
        dataset_name: str,
        tasks: Sequence[str] | None = None,
        distributed: bool = True,
        output_dir: str | None = None,
        *,
        max_dets_per_image: int | Sequence[int] | None = None,
        use_fast_impl: bool = True,
        kpt_oks_sigmas: Sequence[float] = (),
        allow_cached_coco: bool = True,
    ) -> None:
        if tasks is not None and not set(tasks) <= set(_METRICS):
            raise ValueError(f"COCOEvaluator(tasks={list(tasks)}): choose from {', '.join(_METRICS)}")
        self._metadata = MetadataCatalog.get(dataset_name)
        json_file = self._metadata.get("json_file")
        if json_file is None:
            raise ValueError(f"dataset {dataset_name!r} has no json_file in its metadata: use register_coco_instances")
        self._tasks = tasks
        self._distributed = distributed
        self._output_dir = output_dir
        limit = 100 if max_dets_per_image is None else max_dets_per_image
        self._max_dets = int(limit[-1] if isinstance(limit, Sequence) else limit)
        self._kpt_oks_sigmas = list(kpt_oks_sigmas)
        self._coco_api = _make_coco(read_coco_json(json_file, dataset_name), json_file)
        self._do_evaluation = "annotations" in self._coco_api.dataset
        self._predictions: list[dict] = []
        self._results: dict[str, dict[str, float]] = {}

    def reset(self) -> None:
        """Forget all predictions."""
        self._predictions = []

    def process(self, inputs: list[dict], outputs: list[dict]) -> None:
        """Take the outputs of a batch, in pixels of the original images.

        Args:
            inputs: Dicts with "image_id".
            outputs: Dicts with "instances" or "proposals".
        """
        for sample, output in zip(inputs, outputs, strict=True):
            image_id = sample["image_id"]
            prediction = {"image_id": image_id}
            if "instances" in output:
                prediction["instances"] = instances_to_coco_json(output["instances"].to("cpu"), image_id)
            if "proposals" in output:
                prediction["proposals"] = output["proposals"].to("cpu")
            if len(prediction) > 1:
                self._predictions.append(prediction)

    def evaluate(self, img_ids: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
        """Write the files and compute the metrics.

        Args:
            img_ids: Evaluate only these images.

        Returns:
            {task: {metric: percent}}, with "AP-<class>" where there are several classes, and NaN where there
            is no ground truth or nothing was predicted. {} without predictions or annotations, and in all
            processes but the main one.
        """
        predictions = self._predictions
        if self._distributed:
            comm.synchronize()
            predictions = list(itertools.chain(*comm.gather(predictions, dst=0)))
            if not comm.is_main_process():
                return {}
        self._results = {}
        if not predictions:
            _logger.warning("[COCOEvaluator] Did not receive valid predictions.")
            return {}
        if self._output_dir:
            os.makedirs(self._output_dir, exist_ok=True)
        if "proposals" in predictions[0]:
            self._eval_box_proposals(predictions)
        if "instances" in predictions[0]:
            self._eval_instances(predictions, img_ids)
        return copy.deepcopy(self._results)

    def _eval_box_proposals(self, predictions: list[dict]) -> None:
        if self._output_dir:
            path = os.path.join(self._output_dir, "box_proposals.pkl")
            save_box_proposals(predictions, path)
            _logger.info("Saved the proposals of %d images to %s", len(predictions), path)
        if self._annotations_present():
            self._results["box_proposals"] = box_proposal_recalls(predictions, self._coco_api)
            _log_table("Proposal metrics", self._results["box_proposals"])

    def _eval_instances(self, predictions: list[dict], img_ids: Sequence[int] | None) -> None:
        results = [dict(r) for p in predictions for r in p["instances"]]
        self._restore_category_ids(results)
        if self._output_dir:
            path = os.path.join(self._output_dir, "coco_instances_results.json")
            with open(path, "w") as f:
                json.dump(results, f)
            _logger.info("Saved %d results to %s", len(results), path)
        if not self._annotations_present():
            return
        for task in sorted(self._tasks or _tasks_of(results)):
            evaluation = self._run_pycocotools(task, results, img_ids) if results else None
            self._results[task] = _metrics(task, evaluation, self._metadata.get("thing_classes"))

    def _annotations_present(self) -> bool:
        if not self._do_evaluation:
            _logger.info("Annotations are not available for evaluation.")
        return self._do_evaluation

    def _restore_category_ids(self, results: list[dict]) -> None:
        id_map = self._metadata.get("thing_dataset_id_to_contiguous_id")
        if id_map is None:
            return
        restore = {contiguous: own for own, contiguous in id_map.items()}
        for result in results:
            if result["category_id"] not in restore:
                raise ValueError(
                    f"a prediction has class {result['category_id']}, but dataset {self._metadata.name!r} "
                    f"has {len(restore)} classes: correct MODEL.ROI_HEADS.NUM_CLASSES"
                )
            result["category_id"] = restore[result["category_id"]]

    def _run_pycocotools(self, task: str, results: list[dict], img_ids: Sequence[int] | None) -> COCOeval:
        _check_ground_truth(self._coco_api, task)
        if task == "segm":
            # Otherwise pycocotools would take an object's area from the box rather than from the mask.
            results = [{k: v for k, v in r.items() if k != "bbox"} for r in results]
        evaluation = COCOeval(self._coco_api, _quietly(self._coco_api.loadRes, copy.deepcopy(results)), task)
        if task == "keypoints":
            if self._kpt_oks_sigmas:
                evaluation.params.kpt_oks_sigmas = np.array(self._kpt_oks_sigmas)
            found, expected = len(results[0]["keypoints"]) // 3, len(evaluation.params.kpt_oks_sigmas)
            if found != expected:
                raise ValueError(
                    f"predictions have {found} keypoints, but there are {expected} sigmas: set "
                    "TEST.KEYPOINT_OKS_SIGMAS (empty: COCO's 17)"
                )
        else:
            evaluation.params.maxDets = [self._max_dets]
        if img_ids is not None:
            evaluation.params.imgIds = list(img_ids)
        _quietly(evaluation.evaluate)
        _quietly(evaluation.accumulate)
        return evaluation


def instances_to_coco_json(instances: Instances, img_id: int | str) -> list[dict[str, Any]]:
    """Detections of an image in COCO's result format.

    Args:
        instances: On the CPU; pred_boxes, scores, pred_classes, and perhaps pred_masks (N, H, W) and
            pred_keypoints (N, K, 3) in continuous coordinates.
        img_id: Id of the image.

    Returns:
        A dict per detection. Boxes are XYWH; keypoints become pixel indices, half a pixel less.
    """
    boxes = BoxMode.convert(instances.pred_boxes.tensor.numpy(), BoxMode.XYXY_ABS, BoxMode.XYWH_ABS).tolist()
    classes, scores = instances.pred_classes.tolist(), instances.scores.tolist()
    results = [
        {"image_id": img_id, "category_id": category, "bbox": box, "score": score}
        for category, box, score in zip(classes, boxes, scores, strict=True)
    ]
    if instances.has("pred_masks"):
        for result, mask in zip(results, instances.pred_masks, strict=True):
            rle = mask_util.encode(np.asfortranarray(mask.numpy().astype("uint8")))
            result["segmentation"] = {"size": rle["size"], "counts": rle["counts"].decode("ascii")}
    if instances.has("pred_keypoints"):
        keypoints = instances.pred_keypoints.clone()
        keypoints[:, :, :2] -= 0.5
        for result, points in zip(results, keypoints, strict=True):
            result["keypoints"] = points.flatten().tolist()
    return results


def _tasks_of(results: list[dict]) -> set[str]:
    fields = {"segmentation": "segm", "keypoints": "keypoints"}
    return {"bbox"} | {task for field, task in fields.items() if any(field in r for r in results)}


def _make_coco(data: dict[str, Any], json_file: str) -> COCO:
    data.setdefault("info", {})  # pycocotools copies it
    for annotation in data.get("annotations", []):
        missing = [k for k in ("id", "image_id", "category_id", "bbox", "area") if k not in annotation]
        if missing:
            raise ValueError(f"{json_file!r}: annotation {annotation.get('id')} has no {', '.join(missing)}")
        annotation.setdefault("iscrowd", 0)
    coco = COCO()
    coco.dataset = data
    _quietly(coco.createIndex)
    return coco


def _check_ground_truth(coco: COCO, task: str) -> None:
    for annotation in coco.dataset["annotations"]:
        for key in _NEEDED.get(task, ()):
            if annotation.get(key) in (None, []):
                raise ValueError(f"annotation {annotation['id']} has no {key}: {task} cannot be evaluated")


def _quietly(function: Callable, *args: Any) -> Any:
    """Call a function of pycocotools; what it prints goes to the log's debug level."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = function(*args)
    for line in printed.getvalue().splitlines():
        _logger.debug(line)
    return result


def _metrics(task: str, evaluation: COCOeval | None, class_names: list[str] | None) -> dict[str, float]:
    """Means of the precisions that pycocotools found, in percent."""
    if evaluation is None:
        _logger.warning("No predictions from the model: all %s metrics are NaN.", task)
        return dict.fromkeys(_METRICS[task], float("nan"))
    precision = evaluation.eval["precision"][..., -1]  # (thresholds, recalls, classes, areas)
    areas = {label[0]: i for i, label in enumerate(evaluation.params.areaRngLbl)}
    thresholds = evaluation.params.iouThrs

    def percent(values: np.ndarray) -> float:
        values = values[values > -1]
        return float(values.mean() * 100) if values.size else float("nan")

    results = {}
    for name in _METRICS[task]:
        suffix = name[2:]
        kept = np.isclose(thresholds, int(suffix) / 100) if suffix.isdigit() else slice(None)
        results[name] = percent(precision[kept, :, :, 0 if suffix.isdigit() else areas[suffix or "a"]])
    _log_table(f"{task} metrics", results)
    if class_names is not None and len(class_names) > 1:
        by_class = {f"AP-{name}": percent(precision[:, :, i, 0]) for i, name in enumerate(class_names)}
        _log_table(f"{task} AP of each category", by_class)
        results.update(by_class)
    return results


def _log_table(title: str, metrics: dict[str, float]) -> None:
    items = [cell for item in metrics.items() for cell in item]
    rows = [items[i : i + 12] for i in range(0, len(items), 12)]
    _logger.info("%s:\n%s", title, tabulate(rows, floatfmt=".3f", missingval="-"))
