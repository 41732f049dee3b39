"""COCO evaluation whose files are whole or not there."""

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectron2.evaluation import COCOEvaluator
from detectron2.utils import comm

from mask_rcnn_paper.files import disk_full_explained, sync_folder

_logger = logging.getLogger("detectron2.mask_rcnn_paper")


class SafeCOCOEvaluator(COCOEvaluator):
    """detectron2's COCOEvaluator, which shows its files only when all are written and synced.

    detectron2 writes them in place: killed meanwhile, it would leave a part of an RPN's proposals.

    Args:
        dataset_name: A registered dataset.
        output_dir: Folder for coco_instances_results.json and box_proposals.pkl.
        **options: As for COCOEvaluator.
    """

    def __init__(self, dataset_name: str, output_dir: str | Path, **options: Any) -> None:
        self.final_dir = Path(output_dir)
        self.unfinished_dir = self.final_dir / ".unfinished"
        if comm.is_main_process():
            shutil.rmtree(self.unfinished_dir, ignore_errors=True)  # of a run that was killed
        super().__init__(dataset_name, output_dir=str(self.unfinished_dir), **options)

    def evaluate(self, img_ids: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
        """As COCOEvaluator; the files are in their places afterwards.

        Raises:
            DiskFullError: there is no space; files of an earlier evaluation are as they were.
        """
        try:
            with disk_full_explained(self.final_dir):
                results = super().evaluate(img_ids)
                if comm.is_main_process() and self.unfinished_dir.is_dir():
                    sync_folder(self.unfinished_dir)
                    for path in sorted(self.unfinished_dir.iterdir()):
                        os.replace(path, self.final_dir / path.name)
                        _logger.info(f"{path.name} is whole, and now in {self.final_dir}")
        finally:
            if comm.is_main_process():
                shutil.rmtree(self.unfinished_dir, ignore_errors=True)
        return results
