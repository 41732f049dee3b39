"""Training hooks of the plugin."""

import time

from detectron2.engine import HookBase
from detectron2.utils import comm

from mask_rcnn_paper.training.progress import write_progress


class ProgressHook(HookBase):
    """Write `progress.json` into a folder about once a second, for whoever watches the run from outside.

    Args:
        output_dir: Folder of the run.
        period: Seconds between two writings.
    """

    def __init__(self, output_dir: str, period: float = 1.0) -> None:
        self.output_dir = output_dir
        self.period = period
        self.last_written = 0.0

    def after_step(self) -> None:
        """Write how many iterations are done, how many were when this run began, and the latest total loss."""
        done, total = self.trainer.iter + 1, self.trainer.max_iter
        now = time.monotonic()
        if not comm.is_main_process() or (now - self.last_written < self.period and done < total):
            return
        self.last_written = now
        loss = self.trainer.storage.latest().get("total_loss")
        info = {} if loss is None else {"loss": round(float(loss[0]), 4)}
        write_progress(self.output_dir, done, total, "train", first=self.trainer.start_iter, **info)
