"""Mixed precision on the CPU: convolutions and matrix products in bfloat16, predictions and losses in float32.

On a GPU SOLVER.AMP.ENABLED is detectron2's: float16 in training, with scaled gradients. detectron2's trainer knows no
other device. Here the model itself computes in mixed precision, in training and evaluation; bfloat16 has the range of
float32, so gradients need no scale.
"""

import logging
from collections.abc import Callable

import torch
from detectron2.config import CfgNode
from torch import nn

FLOAT32, FLOAT16, BFLOAT16 = "float32", "float16", "bfloat16"
# Under these names detectron2's heads, and this project's, keep the layers whose output is a prediction. Rounded to
# bfloat16's 8 bits, scores would tie, and large logits lose what tells them apart.
_PREDICTIONS = ("objectness_logits", "anchor_deltas", "cls_score", "bbox_pred", "predictor", "score_lowres", "linear")
# The mask branch of TensorMask reads its last convolution's weights in float32 by itself.
_KEYPOINT_LOGITS = "score_lowres"
_logger = logging.getLogger("detectron2.mask_rcnn_paper")


def settle_precision(cfg: CfgNode) -> None:
    """Set PRECISION, in place, to what MODEL.DEVICE computes in where SOLVER.AMP.ENABLED asks for mixed precision.

    On a CPU SOLVER.AMP.ENABLED becomes False, since detectron2 would want a GPU for it. A CPU without bfloat16 would be
    many times slower with it: it computes in float32, and says so. A config that was settled on a CPU, as a training
    leaves it, stays what it is there.
    """
    if cfg.MODEL.DEVICE.startswith("cuda"):
        cfg.PRECISION = FLOAT16 if cfg.SOLVER.AMP.ENABLED else FLOAT32
    elif not (cfg.SOLVER.AMP.ENABLED or cfg.PRECISION == BFLOAT16):
        cfg.PRECISION = FLOAT32
    else:
        cfg.SOLVER.AMP.ENABLED = False
        cfg.PRECISION = BFLOAT16 if cpu_has_bfloat16() else FLOAT32
        if cfg.PRECISION == FLOAT32:
            _logger.warning("This CPU has no bfloat16 (SOLVER.AMP.ENABLED): computing in float32, about twice as long")


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies in bfloat16 rather than imitating it."""
    found = getattr(torch.cpu, "get_capabilities", dict)()  # since torch 2.10
    return any(has and name.endswith("bf16") for name, has in found.items())


def set_precision(model: nn.Module, precision: str) -> nn.Module:
    """Let a model on the CPU compute in `precision`; returns the model, with the same parameters.

    Convolutions get channels-last weights, which are faster there at any precision.
    """
    if next(model.parameters()).device.type != "cpu":
        return model
    model.to(memory_format=torch.channels_last)
    for name, layer in model.named_modules():
        if name.rpartition(".")[2] == _KEYPOINT_LOGITS:
            # detectron2's keypoint loss takes a view of its logits that channels-last tensors do not have.
            layer.register_forward_hook(lambda layer, inputs, output: output.contiguous())
    if precision == BFLOAT16:
        for name in ("forward", "inference"):  # test-time augmentation calls the latter
            if hasattr(model, name):
                setattr(model, name, torch.autocast("cpu", torch.bfloat16)(getattr(model, name)))
        for name, layer in model.named_modules():
            if name.rpartition(".")[2] in _PREDICTIONS:
                layer.forward = _in_float32(layer.forward)
    return model


def _in_float32(forward: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    def compute(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            return forward(x.float())

    return compute
