"""Annotate unlabelled images with what a teacher detects in them.

Paper: Mask R-CNN (arXiv:1703.06870), Appendix B, Table 9: "a model trained on labeled data to predict annotations on
unlabeled images"; after Data Distillation (arXiv:1712.04440, [35] there).

Writes OUTPUT_DIR/annotations.json, a COCO file of the images that have annotations, with the labelled data's
categories, and OUTPUT_DIR/box_proposals.npz, where the teacher uses an RPN's proposals: its student will want them.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.config import CfgNode
from detectron2.utils import comm

from mask_rcnn_paper.coco.image_info import load_image_info
from mask_rcnn_paper.data.distilled import annotated_name
from mask_rcnn_paper.data.proposals import Proposals, write_proposals
from mask_rcnn_paper.data.registered import coco_files
from mask_rcnn_paper.distill.annotations import make_annotation
from mask_rcnn_paper.distill.shards import Found, Shards
from mask_rcnn_paper.distill.threshold import TeacherError, instances_per_image, matching_threshold
from mask_rcnn_paper.files import disk_full_explained, write_text_atomically
from mask_rcnn_paper.proposal_files import PROPOSALS
from mask_rcnn_paper.stages import DISTILLED_ANNOTATIONS
from mask_rcnn_paper.training.result_file import write_result


@dataclass(frozen=True)
class Summary:
    """Counts of a distillation: of `images` so many are `left_out`, without annotations; the others have `instances`.

    `detected` is the number of all detections, `wanted` that of instances at the rate of the labelled data, and
    `threshold` the least score of those kept.
    """

    images: int
    left_out: int
    detected: int
    instances: int
    wanted: float
    threshold: float

    @property
    def lines(self) -> str:
        """For people."""
        found, labelled = self.instances / self.images, self.wanted / self.images
        few = ", fewer than wanted: the teacher finds no more" if self.detected + 1 <= self.wanted else ""
        kept = self.images - self.left_out
        return (
            f"{self.instances} instances with a score of at least {self.threshold:.4f}, {found:.2f} an image; "
            f"the labelled data have {labelled:.2f}{few}\n"
            f"{kept} {'image has' if kept == 1 else 'images have'} annotations; "
            f"{self.left_out} of {self.images} have none and are left out"
        )


def distill(cfg: CfgNode, find: Callable[..., list[Found]], resume: bool = False) -> Summary | None:
    """Annotate the images of DATASETS.TEST as DATASETS.TRAIN are annotated; all processes work on it.

    Args:
        cfg: Of the teacher.
        find: The teacher, as `Teacher` is called.
        resume: Go on from what an earlier run has left in OUTPUT_DIR.

    Returns:
        Counts, in the main process; None in the others.

    Raises:
        TeacherError: the teacher detects nothing, or has classes that the labelled data lack.
        ValueError: there are no labels, or DATASETS.TEST names not one dataset in a file.
        FileNotFoundError: data are not there.
    """
    start = time.monotonic()
    json_file, samples = unlabeled_images(cfg)
    labelled = [coco_files(name)[0] for name in cfg.DATASETS.TRAIN]
    rate = instances_per_image(labelled)
    shards = Shards(cfg.OUTPUT_DIR, samples)
    shards.work(find, resume)
    if not comm.is_main_process():
        return None
    scores = [result["score"] for entry in shards for result in entry["results"]]
    threshold = matching_threshold(np.array(scores), rate * len(samples))
    categories = sorted(json.loads(labelled[0].read_bytes())["categories"], key=lambda category: category["id"])
    polygons = cfg.INPUT.MASK_FORMAT == "polygon"
    annotations, kept = _annotate(shards, samples, threshold, categories, polygons)
    wanted = float(rate * len(samples))
    summary = Summary(len(samples), len(samples) - len(kept), len(scores), len(annotations), wanted, threshold)
    info = {"description": "annotations by a teacher", "teacher": cfg.MODEL.WEIGHTS, **vars(summary)}
    content = {"info": info, "images": _images(json_file, kept), "annotations": annotations, "categories": categories}
    with disk_full_explained(cfg.OUTPUT_DIR):
        if cfg.MODEL.LOAD_PROPOSALS:
            dataset = annotated_name(cfg.DATASETS.TEST[0])
            write_proposals(Path(cfg.OUTPUT_DIR, PROPOSALS), _proposals(shards, kept, dataset))
        text = json.dumps(content, separators=(",", ":"))
        write_text_atomically(Path(cfg.OUTPUT_DIR, DISTILLED_ANNOTATIONS), text)
        write_result(cfg, {"distillation": vars(summary)}, time.monotonic() - start)
    shards.remove()
    return summary


def unlabeled_images(cfg: CfgNode) -> tuple[Path, list[dict]]:
    """The file that lists the images of DATASETS.TEST, and their samples in detectron2's format.

    Raises:
        ValueError, FileNotFoundError: as `distill`, and as `load_image_info`.
    """
    if len(cfg.DATASETS.TEST) != 1:
        raise ValueError(f"DATASETS.TEST={tuple(cfg.DATASETS.TEST)}: name the one dataset of unlabelled images")
    json_file, image_root = coco_files(cfg.DATASETS.TEST[0])
    return json_file, load_image_info(json_file, image_root)


def _annotate(
    shards: Shards, samples: list[dict], threshold: float, categories: list[dict], polygons: bool
) -> tuple[list[dict], set]:
    """Annotations of all images, best first in each, and the ids of the images that have any."""
    annotations, kept = [], set()
    for sample, entry in zip(samples, shards, strict=True):
        chosen = sorted((r for r in entry["results"] if r["score"] >= threshold), key=lambda r: -r["score"])
        for result in chosen:
            if not 0 <= result["category_id"] < len(categories):
                have = f"the labelled data have {len(categories)} categories"
                raise TeacherError(f"the teacher detects class {result['category_id']}, but {have}: is it theirs?")
            result = {**result, "category_id": categories[result["category_id"]]["id"]}
            annotation = make_annotation(result, sample["height"], sample["width"], polygons)
            if annotation is not None:
                annotations.append({"id": len(annotations) + 1, **annotation})
                kept.add(sample["image_id"])
    return annotations, kept


def _images(json_file: Path, kept: set) -> list[dict[str, Any]]:
    return [image for image in json.loads(json_file.read_bytes())["images"] if image["id"] in kept]


def _proposals(shards: Shards, kept: set, dataset: str) -> Proposals:
    """Those of the RPN for the images that have annotations."""
    entries = [entry for entry in shards if entry["image_id"] in kept]
    ids, boxes, logits = (tuple(entry[key] for entry in entries) for key in ("image_id", "boxes", "logits"))
    return Proposals(ids, boxes, logits, dataset=dataset)
