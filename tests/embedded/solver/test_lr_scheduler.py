import pytest
import torch
from detectron2.solver import LRMultiplier, WarmupParamScheduler
from fvcore.common.param_scheduler import LinearParamScheduler
from torch import nn

FALLING = LinearParamScheduler(1.0, 0.0)


def values(scheduler, n=10):
    return [scheduler(i / n) for i in range(n + 1)]


def test_linear_warmup_meets_the_schedule():
    """From half of the first value, the warm-up rises to the value at which the schedule takes over."""
    found = values(WarmupParamScheduler(FALLING, 0.5, 0.2))
    torch.testing.assert_close(found, [0.5, 0.65, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


def test_constant_warmup():
    """Constant warm-up stays at half of the first value until it ends."""
    found = values(WarmupParamScheduler(FALLING, 0.5, 0.2, "constant"))
    torch.testing.assert_close(found, [0.5, 0.5, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


def test_rescaled_interval():
    """The whole schedule is squeezed into the half that the warm-up leaves."""
    found = values(WarmupParamScheduler(FALLING, 0.0, 0.5, rescale_interval=True))
    torch.testing.assert_close(found, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 0.8, 0.6, 0.4, 0.2, 0.0])


@pytest.mark.parametrize(("length", "expected"), [(0.0, [1.0, 0.5, 0.0]), (1.0, [0.5, 0.25, 0.0])])
def test_no_warmup_and_nothing_else(length, expected):
    """Without a warm-up the schedule is unchanged; a warm-up may also last for the whole training."""
    torch.testing.assert_close(values(WarmupParamScheduler(FALLING, 0.5, length), 2), expected)


def test_unknown_method():
    """Another way of warming up is refused."""
    with pytest.raises(ValueError, match="WARMUP_METHOD='exp': choose from linear, constant"):
        WarmupParamScheduler(FALLING, 0.5, 0.2, "exp")


def multiplier(steps):
    """A schedule over 4 iterations on groups with base rates 1 and 2, after some steps."""
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1.0, 2.0)]
    optimizer = torch.optim.SGD(groups)
    scheduler = LRMultiplier(optimizer, FALLING, max_iter=4)
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
    return optimizer, scheduler


@pytest.mark.parametrize(("steps", "factor"), [(0, 1.0), (3, 0.25), (4, 0.0), (6, 0.0)])
def test_each_group_keeps_its_base_rate(steps, factor):
    """All rates are multiplied by the same factor, and the last one stays after the end."""
    optimizer, _ = multiplier(steps)
    assert [group["lr"] for group in optimizer.param_groups] == [factor, 2 * factor]


def test_state():
    """The state is plain numbers, and a restored schedule goes on as the first one."""
    _, first = multiplier(2)
    assert first.state_dict() == {"base_lrs": [1.0, 2.0], "last_epoch": 2}
    optimizer, second = multiplier(0)
    second.load_state_dict(first.state_dict())
    optimizer.step()
    second.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]
