"""Weights in a file, without a model that they belong to."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.weights import require_finite


class _Taken(nn.Module):
    """Takes whatever it is given."""

    def load_state_dict(self, state_dict: dict[str, torch.Tensor], *args: Any, **kwargs: Any) -> Any:
        """Keep the weights; none is missing and none is too many."""
        self.weights = dict(state_dict)
        return super().load_state_dict({}, strict=False)


def read_weights(path: str) -> dict[str, torch.Tensor]:
    """Weights by name of a checkpoint, a file or a URL that detectron2's checkpointer reads; the rest is left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no checkpoint, or some of the weights are not finite.
    """
    if "://" not in path and not Path(path).is_file():
        raise FileNotFoundError(f"checkpoint {path!r} does not exist")
    taken = _Taken()
    try:
        SafeCheckpointer(taken).load(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # of a damaged file: almost anything
        raise ValueError(f"{path!r} is not a checkpoint that detectron2 reads: {error}") from error
    require_finite(taken.weights, repr(path))
    return taken.weights
