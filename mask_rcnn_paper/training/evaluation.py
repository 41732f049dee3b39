"""COCO evaluation whose files are whole or not there, and whose backend can be chosen."""

import logging
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from detectron2.evaluation import COCOEvaluator, coco_evaluation
from detectron2.utils import comm

from mask_rcnn_paper.coco.backends import BACKENDS, PycocotoolsEval, choose_backend
from mask_rcnn_paper.coco.calibration import save_calibrations
from mask_rcnn_paper.coco.matches import save_matches
from mask_rcnn_paper.data.proposals import read_proposals, write_proposals
from mask_rcnn_paper.data.registered import data_versions
from mask_rcnn_paper.files import disk_full_explained, sync_folder
from mask_rcnn_paper.proposal_files import PICKLE, PROPOSALS
from mask_rcnn_paper.stages import CALIBRATION, MATCHES

_logger = logging.getLogger("detectron2.mask_rcnn_paper")


class SafeCOCOEvaluator(COCOEvaluator):
    """detectron2's COCOEvaluator, which shows its files only when all are written and synced.

    detectron2 writes them in place: killed meanwhile, it would leave a part of an RPN's proposals. It pickles these,
    which become `PROPOSALS` here. Of a detector there are two files more: `MATCHES`, what was matched, and
    `CALIBRATION`, the precision of scores that follows from it. Arguments are COCOEvaluator's, `backend` is as
    TEST.COCO_BACKEND, and `config_hash` is what stored proposals say of their RPN.
    """

    # Tasks whose metrics COCO's evaluation computes, and follow from what it matched.
    matched_tasks: Collection[str] = ("bbox", "segm", "keypoints")

    def __init__(
        self, dataset_name: str, output_dir: str | Path, backend: str = "auto", config_hash: str = "", **options: Any
    ) -> None:
        self.dataset_name, self.final_dir = dataset_name, Path(output_dir)
        self.unfinished_dir = self.final_dir / ".unfinished"
        self.config_hash = config_hash
        self.backend = BACKENDS[choose_backend(backend)]
        if comm.is_main_process():
            shutil.rmtree(self.unfinished_dir, ignore_errors=True)  # of a run that was killed
        options |= {"output_dir": str(self.unfinished_dir), "use_fast_impl": False}
        super().__init__(dataset_name, **options)

    def evaluate(self, img_ids: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
        """As COCOEvaluator; the files are in their places afterwards.

        Raises:
            DiskFullError: there is no space; files of an earlier evaluation are as they were.
        """
        try:
            with disk_full_explained(self.final_dir), _computed_by(self.backend) as evaluations:
                results = super().evaluate(img_ids)
                if comm.is_main_process() and self.unfinished_dir.is_dir():
                    by_task = {evaluation.params.iouType: evaluation for evaluation in evaluations}
                    if by_task := {task: by_task[task].matches() for task in by_task if task in self.matched_tasks}:
                        save_matches(self.unfinished_dir / MATCHES, by_task)
                        save_calibrations(self.unfinished_dir / CALIBRATION, by_task)
                    self._convert_proposals()
                    self._show_files()
        finally:
            if comm.is_main_process():
                shutil.rmtree(self.unfinished_dir, ignore_errors=True)
        return results

    def _convert_proposals(self) -> None:
        pickled = self.unfinished_dir / PICKLE
        if pickled.is_file():
            found = read_proposals(pickled)
            name, version = self.dataset_name, data_versions([self.dataset_name])[self.dataset_name]
            found = replace(found, dataset=name, data_version=version, config_hash=self.config_hash)
            write_proposals(self.unfinished_dir / PROPOSALS, found)
            pickled.unlink()
            (self.final_dir / PICKLE).unlink(missing_ok=True)

    def _show_files(self) -> None:
        sync_folder(self.unfinished_dir)
        for name in (MATCHES, CALIBRATION):  # where nothing was detected now, they would be of before
            (self.final_dir / name).unlink(missing_ok=True)
        for path in sorted(self.unfinished_dir.iterdir()):
            os.replace(path, self.final_dir / path.name)
            _logger.info(f"{path.name} is whole, and now in {self.final_dir}")


@contextmanager
def _computed_by(backend: type[PycocotoolsEval]) -> Iterator[list[PycocotoolsEval]]:
    """Have detectron2 take `backend` for pycocotools' COCOeval, and keep the evaluations that it makes."""
    made: list[PycocotoolsEval] = []

    def make(*arguments: Any) -> PycocotoolsEval:
        made.append(backend(*arguments))
        return made[-1]

    original = coco_evaluation.COCOeval
    coco_evaluation.COCOeval = make
    try:
        yield made
    finally:
        coco_evaluation.COCOeval = original
