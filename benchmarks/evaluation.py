"""COCO's metrics by hotcoco beside pycocotools, which gives the same numbers."""

import contextlib
import copy
import io
from collections.abc import Callable

import numpy as np
from pycocotools.coco import COCO

from mask_rcnn_paper.coco.backends import BACKENDS, PycocotoolsEval
from mask_rcnn_paper.timing.turns import Measured, side_by_side

TASKS = ("bbox", "segm")


def measure(images: int, rounds: int) -> dict[str, dict[str, Measured]]:
    """Times by task of our backends, pycocotools first, for so many images of seven objects and twenty detections."""
    ground_truth, found = _made_up(images)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = ground_truth
        truth.createIndex()
        results = truth.loadRes(found)
    backends = sorted(BACKENDS.items(), key=lambda item: item[0] != "pycocotools")
    return {
        task: side_by_side({name: _evaluation(kind, truth, results, task) for name, kind in backends}, rounds)
        for task in TASKS
    }


def _evaluation(kind: type[PycocotoolsEval], truth: COCO, results: COCO, task: str) -> Callable[[], None]:
    def evaluate() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            run = kind(copy.copy(truth), copy.copy(results), task)
            run.evaluate()
            run.accumulate()
            run.summarize()

    return evaluate


def _made_up(images: int) -> tuple[dict, list[dict]]:
    """A COCO file of ten categories, and detections that are its objects, moved a little, and others."""
    rng, annotations, found = np.random.default_rng(0), [], []
    for image in range(1, images + 1):
        for number in range(20):
            box = np.array([*rng.uniform(0, 400, 2), *np.exp(rng.uniform(2.5, 5.5, 2))])
            what = {"image_id": image, "category_id": int(rng.integers(1, 11))}
            if number < 7:
                annotations.append({**what, **_ellipse(box), "id": len(annotations) + 1, "iscrowd": 0})
            found.append({**what, **_ellipse(box * np.exp(rng.normal(0, 0.05, 4))), "score": float(rng.random())})
    names = [{"id": n, "name": f"category {n}"} for n in range(1, 11)]
    sizes = [{"id": n, "width": 800, "height": 800, "file_name": f"{n}.jpg"} for n in range(1, images + 1)]
    return {"images": sizes, "annotations": annotations, "categories": names}, found


def _ellipse(box: np.ndarray) -> dict:
    """A polygon that fills a box (x, y, width, height) as an ellipse does."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    points = box[:2] + box[2:] / 2 * (1 + np.stack([np.cos(angles), np.sin(angles)], axis=1))
    area = float(box[2] * box[3] * np.pi / 4)
    return {"bbox": box.tolist(), "segmentation": [points.reshape(-1).tolist()], "area": area}
