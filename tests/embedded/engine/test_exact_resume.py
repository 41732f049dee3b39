import numpy as np
import pytest
import torch
from detectron2.engine import TrainerBase
from detectron2.engine.exact_resume import REPLAY_LIMIT, ExactResume
from detectron2.utils import comm
from detectron2.utils.env import get_rng_state, set_rng_state


class Skipping(TrainerBase):
    """A trainer whose loader draws a number for each batch that is skipped."""

    def __init__(self, hook):
        super().__init__()
        self.skipped = 0
        self.register_hooks([hook])

    def skip_batches(self, count):
        self.skipped += count
        np.random.rand(count)


@pytest.fixture(autouse=True)
def unchanged_generators():
    """Leave the global generators as they were."""
    state = get_rng_state()
    yield
    set_rng_state(state)


def resume(tmp_path, start):
    """Batches skipped by a run that resumes at `start`, what it draws then, and what it should draw."""
    torch.save(ExactResume().state_dict(), tmp_path / "state.pth")
    expected = torch.rand(1), np.random.rand()
    hook = ExactResume()
    hook.load_state_dict(torch.load(tmp_path / "state.pth", weights_only=True))
    trainer = Skipping(hook)
    trainer.train(start, start)
    return trainer.skipped, (torch.rand(1), np.random.rand()), expected


def test_batches_are_skipped_and_generators_restored(tmp_path):
    """The batches trained on are skipped, and what that drew is undone."""
    skipped, found, expected = resume(tmp_path, 3)
    assert skipped == 3
    assert found == expected


def test_too_many_batches(tmp_path, caplog):
    """Beyond the limit nothing is skipped, with a warning."""
    assert resume(tmp_path, REPLAY_LIMIT + 1)[0] == 0
    assert "the data begins anew" in caplog.text


def test_several_processes(tmp_path, monkeypatch):
    """With several processes the batches are skipped, but no process takes the main one's generators."""
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    skipped, found, expected = resume(tmp_path, 3)
    assert skipped == 3
    assert found != expected


def test_a_new_run_skips_nothing():
    """Without a checkpoint, training begins with the first batch."""
    trainer = Skipping(ExactResume())
    trainer.train(0, 0)
    assert trainer.skipped == 0
