"""Evaluation on Cityscapes: masks by its own script, boxes by COCO's metrics, and the submission of a test split."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectron2.data import MetadataCatalog
from detectron2.utils import comm

from mask_rcnn_paper.cityscapes.folders import INSTANCE_IDS, TEST, by_frame, label_folder
from mask_rcnn_paper.cityscapes.protocol import average_precision
from mask_rcnn_paper.cityscapes.submission import Prediction, write_predictions, zip_predictions
from mask_rcnn_paper.data.cityscapes_splits import EVALUATOR
from mask_rcnn_paper.files import disk_full_explained, read_json
from mask_rcnn_paper.training.evaluation import SafeCOCOEvaluator

_logger = logging.getLogger("detectron2.mask_rcnn_paper")
SUBMISSION = "submission"
MASKS = "segm"


def is_cityscapes(dataset_name: str) -> bool:
    """Whether a dataset was registered by `data.cityscapes_splits`."""
    metadata = MetadataCatalog.get(dataset_name)
    return metadata.get("evaluator_type") == EVALUATOR and metadata.get("cityscapes") is not None


class CityscapesEvaluator(SafeCOCOEvaluator):
    """SafeCOCOEvaluator whose "segm" is the protocol of Cityscapes; COCO's numbers of masks are "segm_coco".

    The two are not comparable. Of a test split, whose labels are on the server, there are no metrics, but
    `SUBMISSION`.zip, which the server takes. Arguments are SafeCOCOEvaluator's.
    """

    matched_tasks = ("bbox",)

    def __init__(self, dataset_name: str, output_dir: str | Path, backend: str = "auto", **options: Any) -> None:
        super().__init__(dataset_name, output_dir, backend, tasks=("bbox", MASKS), **options)
        metadata = MetadataCatalog.get(dataset_name)
        self.root, self.split = metadata.cityscapes
        self.json_file = metadata.json_file

    def evaluate(self, img_ids: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
        """Metrics by protocol: "segm" by the script, "bbox" and "segm_coco" by COCO's; {} of a test split.

        Raises:
            DiskFullError: there is no space for the predictions in the script's format.
        """
        results = super().evaluate(img_ids)
        if not comm.is_main_process():
            return results
        folder = self.final_dir / SUBMISSION
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with disk_full_explained(folder):
            write_predictions(folder, self._predictions_by_image())
            if self.split == TEST:
                archive = zip_predictions(folder)
                _logger.info(f"no labels of the test split are published: upload {archive} to cityscapes-dataset.com")
                return results
        labels = list(by_frame(label_folder(self.root, self.split), INSTANCE_IDS).values())
        results[f"{MASKS}_coco"] = results.pop(MASKS, {})
        results[MASKS] = average_precision(folder, labels)
        shutil.rmtree(folder)
        return results

    def _predictions_by_image(self) -> dict[str, list[Prediction]]:
        """Of every image of the split, from the file that COCO's evaluator has left; category ids are label ids."""
        names = {image["id"]: image["file_name"] for image in read_json(self.json_file)["images"]}
        found: dict[str, list[Prediction]] = {name: [] for name in names.values()}
        for result in read_json(self.final_dir / "coco_instances_results.json") or []:
            prediction = Prediction(result["segmentation"], result["category_id"], result["score"])
            found[names[result["image_id"]]].append(prediction)
        return found
