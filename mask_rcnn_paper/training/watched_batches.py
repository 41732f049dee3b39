"""An evaluation that takes long says how far it is."""

import time
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Any

from detectron2.utils import comm
from tqdm import tqdm

from mask_rcnn_paper.training.progress import write_progress


class WatchedBatches:
    """The batches of a loader, with a bar on a terminal and a progress file in the folder of the job.

    Args:
        batches: Can be iterated over and has a length.
        output_dir: Folder of the job.
        what: Text beside the bar.
        period: Seconds between two writings of the file.
    """

    def __init__(self, batches: Sized, output_dir: str | Path, what: str, period: float = 1.0) -> None:
        self.batches, self.output_dir, self.what, self.period = batches, output_dir, what, period

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        """The main process tells of its own share of the batches; those of the others are as large."""
        if not comm.is_main_process():
            yield from self.batches
            return
        total, written = len(self), float("-inf")
        for done, batch in enumerate(tqdm(self.batches, desc=self.what, unit="image", disable=None)):
            if time.monotonic() - written >= self.period:
                written = time.monotonic()
                write_progress(self.output_dir, done, total, "evaluate")
            yield batch
        write_progress(self.output_dir, total, total, "evaluate")
