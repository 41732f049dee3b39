import itertools
import logging

import pytest
import torch
from detectron2.engine import TrainerBase, hooks
from detectron2.utils.events import EventWriter, get_event_storage
from torch import nn


class Idle(TrainerBase):
    """A trainer that steps an optimiser over two groups of parameters, of which the second is the larger."""

    def __init__(self, *registered, fail_at=-1):
        super().__init__()
        self.fail_at = fail_at
        params = [nn.Parameter(torch.zeros(1)) for _ in range(3)]
        groups = [{"params": params[:1], "lr": 2.0}, {"params": params[1:], "lr": 1.0}]
        self.optimizer = torch.optim.SGD(groups, lr=1.0)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.5)
        self.register_hooks(list(registered))

    def run_step(self):
        if self.iter == self.fail_at:
            raise ZeroDivisionError
        self.optimizer.step()


def test_learning_rate_is_recorded_and_stepped():
    """The rate of the most parameters is recorded before it is halved each iteration."""
    trainer = Idle(hooks.LRScheduler())
    trainer.train(0, 3)
    assert [v for v, _ in trainer.storage.history("lr").values()] == [1.0, 0.5, 0.25]
    assert trainer.state_dict()["hooks"]["LRScheduler"]["last_epoch"] == 3


def test_timer(monkeypatch, caplog):
    """Seconds of each iteration are recorded from the fourth on, and the speed is logged."""
    clock = itertools.count(0.0, 2.0)
    monkeypatch.setattr("fvcore.common.timer.perf_counter", lambda: next(clock))
    trainer = Idle(hooks.IterationTimer())
    with caplog.at_level(logging.INFO):
        trainer.train(10, 15)
    assert trainer.storage.history("time").values() == [(2.0, 13), (2.0, 14)]
    assert "2.0000 s an iteration" in caplog.text


class Collector(EventWriter):
    def __init__(self):
        self.calls = []

    def write(self):
        self.calls.append(get_event_storage().iter)

    def close(self):
        self.calls.append("closed")


@pytest.mark.parametrize("fail_at", [-1, 4])
def test_writers(fail_at):
    """Writers write each period, at the last iteration and at the end; a failure closes them too."""
    writer = Collector()
    trainer = Idle(hooks.PeriodicWriter([writer], period=2), fail_at=fail_at)
    if fail_at < 0:
        trainer.train(0, 5)
        assert writer.calls == [1, 3, 4, 5, "closed"]
    else:
        with pytest.raises(ZeroDivisionError):
            trainer.train(0, 5)
        assert writer.calls == [1, 3, 4, "closed"]


def test_checkpoints():
    """Checkpoints are saved each period and, as model_final, at the end."""

    class Saver:
        path_manager = None
        saved = []

        def save(self, name, **kwargs):
            self.saved.append((name, kwargs))

    Idle(hooks.PeriodicCheckpointer(Saver(), period=2)).train(0, 3)
    assert Saver.saved == [("model_0000001", {"iteration": 1}), ("model_final", {"iteration": 2})]


@pytest.mark.parametrize(("period", "fail_at", "evaluated"), [(2, -1, [1, 3, 6]), (0, -1, [6]), (2, 4, [1, 3])])
def test_evaluation(period, fail_at, evaluated):
    """Evaluation runs each period and once after a complete run; results are recorded flat."""
    at = []
    trainer = Idle(
        hooks.EvalHook(period, lambda: at.append(trainer.iter) or {"bbox": {"AP": 5}, "n": 1}),
        fail_at=fail_at,
    )
    if fail_at < 0:
        trainer.train(0, 6)
    else:
        with pytest.raises(ZeroDivisionError):
            trainer.train(0, 6)
    assert at == evaluated
    assert trainer.storage.latest()["bbox/AP"] == (5.0, at[-1])


@pytest.mark.parametrize(("results", "message"), [([1], "list: return a mapping"), ({"a": {"b": "x"}}, "'a/b' is 'x'")])
def test_bad_results(results, message):
    """Results that are no mapping of numbers are refused."""
    with pytest.raises(ValueError, match=message):
        Idle(hooks.EvalHook(0, lambda: results)).train(0, 1)
