"""Make a resumed run equal the run that was never interrupted."""

import logging
from typing import Any

from detectron2.engine.train_loop import HookBase
from detectron2.utils import comm
from detectron2.utils.env import get_rng_state, set_rng_state

REPLAY_LIMIT = 2000


class ExactResume(HookBase):
    """Skips the batches that were trained on before, then restores the generators.

    For runs with a seed. The data loader then yields the same batches as in the first run, if it draws their
    order from a generator of its own, as detectron2's samplers do. Beyond `REPLAY_LIMIT` batches it would
    take too long, and the data begins anew, as in detectron2. The generators are restored in runs of a single
    process; of several, only the main process saves.
    """

    def __init__(self) -> None:
        self._state: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """States of the generators."""
        return get_rng_state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until training begins, since the loader draws from the generators too."""
        self._state = state_dict

    def before_train(self) -> None:
        """Skip batches and restore the generators, when resuming."""
        start = self.trainer.start_iter
        if self._state is None:
            return
        logger = logging.getLogger(__name__)
        if start > REPLAY_LIMIT:
            logger.warning("Resuming at iteration %d: the data begins anew, since skipping it takes too long", start)
            return
        logger.info("Skipping the %d batches that were trained on", start)
        self.trainer.skip_batches(start)
        if comm.get_world_size() == 1:
            set_rng_state(self._state)
