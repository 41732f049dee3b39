import logging

import pytest
import torch
from detectron2.evaluation import DatasetEvaluator, DatasetEvaluators, inference_context, inference_on_dataset
from torch import nn


class Collect(DatasetEvaluator):
    """Reports the sum of the outputs under a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen = ["not reset"]

    def reset(self) -> None:
        self.seen = []

    def process(self, inputs: list, outputs: list) -> None:
        self.seen += zip(inputs, outputs, strict=True)

    def evaluate(self) -> dict:
        return {self.name: {"sum": sum(float(o) for _, o in self.seen)}}


class Double(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, batch: list) -> list:
        assert not self.training
        assert not torch.is_grad_enabled()
        return [self.weight * x for x in batch]


def test_all_batches_are_evaluated():
    """Every batch passes the model, in evaluation mode and without gradients; the mode is restored."""
    model = Double().train()
    assert inference_on_dataset(model, [[1, 2], [3]], Collect("a")) == {"a": {"sum": 12.0}}
    assert model.training


def test_several_evaluators():
    """A list of evaluators gives all results; none gives {}."""
    model = Double()
    results = inference_on_dataset(model, [[1], [2]], [Collect("a"), Collect("b")])
    assert results == {"a": {"sum": 6.0}, "b": {"sum": 6.0}}
    assert inference_on_dataset(model, [[1]], None) == {}
    assert inference_on_dataset(model, [[1]], DatasetEvaluator()) == {}


def test_evaluators_must_not_overlap():
    """Two evaluators of the same task would overwrite each other."""
    with pytest.raises(ValueError, match=r"two evaluators report \['a'\]"):
        inference_on_dataset(Double(), [[1]], DatasetEvaluators([Collect("a"), Collect("a")]))


def test_callbacks_come_in_order():
    """The callbacks run once around all and once around each batch."""
    calls = []
    names = ("on_start", "before_inference", "after_inference", "on_end")
    inference_on_dataset(Double(), [[1], [2]], None, {n: lambda n=n: calls.append(n) for n in names})
    assert calls == ["on_start", *["before_inference", "after_inference"] * 2, "on_end"]


def test_plain_functions_are_models():
    """The model may be any callable."""
    assert inference_on_dataset(lambda batch: batch, [[1, 2]], Collect("a")) == {"a": {"sum": 3.0}}


def test_progress_is_logged(caplog):
    """The log says how many batches there are and how long they took."""
    with caplog.at_level(logging.INFO, logger="detectron2"):
        inference_on_dataset(Double(), [[1], [2]], None)
    assert "Evaluating on 2 batches" in caplog.text
    assert "Inference took" in caplog.text


def test_training_mode_is_restored_after_an_error():
    """An error inside does not leave the model in evaluation mode."""
    model = nn.Dropout().train()
    with pytest.raises(RuntimeError, match="inside"), inference_context(model):
        assert not model.training
        raise RuntimeError("inside")
    assert model.training
