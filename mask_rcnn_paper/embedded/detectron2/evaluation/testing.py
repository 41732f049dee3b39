"""Show and check results."""

import logging
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["flatten_results_dict", "print_csv_format", "verify_results"]


def print_csv_format(results: Mapping[str, Any]) -> None:
    """Log the results in lines that paste well into a spreadsheet, without those of single categories.

    Args:
        results: {task: {metric: value}}.
    """
    logger = logging.getLogger(__name__)
    for task, metrics in results.items():
        if not isinstance(metrics, Mapping):
            logger.info("copypaste: %s=%s", task, metrics)
            continue
        shown = {k: v for k, v in metrics.items() if "-" not in k}
        logger.info("copypaste: Task: %s", task)
        logger.info("copypaste: %s", ",".join(shown))
        logger.info("copypaste: %s", ",".join(f"{v:.4f}" for v in shown.values()))


def verify_results(cfg: Any, results: Mapping[str, Any]) -> bool:
    """Compare results with `TEST.EXPECTED_RESULTS`; where one is missed, end the program with exit code 1.

    Args:
        cfg: Config; entries of TEST.EXPECTED_RESULTS are [task, metric, expected, tolerance].
        results: {task: {metric: value}}.

    Returns:
        True.
    """
    logger = logging.getLogger(__name__)
    wrong = []
    for task, metric, expected, tolerance in cfg.TEST.EXPECTED_RESULTS:
        actual = results.get(task, {}).get(metric)
        if actual is None or not np.isfinite(actual) or abs(actual - expected) > tolerance:
            wrong.append(f"{task}/{metric} is {actual}, expected {expected} +- {tolerance}")
    if wrong:
        logger.error("Results verification failed (TEST.EXPECTED_RESULTS): %s", "; ".join(wrong))
        sys.exit(1)
    if cfg.TEST.EXPECTED_RESULTS:
        logger.info("Results verification passed.")
    return True


def flatten_results_dict(results: Mapping[str, Any]) -> dict[str, Any]:
    """Turn {task: {metric: value}} into {"task/metric": value}, to any depth."""
    flat = {}
    for key, value in results.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}/{k}": v for k, v in flatten_results_dict(value).items()})
        else:
            flat[key] = value
    return flat
