"""Whether a model has its weights."""

import math
import pickle

import pytest
import torch
from torch import nn

from mask_rcnn_paper.training.weights import (
    UnfitWeightsError,
    all_loaded,
    read_tensors,
    require_finite,
    weights_checksum,
    why_unreadable,
)
from tests.attacks import Payload


def model():
    """Two layers and a normalisation, ten weights of which the count of batches is no float."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


def load(target, state, **options):
    """Load a state as checkpointers do, which leave out what does not fit."""
    with all_loaded(target, "w.pth", **options):
        own = target.state_dict()
        target.load_state_dict({k: v for k, v in state.items() if k in own and own[k].shape == v.shape}, strict=False)


def without(state, *names):
    return {name: value for name, value in state.items() if name not in names}


def test_all_weights_pass():
    """They are as in the file; the number of batches need not be there."""
    source, target = model().state_dict(), model()
    load(target, without(source, "1.num_batches_tracked"))
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.items())


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: {}, r"lacks 8 of the model's 8 weights \(0.weight, 0.bias, 1.weight, ...\), or has them in another"),
        (lambda s: {f"x.{k}": v for k, v in s.items()}, "lacks 8 of the model's 8 weights"),
        (lambda s: without(s, "2.bias"), r"lacks 1 of the model's 8 weights \(2.bias\)"),
        (lambda s: {**s, "0.weight": torch.zeros(3, 3)}, r"lacks 1 of the model's 8 weights \(0.weight\)"),
        (lambda s: {**s, "2.bias": torch.full((1,), math.nan)}, r"NaN or infinite values in 1 of .* \(2.bias\)"),
        (
            lambda s: {**s, "1.running_var": torch.tensor([1, math.inf, 1])},
            r"infinite values in 1 of .* \(1.runn",
        ),
    ],
)
def test_weights_that_do_not_fit(change, message):
    """Of another model, none, some left out, another shape, not finite: the first are named, and how many."""
    with pytest.raises(UnfitWeightsError, match=f"^MODEL.WEIGHTS='w.pth' .*{message}"):
        load(model(), change(model().state_dict()))


def test_some_may_be_missing_where_that_is_meant():
    """They keep what they had; the others are loaded, and must be finite."""
    source = {name: value + 1 for name, value in model().state_dict().items()}
    target, fresh = model(), model().state_dict()
    load(target, without(source, "2.weight", "2.bias"), allow_partial=True)
    for name, value in target.state_dict().items():
        assert torch.equal(value, fresh[name] if name[0] == "2" else source[name])
    with pytest.raises(UnfitWeightsError, match="infinite"):
        load(model(), {"0.bias": torch.full((3,), math.nan)}, allow_partial=True)


def test_a_model_is_as_it_was_where_loading_fails():
    """And the error is the one that was raised."""
    target, before = model(), model().state_dict()
    with pytest.raises(OSError, match="gone"), all_loaded(target, "w.pth"):
        raise OSError("gone")
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_a_checksum_is_of_names_and_values():
    """Equal weights have equal ones, also within a wrapper for several processes."""
    first, second = model(), model()
    assert weights_checksum(first) == weights_checksum(second) == weights_checksum(nn.DataParallel(first))
    with torch.no_grad():
        second[0].bias[0] += 1e-6
    assert weights_checksum(first) != weights_checksum(second)
    assert weights_checksum(nn.Sequential(first)) != weights_checksum(first)


def test_weights_without_a_model_are_numbers_too():
    """Integers are left out; the source is named."""
    require_finite({"a": torch.ones(2), "n": torch.tensor(3)}, "w.pth")
    with pytest.raises(UnfitWeightsError, match="w.pth has NaN or infinite values in 1 of the model's 2 weights"):
        require_finite({"a": torch.ones(2), "b": torch.tensor([1.0, math.inf])}, "w.pth")
    for value in (torch.ones(2).to_sparse(), torch.ones(2, device="meta")):
        with pytest.raises(UnfitWeightsError, match="w.pth has tensors that are sparse or empty of values, such as a"):
            require_finite({"a": value}, "w.pth")


def test_nobody_is_told_to_run_what_is_in_a_file(tmp_path):
    """As torch's own words do; other faults are told in its words."""
    path = tmp_path / "w.pth"
    torch.save({"a": Payload(tmp_path / "mark")}, path)
    with pytest.raises(pickle.UnpicklingError, match="set to `False` will likely succeed") as caught:
        torch.load(path, weights_only=True)
    assert why_unreadable(caught.value).endswith("nothing of it was run")
    wrapped = RuntimeError(f"no checkpoint ({caught.value})")
    wrapped.__cause__ = caught.value
    assert why_unreadable(wrapped) == why_unreadable(caught.value)
    assert why_unreadable(RuntimeError("a\nb")) == "a b"
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "content, error, message",
    [(None, FileNotFoundError, "no such thing"), (b"half", UnfitWeightsError, "cannot be read")],
)
def test_a_file_without_tensors_is_said(tmp_path, content, error, message):
    """One that is not there in the caller's words, a damaged one with the reason."""
    path = tmp_path / "in.pth"
    if content:
        path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_tensors(str(path), "no such thing")
