"""What a run logged while it trained: the scalars in `OUTPUT_DIR/metrics.json`."""

import json
from collections.abc import Collection
from pathlib import Path

from mask_rcnn_paper.coco.values import is_number

SCALARS_FILE = "metrics.json"


def read_scalars(folder: str | Path, names: Collection[str]) -> dict[str, dict[int, float]]:
    """Finite values by iteration, for each of the names that the run has.

    A run that was resumed has written some iterations twice; the last record counts. Empty without a file.
    """
    try:
        lines = (Path(folder) / SCALARS_FILE).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found: dict[str, dict[int, float]] = {}
    for line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:  # the last line of a killed run
            continue
        for name in names if isinstance(record, dict) and "iteration" in record else ():
            value = record.get(name)
            if is_number(value):
                found.setdefault(name, {})[record["iteration"]] = float(value)
    return found
