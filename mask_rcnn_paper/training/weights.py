"""Whether a model has the weights that it is evaluated with, and which they are."""

import contextlib
import hashlib
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

# No weight is as large; what still has it was not loaded. NaN would look like weights that are NaN.
_MARK = 1.5e38
_MOST_NAMES = 3
_MOST_CHARACTERS = 300


class UnfitWeightsError(ValueError):
    """Weights that are not those of the model, or not numbers."""


def why_unreadable(error: Exception) -> str:
    """Why torch cannot read a file, in a few words of ours: its own tell how to run what is in the file."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, pickle.UnpicklingError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        return "it is damaged, or holds something other than tensors and plain values; nothing of it was run"
    return " ".join(str(error).split())[:_MOST_CHARACTERS] or type(error).__name__


@contextlib.contextmanager
def all_loaded(model: nn.Module, path: str, allow_partial: bool = False) -> Iterator[None]:
    """Require that what is done inside gives every weight of a model a value, and a finite one.

    Integers, such as the number of batches that a normalisation has seen, need not be in a file.

    Args:
        model: Its parameters and buffers are those of its `state_dict`.
        path: Where the weights come from, for the message.
        allow_partial: Weights that were not loaded keep the values that they had, without an error.

    Raises:
        UnfitWeightsError: names the first weights without a value, or that are not finite, and how many there are.
    """
    state = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    before = {name: value.clone() for name, value in state.items()}
    with torch.no_grad():
        for value in state.values():
            value.fill_(_MARK)
        try:
            yield
        finally:
            missing = [name for name, value in state.items() if value.numel() and bool((value == _MARK).all())]
            for name in missing:
                state[name].copy_(before[name])
    if missing and not allow_partial:
        raise UnfitWeightsError(
            f"{_source(path)} lacks {_named(missing, len(state))}, or has them in another shape: it is of another "
            "model; give the weights of this one, or --allow-partial to leave these at random"
        )
    require_finite(state, _source(path))


def read_tensors(path: str, missing: str) -> Any:
    """Content of a file of torch, tensors and plain values alone, on the CPU.

    Raises:
        FileNotFoundError: there is no such file; the message is `missing`.
        UnfitWeightsError: it is damaged, or holds something else.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(missing) from None
    except Exception as error:  # of a damaged file: almost anything
        raise UnfitWeightsError(f"{path!r} cannot be read as weights: {why_unreadable(error)}") from error


def require_finite(weights: Mapping[str, torch.Tensor], source: str) -> None:
    """Refuse weights that are not numbers; `source` says in the message what they are of.

    Raises:
        UnfitWeightsError: names the first of them, and how many there are.
    """
    if strange := [n for n, value in weights.items() if value.layout is not torch.strided or value.is_meta]:
        raise UnfitWeightsError(f"{source} has tensors that are sparse or empty of values, such as {strange[0]}")
    floats = {name: value for name, value in weights.items() if value.is_floating_point()}
    if wrong := [name for name, value in floats.items() if not bool(torch.isfinite(value).all())]:
        named = _named(wrong, len(floats))
        raise UnfitWeightsError(f"{source} has NaN or infinite values in {named}: its training failed")


def _source(path: str) -> str:
    return f"MODEL.WEIGHTS={path!r}"


def _named(names: list[str], count: int) -> str:
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return f"{len(names)} of the model's {count} weights ({', '.join(names[:_MOST_NAMES])}{more})"


def weights_checksum(model: nn.Module) -> str:
    """ "sha256:" and the first 16 digits of the checksum of a model's weights, by name; equal on every device."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.removeprefix("module.").encode())  # of a model that is trained in several processes
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return f"sha256:{digest.hexdigest()[:16]}"
