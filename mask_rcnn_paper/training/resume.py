"""A resumed training run equals the one that was never interrupted: states of the random generators, and their hook."""

import contextlib
import logging
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from detectron2.engine import HookBase
from detectron2.utils import comm

# The moving average by which detectron2's RetinaNet divides its losses: an attribute, in no checkpoint of its own.
_NORMALIZER = "loss_normalizer"
_logger = logging.getLogger("detectron2.mask_rcnn_paper")


def get_rng_state() -> dict[str, Any]:
    """States of torch's, numpy's and Python's global generators, as `torch.load(weights_only=True)` reads them."""
    _, keys, *rest = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "numpy": (torch.from_numpy(keys.astype(np.int64)), *rest),
        "python": random.getstate(),
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Restore what `get_rng_state` returned."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    keys, *rest = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *rest))
    random.setstate(state["python"])


@contextlib.contextmanager
def kept_rng_state() -> Iterator[None]:
    """Leave the generators as they were, whatever is drawn inside."""
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


class ExactResumeHook(HookBase):
    """Save the random generators of all processes with each checkpoint; restore them, and skip the data seen before.

    So with what else detectron2 keeps in no checkpoint, the normaliser of RetinaNet's losses.

    detectron2 restores weights, momentum and schedule; then it begins with the first images again. Register this hook
    before the one that saves; `period` is SOLVER.CHECKPOINT_PERIOD. Runs are equal bit for bit where the operators are
    deterministic, as on a CPU, and where SEED is set and the number of processes, and whether there are workers
    (DATALOADER.NUM_WORKERS 0 or not), stays.
    """

    def __init__(self, period: int) -> None:
        self.period = period
        self.saved: list[dict[str, Any]] = []
        self.saved_at = -1
        self.loaded: list[dict[str, Any]] | None = None

    def before_train(self) -> None:
        """Skip and restore, when resuming."""
        start, loader = self.trainer.start_iter, self.trainer.data_loader
        if start == 0:
            return
        if hasattr(loader, "skip_batches"):
            loader.skip_batches(start)
        else:
            _logger.warning(f"Resuming at iteration {start} with a loader that cannot skip: the data begin anew")
        if self.loaded is None or len(self.loaded) != comm.get_world_size():
            found = "none" if self.loaded is None else f"those of {len(self.loaded)} processes"
            _logger.warning(f"The checkpoint holds no states of the generators for this run ({found}): they begin anew")
            return
        state = self.loaded[comm.get_rank()]
        set_rng_state(state)
        if state.get(_NORMALIZER) is not None:
            setattr(self._model(), _NORMALIZER, state[_NORMALIZER])

    def after_step(self) -> None:
        """Collect the generators' states where a checkpoint is due."""
        done = self.trainer.iter + 1
        if done % self.period == 0 or done >= self.trainer.max_iter:
            state = get_rng_state() | {_NORMALIZER: getattr(self._model(), _NORMALIZER, None)}
            self.saved, self.saved_at = comm.gather(state), self.trainer.iter

    def _model(self) -> torch.nn.Module:
        """The model itself, also where each process wraps it."""
        return getattr(self.trainer.model, "module", self.trainer.model)

    def state_dict(self) -> dict[str, Any]:
        """States by process; nothing for a checkpoint out of turn, which has no part of the other processes."""
        return {"processes": self.saved} if self.saved and self.saved_at == self.trainer.iter else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until training begins."""
        self.loaded = state_dict["processes"]
