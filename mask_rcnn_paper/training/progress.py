"""How far a job is, in a small file that another process can read: `OUTPUT_DIR/progress.json`."""

import logging
import time
from pathlib import Path
from typing import Any

from mask_rcnn_paper.files import write_json_atomically

PROGRESS_FILE = "progress.json"
_not_written: set[Path] = set()
_found: dict[Path, float] = {}


def found_trained(output_dir: str | Path, done: int, total: int) -> None:
    """Note that `done` of `total` iterations had been done before this process: whoever tells its speed must know."""
    _found[Path(output_dir)] = done / max(1, total)


def write_progress(output_dir: str | Path, done: int, total: int, stage: str, **info: Any) -> None:
    """Say that `done` of `total` units of `stage` are behind us.

    A file that cannot be written is reported once in a process and does no more harm: it only serves who watches. Of a
    resumed training `found` stands in it from there on, the share of its iterations that `found_trained` was told of.

    Args:
        output_dir: Folder of the job.
        done, total: Units (iterations, images), 0 <= done <= total.
        stage: What is being done: "pretrain", "train", "distill", "evaluate" or "write".
        **info: Further JSON values: the `loss`; `part`, the number from 0 of these units where there are several
            `parts` of the stage.
    """
    record = {"stage": stage, "done": int(done), "total": int(total), "time": time.time(), **info}
    if found := _found.get(Path(output_dir)):
        record["found"] = found
    path = Path(output_dir) / PROGRESS_FILE
    try:
        write_json_atomically(path, record)
    except OSError as error:
        if path not in _not_written:
            _not_written.add(path)
            logging.getLogger("detectron2.mask_rcnn_paper").warning(f"No progress is shown from here on: {error}")
