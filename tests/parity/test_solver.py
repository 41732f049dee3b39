"""The optimiser and the learning rate of every iteration are those recorded from detectron2."""

import json
from pathlib import Path

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.solver import build_lr_scheduler, build_optimizer
from torch import nn

RECORDED = json.loads((Path(__file__).parent / "data" / "solver_and_resize.json").read_text())
OPTIMIZER_CONFIG = {
    "default": [],
    "bias2_nodecay": ["SOLVER.BIAS_LR_FACTOR", 2.0, "SOLVER.WEIGHT_DECAY_BIAS", 0.0],
    "norm_decay": ["SOLVER.WEIGHT_DECAY_NORM", 0.01],
}
LR_CONFIG = {
    "paper": ["SOLVER.STEPS", (60, 80), "SOLVER.WARMUP_ITERS", 10, "SOLVER.WARMUP_FACTOR", 0.3333],
    "default_warmup": ["SOLVER.STEPS", (60,), "SOLVER.WARMUP_ITERS", 20],
    "cosine": ["SOLVER.LR_SCHEDULER_NAME", "WarmupCosineLR", "SOLVER.WARMUP_ITERS", 10],
}


def solver_cfg(*overrides):
    cfg = get_cfg()
    cfg.merge_from_list(["SOLVER.BASE_LR", 0.02, "SOLVER.MAX_ITER", 90, *overrides])
    return cfg


def skeleton(names):
    """A module tree with the given parameters, each of one element, and normalisation layers named `norm`."""
    root = nn.Module()
    for name in names:
        *path, leaf = name.split(".")
        module = root
        for part in path:
            if part not in module._modules:
                module.add_module(part, nn.BatchNorm2d(1) if part == "norm" else nn.Module())
            module = module._modules[part]
        if leaf not in module._parameters:
            module.register_parameter(leaf, nn.Parameter(torch.zeros(1)))
    return root


@pytest.mark.parametrize("tag", OPTIMIZER_CONFIG)
def test_learning_rate_and_decay_of_each_parameter(tag):
    """Every parameter of an R-50-C4 has the recorded learning rate and weight decay."""
    recorded = RECORDED["optimizer"][tag]
    model = skeleton(recorded)
    optimizer = build_optimizer(solver_cfg(*OPTIMIZER_CONFIG[tag]), model)
    names = {parameter: name for name, parameter in model.named_parameters()}
    found = {
        names[parameter]: [group["lr"], group["weight_decay"]]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert found == recorded


@pytest.mark.parametrize("tag", LR_CONFIG)
def test_learning_rate_of_each_iteration(tag):
    """Warm-up and decay follow the recorded curve."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02)
    scheduler = build_lr_scheduler(solver_cfg(*LR_CONFIG[tag]), optimizer)
    rates = []
    for _ in RECORDED["lr"][tag]:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    torch.testing.assert_close(rates, RECORDED["lr"][tag], rtol=1e-9, atol=0)
