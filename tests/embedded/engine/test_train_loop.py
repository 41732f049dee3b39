import math

import pytest
import torch
from detectron2.engine import HookBase, SimpleTrainer, TrainerBase
from detectron2.utils.events import EventStorage, get_event_storage
from torch import nn


class Losses(nn.Module):
    """One weight; a batch is a number x, the losses are (wx)^2 and w."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return {"loss_a": (self.weight * x) ** 2, "loss_b": self.weight}


def simple_trainer(data, **kwargs):
    model = Losses()
    return SimpleTrainer(model, data, torch.optim.SGD(model.parameters(), lr=0.1), **kwargs)


class Recorder(HookBase):
    def __init__(self, calls):
        for name in ("before_train", "after_train", "before_step", "after_backward", "after_step"):
            setattr(
                self,
                name,
                lambda name=name: calls.append((name, self.trainer.iter, self.trainer.storage.iter)),
            )


def test_order_of_hooks():
    """Hooks run in their order around each iteration, and the iteration of trainer and storage agree."""
    calls = []
    trainer = simple_trainer([1.0] * 9)
    trainer.register_hooks([None, Recorder(calls)])
    trainer.train(3, 5)
    step = ["before_step", "after_backward", "after_step"]
    expected = [("before_train", 3)] + [(name, i) for i in (3, 4) for name in step] + [("after_train", 5)]
    assert calls == [(name, i, i) for name, i in expected]


def test_failure_still_ends_training():
    """When an iteration fails, after_train runs, at that iteration, and the error comes through."""
    calls = []

    class Failing(TrainerBase):
        def run_step(self):
            if self.iter == 2:
                raise KeyError("broken")

    trainer = Failing()
    trainer.register_hooks([Recorder(calls)])
    with pytest.raises(KeyError, match="broken"):
        trainer.train(0, 5)
    assert calls[-1] == ("after_train", 2, 2)


def test_one_step_by_hand():
    """w = 2, x = 3: the losses are 36 and 2, the gradient 2wx^2 + 1 = 37, the new weight 2 - 3.7."""
    trainer = simple_trainer([3.0])
    trainer.train(0, 1)
    torch.testing.assert_close(trainer.model.weight.item(), 2 - 3.7)
    latest = {name: value for name, (value, _) in trainer.storage.latest().items()}
    assert latest.pop("data_time") == latest.pop("rank_data_time") >= 0
    assert latest == {"total_loss": 38.0, "loss_a": 36.0, "loss_b": 2.0}


@pytest.mark.parametrize("zero_first", [False, True])
def test_gradients_do_not_add_up(zero_first):
    """Each step starts from zero gradients: with x = 0 the weight falls by 0.1 a step."""
    trainer = simple_trainer([0.0] * 3, zero_grad_before_forward=zero_first)
    trainer.train(0, 3)
    torch.testing.assert_close(trainer.model.weight.item(), 1.7)


def test_single_loss():
    """A model may return one loss, which is recorded as the total."""
    trainer = simple_trainer([1.0])
    trainer.model.forward = lambda x: trainer.model.weight * x
    trainer.train(0, 1)
    assert trainer.storage.latest()["total_loss"] == (2.0, 0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_non_finite_loss(bad):
    """A loss that is not finite stops training before the step and names iteration and losses."""
    trainer = simple_trainer([0.0, bad])
    with pytest.raises(FloatingPointError, match=rf"iteration 1 \(loss_a={bad}, loss_b=1.9\): .*BASE_LR"):
        trainer.train(0, 2)
    assert math.isfinite(trainer.model.weight.item())


def test_metrics_are_written_every_so_often():
    """With a period of 2, every second iteration is recorded."""
    trainer = simple_trainer([1.0] * 5, gather_metric_period=2)
    trainer.train(0, 5)
    assert [iteration for _, iteration in trainer.storage.history("total_loss").values()] == [1, 3]


def test_mean_over_processes(monkeypatch):
    """Losses are averaged over the processes, and the slowest one's data time counts."""
    monkeypatch.setattr("detectron2.utils.comm.gather", lambda mine: [mine, {"loss": 3.0, "data_time": 0.5}])
    with EventStorage() as storage:
        SimpleTrainer.write_metrics({"loss": torch.tensor(1.0)}, 0.25, 4, prefix="p_")
    times = {"rank_data_time": (0.25, 4), "data_time": (0.5, 4)}
    assert storage.latest() == times | {"p_total_loss": (2.0, 4), "loss": (2.0, 4)}


def test_state():
    """The state holds iteration, hooks and optimiser, and restores them."""

    class Counter(HookBase):
        count = 0

        def after_step(self):
            self.count += 1

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state_dict):
            self.count = state_dict["count"]

    first, second = simple_trainer([1.0] * 2), simple_trainer([1.0])
    hooks = Counter(), Counter()
    first.register_hooks([hooks[0], HookBase()])
    second.register_hooks([hooks[1]])
    first.optimizer.param_groups[0]["lr"] = 0.3
    first.train(0, 2)
    state = first.state_dict()
    assert list(state["hooks"]) == ["test_state.<locals>.Counter"]
    second.load_state_dict(state)
    assert (second.iter, hooks[1].count, second.optimizer.param_groups[0]["lr"]) == (2, 2, 0.3)


def test_state_of_an_absent_hook(caplog):
    """The state of a hook that is not there is left out with a warning."""
    TrainerBase().load_state_dict({"iteration": 3, "hooks": {"Gone": {"x": 1}}})
    assert "No hook Gone" in caplog.text


def test_asynchronous_metrics():
    """Asynchronous metrics are not in the core, and refused."""
    with pytest.raises(NotImplementedError, match="async_write_metrics=True.*install detectron2"):
        simple_trainer([], async_write_metrics=True)


def test_no_storage_outside_of_training():
    """The storage is active during training only."""
    trainer = simple_trainer([1.0])
    trainer.train(0, 1)
    with pytest.raises(RuntimeError):
        get_event_storage()
