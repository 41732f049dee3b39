"""Training curves: what a run's `metrics.json` says of its losses."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

FILE_NAME = "metrics.json"
# Losses that are drawn, where a run has them, and their names.
LOSSES = {"total_loss": "total loss", "loss_mask": "mask loss", "loss_keypoint": "keypoint loss"}
# Points that a drawn curve has at most, and the share of them that a mean takes in.
MOST_POINTS = 200
_SHARE = 0.08

Curve = tuple[tuple[int, float], ...]


def read_curves(folder: Path) -> dict[str, Curve]:
    """Losses of a run.

    Args:
        folder: Folder of the job.

    Returns:
        For each of `LOSSES` that the run has: (iteration, finite value) by increasing iteration. A run that was resumed
        has written some iterations twice; the last record counts. Empty without a file of metrics.
    """
    try:
        lines = (folder / FILE_NAME).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found: dict[str, dict[int, float]] = {}
    for record in filter(None, map(_record, lines)):
        for name in LOSSES:
            if _is_number(record.get(name)):
                found.setdefault(name, {})[record["iteration"]] = float(record[name])
    return {name: tuple(sorted(found[name].items())) for name in LOSSES if name in found}


def curves_by_row(runs: Mapping[tuple[str, int], Path]) -> dict[str, list[dict[str, Curve]]]:
    """Curves of each seed by label of the row; runs that failed or go on have curves too, others none.

    Args:
        runs: Folder of the job by (label of the row, seed).
    """
    found: dict[str, list[dict[str, Curve]]] = {}
    for (label, _), folder in runs.items():
        if curves := read_curves(folder):
            found.setdefault(label, []).append(curves)
    return found


def smooth(curve: Curve) -> Curve:
    """Running mean over the points around each, fewer at the ends; long curves are thinned to `MOST_POINTS`.

    The first and the last point stay.
    """
    reach = max(1, round(_SHARE * len(curve) / 2))
    step = math.ceil(len(curve) / MOST_POINTS)
    chosen = [n for n in range(len(curve)) if n % step == 0 or n == len(curve) - 1]
    return tuple((curve[n][0], _mean_around(curve, n, reach)) for n in chosen)


def _mean_around(curve: Curve, n: int, reach: int) -> float:
    """Over as many points on both sides, so that a slope does not shift the mean."""
    reach = min(reach, n, len(curve) - 1 - n)
    return fmean(value for _, value in curve[n - reach : n + reach + 1])


def losses_of(curves: Sequence[Mapping[str, Curve]]) -> list[str]:
    """The `LOSSES` that at least one of these runs has."""
    return [name for name in LOSSES if any(name in of_run for of_run in curves)]


def _record(line: str) -> dict | None:
    """A line that training wrote, or None: an evaluation's has no loss, and a killed run's last may be cut off."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("iteration"), int) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
