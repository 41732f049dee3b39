"""What results have in common that stand in one table, and what they may differ in."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ablations.evidence.commits import short_commit
from ablations.paper.tables import Table

# Of what an older result does not say.
UNKNOWN = "unknown"
# What all results of one table must agree in, besides the version of each dataset.
COMMON = ("scale", "provider", "coco_backend", "precision")
# What results say nothing of that are older than the choice.
_BEFORE = {"precision": "float32"}
# COCO backends whose numbers are equal, to the bit: tests/coco/test_backends.py.
EQUAL_BACKENDS = {"hotcoco", "pycocotools"}

# What results of one table may differ in, since machines and code do, but not without a word.
_MAY_DIFFER: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "device": lambda result: result.get("device"),
    "threads": lambda result: result.get("threads"),
    "torch": lambda result: result.get("versions", {}).get("torch"),
    "commit": lambda result: result.get("git_commit") and short_commit(result["git_commit"]),
}


def agreed(results: Mapping[Path, Mapping[str, Any]], table_id: str, must_agree: bool) -> dict[tuple[str, str], str]:
    """What the results, by folder, agree in: (key, "") of `COMMON`, "" without results; ("data_version", dataset).

    COCO backends that are equal agree, and all of them are named.

    Raises:
        ValueError: they must agree and do not; the message says which folder has what.
    """
    found: dict[tuple[str, str], dict[str, Path]] = {(key, ""): {} for key in COMMON}
    for folder, result in results.items():
        facts = {(key, ""): _text(result.get(key, _BEFORE.get(key, UNKNOWN))) for key in COMMON}
        versions = result.get("data_version", {})
        names = dict.fromkeys(chain(*result.get("datasets", {}).values(), versions))
        facts |= {("data_version", name): versions.get(name, UNKNOWN) for name in names}
        for key, value in facts.items():
            found.setdefault(key, {})[value] = folder
    for key, folders in found.items():
        equal = key[0] == "coco_backend" and {value.split()[0] for value in folders} <= EQUAL_BACKENDS
        if must_agree and len(folders) > 1 and not equal:
            examples = ", ".join(f"{value} in {folder}" for value, folder in folders.items())
            raise ValueError(
                f"table {table_id}: results of different {' of '.join(filter(None, key))} cannot stand in one table: "
                f"{examples}; run the rows anew with another --output"
            )
    return {key: ", ".join(sorted(folders)) for key, folders in found.items()}


def differing(results: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What of `_MAY_DIFFER` the results differ in: "torch 2.6.0, 2.9.1"; nothing of what one of them does not say."""
    found: dict[str, dict[str, None]] = {name: {} for name in _MAY_DIFFER}
    for result in results:
        for name, fact in _MAY_DIFFER.items():
            if (value := fact(result)) is not None:
                found[name][str(value)] = None
    return tuple(f"{name} {', '.join(sorted(values))}" for name, values in found.items() if len(values) > 1)


def protocols(results: Mapping[Path, Mapping[str, Any]], table: Table, must_agree: bool) -> list[str]:
    """ "segm by cityscapesscripts 2.3.0" for each task of a table, or of all, whose protocol is not COCO's.

    Raises:
        ValueError: one task has several, and they must agree.
    """
    tasks = {key.partition("/")[0] for metric in table.metrics for key in metric.result.split(" - ")}
    found: dict[str, dict[str, Path]] = {}
    for folder, result in results.items():
        of_result = result.get("protocols", {})
        for task in tasks or of_result:
            if task in result["metrics"]:
                found.setdefault(task, {})[of_result.get(task, "COCO's protocol")] = folder
    for task, folders in found.items():
        if must_agree and len(folders) > 1:
            examples = ", ".join(f"{text} in {folder}" for text, folder in folders.items())
            raise ValueError(f"table {table.id}: {task} of different protocols cannot stand in one table: {examples}")
    return [f"{task} by {text}" for task, texts in sorted(found.items()) for text in texts if text != "COCO's protocol"]


def _text(value: Any) -> str:
    """A provider is stored as {"name": ..., "detectron2": version}."""
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
