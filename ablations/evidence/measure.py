"""One measured value of a job's result, or the reason why there is none."""

from collections.abc import Mapping
from typing import Any

from ablations.evidence.times import TIMED
from ablations.jobs.folder import BLOCKED, FAILED, FINISHED, Status
from mask_rcnn_paper.coco.values import is_number

# What a result has besides metrics of its evaluation, and where: counts, seconds, MB.
_COSTS = {"count": "count", "time": "time", "memory": "peak_memory"}
# Of all of a run, by the clock. `time/run` is of its processors on a CPU.
WALL = "wall"
# An AP of fewer objects of a size would be of those few, and not of the size.
FEWEST_OBJECTS = 100
# COCO's areas, in pixels.
_SIZES = {"APs": "small size (below 32²)", "APm": "medium size (32² to 96²)", "APl": "large size (above 96²)"}


def measure(status: Status | None, result: str) -> tuple[float | None, str]:
    """Value of "task/metric", or of the difference of two, in a job's result; or None and the reason."""
    if status is None:
        return None, "not selected"
    if status.state in (FAILED, BLOCKED):
        return None, f"{status.state}: {status.reason}"
    if status.state != FINISHED:
        return None, status.reason or status.state
    total = 0.0
    for sign, key in zip((1, -1), result.split(" - "), strict=False):
        value, reason = _metric_value(status.result, key)
        if value is None:
            return None, reason
        total += sign * value
    return total, ""


def groups(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Measured values of a result by task: those of its evaluation, and its costs."""
    costs = {name: result.get(key, {}) for name, key in _COSTS.items()}
    if (seconds := result.get("seconds")) is not None:
        costs["time"] = {**costs["time"], WALL: seconds}
    return result["metrics"] | costs


def metrics_of(result: Mapping[str, Any]) -> list[str]:
    """Every "task/metric" of a result that is a number, evaluation first."""
    found = ((task, group) for task, group in groups(result).items() if isinstance(group, Mapping))
    return [f"{task}/{name}" for task, group in found for name, value in group.items() if is_number(value)]


def _metric_value(result: Mapping[str, Any], key: str) -> tuple[float | None, str]:
    task, _, name = key.partition("/")
    group = groups(result).get(task)
    if not isinstance(group, Mapping):
        return None, f"the result has no {task} metrics: no predictions, or no such branch"
    if name not in group:
        cure = ": measure it with `python -m ablations timing`" if key in TIMED else ""
        return None, f"the result has no {key}{cure}"
    value = group[name]
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return None, f"the result's {key} is {value!r}, not a number"
    objects = result.get("objects", {}).get(task, {}).get(name)
    if objects is not None and objects < FEWEST_OBJECTS:
        number = f"{objects} object{'s' * (objects != 1)}"
        return None, f"{number} of {_SIZES[name]}: fewer than {FEWEST_OBJECTS} tell nothing"
    if is_number(value):
        return float(value), ""
    if is_number(group.get("AP")):
        return None, f"no ground truth of {_SIZES.get(name, 'this kind')}"
    return None, "no predictions, or no ground truth"
