"""`build_optimizer` and `build_lr_scheduler`."""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.solver.lr_scheduler import LRMultiplier, WarmupParamScheduler
from fvcore.common.param_scheduler import CosineParamScheduler, MultiStepParamScheduler, ParamScheduler
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

_NORM_LAYERS = (
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.LocalResponseNorm,
)
CLIP_TYPES = ("value", "norm")
SCHEDULERS = ("WarmupMultiStepLR", "WarmupCosineLR")


def get_default_optimizer_params(
    model: nn.Module,
    base_lr: float | None = None,
    weight_decay: float | None = None,
    weight_decay_norm: float | None = None,
    bias_lr_factor: float | None = 1.0,
    weight_decay_bias: float | None = None,
) -> list[dict[str, Any]]:
    """Sort the trainable parameters into groups of equal learning rate and weight decay.

    Args:
        model: Its parameters count once each, also where modules share them.
        base_lr: Learning rate of everything but biases; None leaves it to the optimiser.
        weight_decay: Decay of what the next two do not set; None leaves it to the optimiser.
        weight_decay_norm: Decay of the parameters of normalisation layers; None is no exception.
        bias_lr_factor: Learning rate of biases as a multiple of `base_lr`.
        weight_decay_bias: Decay of biases, those of normalisation layers included; None is no exception.

    Returns:
        Parameter groups for `torch.optim`.

    Raises:
        ValueError: a `bias_lr_factor` other than 1 without `base_lr`.
    """
    factor = 1.0 if bias_lr_factor is None else bias_lr_factor
    if factor != 1.0 and base_lr is None:
        raise ValueError(f"bias_lr_factor={bias_lr_factor} needs base_lr")
    groups: dict[tuple[float | None, float | None], list[nn.Parameter]] = defaultdict(list)
    seen: set[nn.Parameter] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad or parameter in seen:
                continue
            seen.add(parameter)
            lr, decay = base_lr, weight_decay
            if isinstance(module, _NORM_LAYERS) and weight_decay_norm is not None:
                decay = weight_decay_norm
            if name == "bias":
                lr = lr if factor == 1.0 else lr * factor
                decay = decay if weight_decay_bias is None else weight_decay_bias
            groups[lr, decay].append(parameter)
    return [
        {"params": params} | {k: v for k, v in (("lr", lr), ("weight_decay", decay)) if v is not None}
        for (lr, decay), params in groups.items()
    ]


def _gradient_clipper(cfg: CfgNode) -> Callable[[nn.Parameter], Any]:
    """Function that clips the gradient of one parameter, from the node SOLVER.CLIP_GRADIENTS."""
    value, norm_type = cfg.CLIP_VALUE, cfg.NORM_TYPE
    if cfg.CLIP_TYPE == "value":
        return lambda parameter: nn.utils.clip_grad_value_(parameter, value)
    if cfg.CLIP_TYPE == "norm":
        return lambda parameter: nn.utils.clip_grad_norm_(parameter, value, norm_type)
    raise ValueError(f"SOLVER.CLIP_GRADIENTS.CLIP_TYPE={cfg.CLIP_TYPE!r}: choose from {', '.join(CLIP_TYPES)}")


def _clip_before_each_step(optimizer: torch.optim.Optimizer, cfg: CfgNode) -> None:
    """Clip each parameter's gradient by itself, not all as one vector, before every step."""
    clip = _gradient_clipper(cfg)

    def clip_all(opt: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
        for group in opt.param_groups:
            for parameter in group["params"]:
                clip(parameter)

    optimizer.register_step_pre_hook(clip_all)


def build_optimizer(cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
    """SGD with momentum as the node SOLVER describes it.

    Args:
        cfg: Full config.
        model: Its trainable parameters are optimised.

    Returns:
        The optimiser; with SOLVER.CLIP_GRADIENTS.ENABLED it clips before each step.

    Raises:
        ValueError: unknown SOLVER.CLIP_GRADIENTS.CLIP_TYPE, or nothing to train.
    """
    solver = cfg.SOLVER
    params = get_default_optimizer_params(
        model,
        base_lr=solver.BASE_LR,
        weight_decay=solver.WEIGHT_DECAY,
        weight_decay_norm=solver.WEIGHT_DECAY_NORM,
        bias_lr_factor=solver.BIAS_LR_FACTOR,
        weight_decay_bias=solver.WEIGHT_DECAY_BIAS,
    )
    if not params:
        raise ValueError(f"{type(model).__name__} has no trainable parameter: check MODEL.BACKBONE.FREEZE_AT")
    optimizer = torch.optim.SGD(
        params,
        lr=solver.BASE_LR,
        momentum=solver.MOMENTUM,
        nesterov=solver.NESTEROV,
        weight_decay=solver.WEIGHT_DECAY,
    )
    if solver.CLIP_GRADIENTS.ENABLED:
        _clip_before_each_step(optimizer, solver.CLIP_GRADIENTS)
    return optimizer


def _schedule_after_warmup(cfg: CfgNode) -> ParamScheduler:
    """Multiplier of the base rate by the fraction of training, from the node SOLVER."""
    name = cfg.LR_SCHEDULER_NAME
    if name == "WarmupMultiStepLR":
        steps = [step for step in cfg.STEPS if step < cfg.MAX_ITER]
        if len(steps) != len(cfg.STEPS):
            logging.getLogger(__name__).warning(
                "SOLVER.STEPS=%s: steps at or after SOLVER.MAX_ITER=%d are left out",
                tuple(cfg.STEPS),
                cfg.MAX_ITER,
            )
        if any(step <= 0 for step in steps) or sorted(set(steps)) != steps:
            raise ValueError(f"SOLVER.STEPS={tuple(cfg.STEPS)}: give positive iterations in rising order")
        values = [cfg.GAMMA**k for k in range(len(steps) + 1)]
        return MultiStepParamScheduler(values, milestones=steps, num_updates=cfg.MAX_ITER)
    if name == "WarmupCosineLR":
        return CosineParamScheduler(1.0, cfg.BASE_LR_END / cfg.BASE_LR)
    raise ValueError(f"SOLVER.LR_SCHEDULER_NAME={name!r}: choose from {', '.join(SCHEDULERS)}, or install detectron2")


def build_lr_scheduler(cfg: CfgNode, optimizer: torch.optim.Optimizer) -> LRScheduler:
    """Learning rate schedule, with warm-up, as the node SOLVER describes it.

    Args:
        cfg: Full config.
        optimizer: What it steers.

    Returns:
        A scheduler to step once an iteration.

    Raises:
        ValueError: unknown SOLVER.LR_SCHEDULER_NAME or WARMUP_METHOD, MAX_ITER below 1, STEPS out of order.
    """
    solver = cfg.SOLVER
    if solver.MAX_ITER < 1:
        raise ValueError(f"SOLVER.MAX_ITER={solver.MAX_ITER}: give at least 1")
    schedule = WarmupParamScheduler(
        _schedule_after_warmup(solver),
        solver.WARMUP_FACTOR,
        min(solver.WARMUP_ITERS / solver.MAX_ITER, 1.0),
        solver.WARMUP_METHOD,
        solver.RESCALE_INTERVAL,
    )
    return LRMultiplier(optimizer, schedule, solver.MAX_ITER)
