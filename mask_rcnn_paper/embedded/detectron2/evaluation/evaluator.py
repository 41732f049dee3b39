"""Run a model over a dataset and measure its outputs."""

import datetime
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from detectron2.utils.comm import get_world_size, is_main_process
from detectron2.utils.logger import log_every_n_seconds
from torch import nn

__all__ = ["DatasetEvaluator", "DatasetEvaluators", "inference_context", "inference_on_dataset"]

_logger = logging.getLogger(__name__)


class DatasetEvaluator:
    """Base class: collects what it needs of inputs and outputs, then makes results of it."""

    def reset(self) -> None:
        """Forget what was collected."""

    def process(self, inputs: list[dict], outputs: list[dict]) -> None:
        """Take one batch.

        Args:
            inputs: As given to the model.
            outputs: As returned by it, one for each input.
        """

    def evaluate(self) -> dict[str, Any] | None:
        """Results as {task: {metric: value}}; only the main process need return them."""


class DatasetEvaluators(DatasetEvaluator):
    """Several evaluators as one.

    Args:
        evaluators: Whose results have different tasks.
    """

    def __init__(self, evaluators: Sequence[DatasetEvaluator]) -> None:
        super().__init__()
        self._evaluators = evaluators

    def reset(self) -> None:
        """Reset all."""
        for evaluator in self._evaluators:
            evaluator.reset()

    def process(self, inputs: list[dict], outputs: list[dict]) -> None:
        """Give a batch to all."""
        for evaluator in self._evaluators:
            evaluator.process(inputs, outputs)

    def evaluate(self) -> dict[str, Any]:
        """Results of all together.

        Raises:
            ValueError: two evaluators report the same task.
        """
        results: dict[str, Any] = {}
        for evaluator in self._evaluators:
            result = evaluator.evaluate()
            if not is_main_process() or result is None:
                continue
            twice = sorted(results.keys() & result.keys())
            if twice:
                raise ValueError(f"two evaluators report {twice}: use one of them")
            results.update(result)
        return results


def inference_on_dataset(
    model: Callable[[Any], Any],
    data_loader: Any,
    evaluator: DatasetEvaluator | list[DatasetEvaluator] | None,
    callbacks: dict[str, Callable[[], Any]] | None = None,
) -> dict[str, Any]:
    """Run the model over all batches, in evaluation mode and without gradients, and evaluate.

    Args:
        model: Takes a batch, returns its outputs; a module's training mode is restored afterwards.
        data_loader: Gives batches and has a length.
        evaluator: One or several; None only runs the model.
        callbacks: Called at "on_start", "before_inference", "after_inference" (each batch) and "on_end".

    Returns:
        What the evaluator returns, {} instead of None.
    """
    if evaluator is None or isinstance(evaluator, list | tuple):
        evaluator = DatasetEvaluators(evaluator or [])
    evaluator.reset()
    with ExitStack() as stack:
        if isinstance(model, nn.Module):
            stack.enter_context(inference_context(model))
        stack.enter_context(torch.no_grad())
        _run(model, data_loader, evaluator, callbacks or {})
    results = evaluator.evaluate()
    return {} if results is None else results


def _run(model: Callable, data_loader: Any, evaluator: DatasetEvaluator, callbacks: dict) -> None:
    def call(when: str) -> None:
        callbacks.get(when, lambda: None)()

    total, model_seconds, start = len(data_loader), 0.0, time.perf_counter()
    _logger.info("Evaluating on %d batches", total)
    call("on_start")
    for i, inputs in enumerate(data_loader, 1):
        call("before_inference")
        before = time.perf_counter()
        outputs = model(inputs)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        model_seconds += time.perf_counter() - before
        call("after_inference")
        evaluator.process(inputs, outputs)
        per_batch = (time.perf_counter() - start) / i
        left = datetime.timedelta(seconds=int(per_batch * (total - i)))
        progress = f"{i} of {total} batches, {per_batch:.4f} s each, {left} left"
        log_every_n_seconds(logging.INFO, progress, n=5, name=__name__)
    call("on_end")
    seconds = time.perf_counter() - start, model_seconds, model_seconds / max(total, 1)
    message = "Inference took %.1f s, of which the model %.1f s (%.4f s/batch), on %d device(s)"
    _logger.info(message, *seconds, get_world_size())


@contextmanager
def inference_context(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; the former mode afterwards, also after an error."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
