"""Random weights with which a model does the work of a trained one.

Time hangs on shapes and counts, not on what is found; so nothing has to be trained to measure it. But random layers
behind frozen normalisation overflow, and an untrained classifier finds nothing or everything.
"""

from typing import Any

import torch
from detectron2.layers import FrozenBatchNorm2d
from torch import nn

# Boxes that pass the score threshold for each detection that is left of them.
_CANDIDATES = 8


@torch.no_grad()
def calibrate(model: nn.Module, batch: list[dict[str, Any]], detections: int) -> None:
    """Let a model with random weights find as much as a trained one in these images, in one pass over them.

    Frozen normalisation takes the statistics of what it sees, as if it had been trained. No class is likelier than
    another, and the score threshold lets eight times as many boxes pass as there are to be `detections`.

    Args:
        model: A `GeneralizedRCNN`; changed in place, and in evaluation mode afterwards.
        batch: As for the model; images without proposals need one that makes them.
        detections: Of each image.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, FrozenBatchNorm2d)]
    hooks = [layer.register_forward_pre_hook(_FirstStatistics()) for layer in norms]
    even = _even_classes(_CANDIDATES * detections * len(batch))
    hooks.append(model.roi_heads.box_predictor.register_forward_hook(even))
    try:
        model.eval()(batch)
    finally:
        for hook in hooks:
            hook.remove()


class _FirstStatistics:
    """Gives a layer the mean and variance of its first input. A layer of a head may be called several times."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, layer: FrozenBatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        if not self.seen:
            values = inputs[0].float()
            layer.running_mean.copy_(values.mean(dim=(0, 2, 3)))
            layer.running_var.copy_(values.var(dim=(0, 2, 3), unbiased=False))
            self.seen = True


def _even_classes(candidates: int) -> Any:
    """A hook on detectron2's box predictor; it returns (R, K + 1) scores and (R, 4 K) deltas."""

    def hook(predictor: nn.Module, inputs: Any, output: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        scores, deltas = output
        mean = scores.mean(dim=0)
        predictor.cls_score.bias -= mean
        scores = scores - mean
        of_classes = scores.softmax(dim=1)[:, :-1].flatten()
        # A candidate's score is above the threshold, not at it.
        lowest = of_classes.topk(min(candidates + 1, len(of_classes))).values[-1]
        predictor.test_score_thresh = float(lowest)
        return scores, deltas

    return hook
