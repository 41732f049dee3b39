"""An evaluation says how far it is."""

import time
from collections.abc import Iterator, Sequence, Sized
from pathlib import Path
from typing import Any

from detectron2.utils import comm
from tqdm import tqdm

from mask_rcnn_paper.training.progress import write_progress


class WatchedBatches:
    """The batches of a loader, with a progress file in the folder of the job.

    Args:
        batches: Can be iterated over and has a length.
        output_dir: Folder of the job.
        dataset_name: One of `datasets`, which the job evaluates one after the other.
        bar: Show a bar on a terminal: where each batch takes long, and detectron2's log says nothing for minutes.
        period: Seconds between two writings of the file.
    """

    def __init__(
        self,
        batches: Sized,
        output_dir: str | Path,
        dataset_name: str,
        datasets: Sequence[str],
        bar: bool = False,
        period: float = 1.0,
    ) -> None:
        self.batches, self.output_dir, self.dataset_name, self.datasets = batches, output_dir, dataset_name, datasets
        self.bar, self.period = bar, period

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        """The main process tells of its own share of the batches; those of the others are as large.

        After the last batch of the last dataset there are metrics to compute and to write.
        """
        if not comm.is_main_process():
            yield from self.batches
            return
        written = float("-inf")
        hidden = None if self.bar else True  # None: where there is no terminal
        for done, batch in enumerate(tqdm(self.batches, desc=self.dataset_name, unit="batch", disable=hidden)):
            if time.monotonic() - written >= self.period:
                written = time.monotonic()
                self._write(done)
            yield batch
        if self.dataset_name == self.datasets[-1]:
            write_progress(self.output_dir, 1, 1, "write")

    def _write(self, done: int) -> None:
        part = {"part": list(self.datasets).index(self.dataset_name), "parts": len(self.datasets)}
        write_progress(self.output_dir, done, len(self), "evaluate", **part)
