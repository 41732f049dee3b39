"""A drawn COCO dataset with crowds, and detections that miss, repeat and misplace its objects."""

import contextlib
import copy
import io
from collections.abc import Sequence

import numpy as np
from pycocotools import mask as mask_util
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TASKS = ("bbox", "segm", "keypoints")
SIGMAS = (0.05, 0.06, 0.07, 0.08, 0.09)
HEIGHT, WIDTH = 240, 320
# Of the first there are no objects, of the last no detections.
CATEGORIES = (2, 3, 5, 9)


def dataset(seed: int, images: int = 12, first_id: int = 1) -> dict:
    """Boxes, masks and 5 keypoints of all sizes; ids of annotations count from `first_id`."""
    rng = np.random.default_rng(seed)
    entries = [{"id": 10 + 3 * n, "height": HEIGHT, "width": WIDTH} for n in range(images)]
    annotations = []
    for image in entries:
        for _ in range(rng.integers(0, 7)):
            w, h = np.exp(rng.uniform(np.log(8), np.log(200), 2))
            x, y = rng.uniform(0, WIDTH - w), rng.uniform(0, HEIGHT - h)
            crowd = int(rng.random() < 0.15)
            outline = [[x, y, x + w, y, x + w, y + h, x, y + 0.8 * h]]
            points = np.stack([rng.uniform(x, x + w, 5), rng.uniform(y, y + h, 5), rng.integers(0, 3, 5)], axis=1)
            points *= rng.random() < 0.85
            annotations.append(
                {
                    "id": first_id + len(annotations),
                    "image_id": image["id"],
                    "category_id": int(rng.choice(CATEGORIES[1:])),
                    "bbox": [x, y, w, h],
                    "area": 0.9 * w * h,
                    "iscrowd": crowd,
                    "segmentation": run_lengths([x, y, w, h]) if crowd else outline,
                    "keypoints": points.ravel().tolist(),
                    "num_keypoints": int(np.count_nonzero(points[:, 2])),
                }
            )
    categories = [{"id": key, "name": f"class {key}"} for key in CATEGORIES]
    return {"info": {}, "images": entries, "categories": categories, "annotations": annotations}


def detections(data: dict, seed: int, decimals: int = 6) -> list[dict]:
    """Results of up to four detections an object, some of another class; few `decimals` give many equal scores."""
    rng = np.random.default_rng(seed)
    results = []
    for annotation in data["annotations"]:
        for _ in range(rng.integers(0, 5)):
            spread = 0.1 * rng.exponential() * np.sqrt(annotation["area"])
            box = np.float32(annotation["bbox"] + rng.normal(0, spread, 4)).clip(1)
            points = np.reshape(annotation["keypoints"], (5, 3)) + rng.normal(0, spread, (5, 3)) / 2
            own_class = annotation["category_id"] != CATEGORIES[-1] and rng.random() < 0.8
            results.append(
                {
                    "image_id": annotation["image_id"],
                    "category_id": annotation["category_id"] if own_class else int(rng.choice(CATEGORIES[:-1])),
                    "bbox": box.tolist(),
                    "segmentation": run_lengths(box),
                    "keypoints": np.float32(points).ravel().tolist(),
                    "score": float(np.float32(round(rng.random(), decimals))),
                }
            )
    rng.shuffle(results)
    return results


def run_lengths(box: Sequence[float]) -> dict:
    """The mask of an XYWH box."""
    x, y, w, h = (int(value) for value in box)
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    mask[y : y + h + 1, x : x + w + 1] = 1
    found = mask_util.encode(mask)
    return {"size": found["size"], "counts": found["counts"].decode()}


def evaluated(kind: type[COCOeval], data: dict, results: list[dict], task: str, **params: object) -> COCOeval:
    """What detectron2 does with results."""
    coco = COCO()
    coco.dataset = copy.deepcopy(data)
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        kept = [{k: v for k, v in r.items() if task != "segm" or k != "bbox"} for r in copy.deepcopy(results)]
        evaluation = kind(coco, coco.loadRes(kept), task)
        for name, value in (({"kpt_oks_sigmas": np.array(SIGMAS)} if task == "keypoints" else {}) | params).items():
            setattr(evaluation.params, name, value)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation
