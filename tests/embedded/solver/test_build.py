import logging

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.solver import build_lr_scheduler, build_optimizer, get_default_optimizer_params
from torch import nn


def solver_cfg(**solver):
    cfg = get_cfg()
    cfg.SOLVER.MAX_ITER, cfg.SOLVER.STEPS, cfg.SOLVER.WARMUP_ITERS = 10, (5,), 0
    for key, value in solver.items():
        node, _, name = key.rpartition("__")
        (cfg.SOLVER[node] if node else cfg.SOLVER)[name] = value
    return cfg


def rates(cfg, n):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=cfg.SOLVER.BASE_LR)
    scheduler = build_lr_scheduler(cfg, optimizer)
    values = []
    for _ in range(n):
        values.append(optimizer.param_groups[0]["lr"] / cfg.SOLVER.BASE_LR)
        optimizer.step()
        scheduler.step()
    return values


def test_frozen_and_shared_parameters():
    """Frozen parameters are left out and a shared one is optimised once."""
    shared = nn.Linear(2, 2)
    model = nn.ModuleDict({"a": shared, "b": nn.ModuleDict({"c": shared}), "d": nn.Linear(2, 2)})
    model["d"].weight.requires_grad_(False)
    params = [p for group in get_default_optimizer_params(model, base_lr=0.1) for p in group["params"]]
    assert len(params) == 3
    assert {id(p) for p in params} == {id(shared.weight), id(shared.bias), id(model["d"].bias)}


def test_groups_are_few():
    """Parameters of equal settings share a group: weights and biases make two."""
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(5)])
    groups = build_optimizer(solver_cfg(BIAS_LR_FACTOR=2.0), model).param_groups
    assert sorted((len(g["params"]), g["lr"]) for g in groups) == [(5, 0.001), (5, 0.002)]


def test_nothing_to_train():
    """A model without trainable parameters is an error that names the likely key."""
    with pytest.raises(ValueError, match="FREEZE_AT"):
        build_optimizer(solver_cfg(), nn.ReLU())


@pytest.mark.parametrize(
    ("clip_type", "expected"), [("value", [[0.5, 0.5], [0.1, -0.5]]), ("norm", [[0.3, 0.4], [0.1, -0.3]])]
)
def test_gradients_are_clipped_one_parameter_at_a_time(clip_type, expected):
    """Gradients (3, 4) and (0.1, -0.3 or -3) are clipped at 0.5 before the step, each parameter by itself."""
    model = nn.ParameterList([nn.Parameter(torch.zeros(2)) for _ in range(2)])
    cfg = solver_cfg(
        BASE_LR=1.0,
        MOMENTUM=0.0,
        WEIGHT_DECAY=0.0,
        CLIP_GRADIENTS__ENABLED=True,
        CLIP_GRADIENTS__CLIP_TYPE=clip_type,
        CLIP_GRADIENTS__CLIP_VALUE=0.5,
    )
    optimizer = build_optimizer(cfg, model)
    model[0].grad = torch.tensor([3.0, 4.0])
    model[1].grad = torch.tensor([0.1, -3.0 if clip_type == "value" else -0.3])
    optimizer.step()
    torch.testing.assert_close(torch.stack(list(model)), -torch.tensor(expected), rtol=1e-5, atol=1e-5)


def test_unknown_clip_type():
    """An unknown CLIP_TYPE is refused with the legal ones."""
    with pytest.raises(ValueError, match=r"CLIP_TYPE='full_model': choose from value, norm"):
        build_optimizer(
            solver_cfg(CLIP_GRADIENTS__ENABLED=True, CLIP_GRADIENTS__CLIP_TYPE="full_model"), nn.Linear(1, 1)
        )


def test_cosine_ends_at_base_lr_end():
    """With BASE_LR_END the cosine comes down to it, here from 1 to 0.5 with 0.75 halfway."""
    cfg = solver_cfg(LR_SCHEDULER_NAME="WarmupCosineLR", BASE_LR=0.02, BASE_LR_END=0.01)
    values = rates(cfg, 11)
    torch.testing.assert_close([values[0], values[5], values[10]], [1.0, 0.75, 0.5])


def test_steps_after_the_end_are_left_out(caplog):
    """A step at or after MAX_ITER has no effect and is reported."""
    with caplog.at_level(logging.WARNING):
        assert rates(solver_cfg(STEPS=(10, 30)), 10) == [1.0] * 10
    assert "SOLVER.STEPS=(10, 30)" in caplog.text


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"LR_SCHEDULER_NAME": "WarmupPoly"}, "WarmupPoly.*WarmupMultiStepLR, WarmupCosineLR"),
        ({"WARMUP_METHOD": "exp"}, "WARMUP_METHOD='exp': choose from linear, constant"),
        ({"STEPS": (6, 3)}, "rising order"),
        ({"MAX_ITER": 0}, "MAX_ITER=0"),
    ],
)
def test_bad_settings(setting, message):
    """Bad settings are errors that name the key."""
    with pytest.raises(ValueError, match=message):
        rates(solver_cfg(**setting), 1)
