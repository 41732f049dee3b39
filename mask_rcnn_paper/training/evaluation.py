"""COCO evaluation whose files are whole or not there, and what computes its metrics."""

import importlib.metadata
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import detectron2
from detectron2.evaluation import COCOEvaluator
from detectron2.utils import comm

from mask_rcnn_paper.files import disk_full_explained, sync_folder

try:
    from detectron2.evaluation.fast_eval_api import COCOeval_opt
except ImportError:  # detectron2's compiled part is not there
    COCOeval_opt = None

_logger = logging.getLogger("detectron2.mask_rcnn_paper")


def coco_backend() -> str:
    """ "COCOeval_opt of detectron2 0.6" where detectron2 has its compiled evaluation, else "pycocotools 2.0.11"."""
    if COCOeval_opt is None:
        return f"pycocotools {importlib.metadata.version('pycocotools')}"
    return f"{COCOeval_opt.__name__} of detectron2 {detectron2.__version__}"


class SafeCOCOEvaluator(COCOEvaluator):
    """detectron2's COCOEvaluator, which shows its files only when all are written and synced.

    detectron2 writes them in place: killed meanwhile, it would leave a part of an RPN's proposals. Arguments are
    COCOEvaluator's, but for use_fast_impl: what there is, is used.
    """

    def __init__(self, dataset_name: str, output_dir: str | Path, **options: Any) -> None:
        self.final_dir = Path(output_dir)
        self.unfinished_dir = self.final_dir / ".unfinished"
        if comm.is_main_process():
            shutil.rmtree(self.unfinished_dir, ignore_errors=True)  # of a run that was killed
        options |= {"output_dir": str(self.unfinished_dir), "use_fast_impl": COCOeval_opt is not None}
        super().__init__(dataset_name, **options)

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
