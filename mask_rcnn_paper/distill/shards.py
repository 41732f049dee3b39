"""What a teacher finds, worked out and kept on disk in shards, so that a run that was killed goes on with the next.

OUTPUT_DIR/shards/shard_00000.pkl   what was found in the first `SHARD` images; the next has those after them
OUTPUT_DIR/last_checkpoint         the newest shard, by which `python -m ablations` knows that a run can be resumed
"""

import itertools
import pickle
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from detectron2.utils import comm

from mask_rcnn_paper.files import write_bytes_atomically, write_text_atomically
from mask_rcnn_paper.plain_pickle import read_plain_pickle
from mask_rcnn_paper.training.progress import write_progress

SHARD = 200
"""Images of a shard."""

Found = dict
_FOLDER, _NEWEST = "shards", "last_checkpoint"
_PERIOD = 1.0  # seconds between two writings of the progress file


class Shards:
    """The shards of the work on some images, in a folder.

    Args:
        output_dir: Folder of the run.
        samples: Of the images, in detectron2's format; the same when a run is resumed.
    """

    def __init__(self, output_dir: str | Path, samples: list[dict]) -> None:
        self.output_dir, self.samples = Path(output_dir), samples
        self.folder = self.output_dir / _FOLDER
        self.count = -(-len(samples) // SHARD)

    def work(self, find: Callable[..., list[Found]], resume: bool) -> None:
        """Let all processes find something in the images of every shard that is not there yet.

        Args:
            find: A function of samples and of what is called with the number of those that are done, as `Teacher`.
            resume: Keep the shards that an earlier run has left.

        Raises:
            DiskFullError: there is no space for a shard; earlier ones are whole.
        """
        if not resume and comm.is_main_process():
            self.remove()
        comm.synchronize()
        for number in range(self.count):
            if self._path(number).is_file():
                continue
            samples = self.samples[number * SHARD : (number + 1) * SHARD]
            share = samples[comm.get_rank() :: comm.get_world_size()]
            gathered = comm.gather(find(share, self._watch(number * SHARD)))
            if comm.is_main_process():
                self._save(number, [entry for row in itertools.zip_longest(*gathered) for entry in row if entry])
            comm.synchronize()
        if comm.is_main_process():
            write_progress(self.output_dir, len(self.samples), len(self.samples), "distill")

    def __iter__(self) -> Iterator[Found]:
        """What was found in each image, in order; a shard at a time is in memory."""
        for number in range(self.count):
            yield from read_plain_pickle(self._path(number))

    def remove(self) -> None:
        """Remove all shards."""
        (self.output_dir / _NEWEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"shard_{number:05d}.pkl"

    def _save(self, number: int, found: list[Found]) -> None:
        write_bytes_atomically(self._path(number), pickle.dumps(found))
        write_text_atomically(self.output_dir / _NEWEST, f"{_FOLDER}/{self._path(number).name}")

    def _watch(self, first: int) -> Callable[[int], None]:
        """Writes how far the work is, as if the other processes were as far."""
        written = float("-inf")

        def on_image(done: int) -> None:
            nonlocal written
            if comm.is_main_process() and time.monotonic() - written > _PERIOD:
                written = time.monotonic()
                behind = min(len(self.samples), first + done * comm.get_world_size())
                write_progress(self.output_dir, behind, len(self.samples), "distill")

        return on_image
