import json
import logging

import pytest
import torch
from detectron2.utils.events import (
    CommonMetricPrinter,
    EventStorage,
    JSONWriter,
    TensorboardXWriter,
    get_event_storage,
)


def test_active_storage():
    """The innermost block's storage is active, and outside of all blocks there is none."""
    with EventStorage() as outer:
        with EventStorage() as inner:
            assert get_event_storage() is inner
        assert get_event_storage() is outer
    with pytest.raises(RuntimeError, match="with EventStorage"):
        get_event_storage()


def test_series():
    """Values are kept by name and iteration, numbers and tensors alike."""
    with EventStorage(5) as storage:
        storage.put_scalar("a", torch.tensor(1.0))
        storage.iter = 6
        storage.put_scalars(b=2, c=3)
        storage.put_scalar("a", 4, cur_iter=9)
    assert storage.latest() == {"a": (4.0, 9), "b": (2.0, 6), "c": (3.0, 6)}
    assert storage.history("a").values() == [(1.0, 5), (4.0, 9)]
    assert set(storage.histories()) == {"a", "b", "c"}
    with pytest.raises(KeyError, match="'x'.*a, b"):
        storage.history("x")


def test_smoothing():
    """Noisy series show the median over the window of iterations, others their last value."""
    storage = EventStorage()
    for storage.iter in range(10):
        storage.put_scalar("loss", storage.iter**2)
        storage.put_scalar("lr", storage.iter, smoothing_hint=False)
    assert storage.latest_with_smoothing_hint(3) == {"loss": (64.0, 9), "lr": (9.0, 9)}
    with pytest.raises(ValueError, match="'lr'.*smoothing_hint=False before"):
        storage.put_scalar("lr", 0)


def test_sparse_series_are_smoothed_over_iterations():
    """A series recorded every 10 iterations has 2 values in a window of 20 iterations."""
    storage = EventStorage()
    for storage.iter in range(0, 100, 10):
        storage.put_scalar("ap", storage.iter)
    assert storage.count_samples("ap", 20) == 2
    assert storage.latest_with_smoothing_hint(20)["ap"] == (85.0, 90)


def test_json_lines(tmp_path):
    """Each write appends one line an iteration, only with what is new, and extends an older file."""
    path = tmp_path / "metrics.json"
    for start in (0, 2):
        with EventStorage(start) as storage:
            writer = JSONWriter(str(path))
            storage.put_scalar("loss", start + 0.5)
            writer.write()
            storage.iter = start + 1
            storage.put_scalar("late", 7, smoothing_hint=False)
            writer.write()
            writer.write()
            writer.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"iteration": 0, "loss": 0.5},
        {"iteration": 1, "late": 7.0},
        {"iteration": 2, "loss": 2.5},
        {"iteration": 3, "late": 7.0},
    ]


def test_printed_line(caplog):
    """The line holds the time left from the median step, the iteration, losses, times and learning rate."""
    with EventStorage(10) as storage, caplog.at_level(logging.INFO):
        storage.put_scalars(total_loss=1.5, time=2.0, data_time=0.25)
        storage.put_scalar("lr", 0.02, smoothing_hint=False)
        CommonMetricPrinter(max_iter=71).write()
    line = caplog.messages[-1]
    assert line.startswith("eta: 0:02:00  iter: 10  total_loss: 1.5  time: 2.0000  data_time: 0.2500  lr: 0.02")


def test_nothing_is_printed_after_training(caplog):
    """Once the last iteration is over, there is no more progress to report."""
    with EventStorage(5), caplog.at_level(logging.INFO):
        CommonMetricPrinter(max_iter=5).write()
    assert caplog.messages == []


def test_tensorboard(tmp_path):
    """Scalars reach the event file."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with EventStorage(3) as storage:
        storage.put_scalar("loss", 0.5)
        writer = TensorboardXWriter(str(tmp_path))
        writer.write()
        writer.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(3, 0.5)]


def test_tensorboard_makes_no_file_before_it_writes(tmp_path):
    """A run that writes nothing leaves no event file."""
    TensorboardXWriter(str(tmp_path)).close()
    assert list(tmp_path.iterdir()) == []
