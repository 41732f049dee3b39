"""What a row costs: the parameters of its model, and the time of a training step."""

import time
from pathlib import Path
from statistics import median

from detectron2.engine import HookBase
from torch import nn

from mask_rcnn_paper.training.scalars import read_scalars

_STEP_SECONDS = "step_seconds"


def parameter_counts(model: nn.Module) -> dict[str, int]:
    """Numbers of trained parameters: `parameters` of the model, `mask_head_parameters` of its mask branch, if any."""
    trained = [(f".{name}", weight.numel()) for name, weight in model.named_parameters() if weight.requires_grad]
    counts = {"parameters": sum(number for _, number in trained)}
    mask_head = sum(number for name, number in trained if ".roi_heads.mask_head." in name)
    return counts | ({"mask_head_parameters": mask_head} if mask_head else {})


class StepTimer(HookBase):
    """Log the seconds of each training step; register it first, so that other hooks do not count.

    On a CPU they are those of its processors, which other jobs on the machine hardly change; on a GPU, which a job has
    to itself, those of the clock.
    """

    def __init__(self, device: str) -> None:
        self.clock = time.process_time if device == "cpu" else time.perf_counter

    def before_step(self) -> None:
        """Start."""
        self.began = self.clock()

    def after_step(self) -> None:
        """Stop."""
        self.trainer.storage.put_scalar(_STEP_SECONDS, self.clock() - self.began)


def step_times(folder: str | Path) -> dict[str, float]:
    """`iteration`: the median seconds of a training step that the run in this folder logged; {} if it logged none."""
    seconds = read_scalars(folder, [_STEP_SECONDS]).get(_STEP_SECONDS)
    return {"iteration": median(seconds.values())} if seconds else {}
