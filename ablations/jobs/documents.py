"""The small files in a job's folder, read back: one that is damaged is a stated fault, and never an exception."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mask_rcnn_paper.schema import OpenEntry, parse_entry

DAMAGED = "damaged: "


class Record(OpenEntry):
    """job.json, what the runner noted."""

    state: str = "finished"
    reason: str = ""
    tail: list[str] = []
    seconds: float | None = None
    started: float = 0.0
    slurm_job: str | None = None
    config_hash: str | None = None
    identity: str | None = None


class Progress(OpenEntry):
    """progress.json, how far the job is."""

    stage: str = ""
    done: int = 0
    total: int = 1
    found: float = 0.0
    part: int = 0
    parts: int = 1
    time: float = 0.0
    loss: float | None = None


class Result(OpenEntry):
    """result.json, what the job found: `metrics` by task. What it says of the run came bit by bit."""

    metrics: dict[str, dict[str, Any]]
    config_hash: str | None = None
    seconds: float | None = None
    seed: int | None = None
    threads: int | None = None
    scale: str | None = None
    precision: str | None = None
    device: str | None = None
    coco_backend: str | None = None
    git_commit: str | None = None
    weights: str | None = None
    provider: str | dict[str, str] | None = None
    objects: dict[str, dict[str, int]] = {}
    count: dict[str, float | None] = {}
    time: dict[str, float | None] = {}
    datasets: dict[str, list[str]] = {}
    data_version: dict[str, str] = {}
    protocols: dict[str, str] = {}
    versions: dict[str, str] = {}


@dataclass(frozen=True)
class Document:
    """Content of a file, {} where there is none; `damage` says what is wrong with it, "" for nothing."""

    content: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""


def read_document(path: Path, kind: type[OpenEntry]) -> Document:
    """Content of a JSON file that holds an entry of this kind, as it stands there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parse_entry(kind, content, path.name)
    except (FileNotFoundError, NotADirectoryError):
        return Document()
    except OSError as error:
        return Document(damage=f"{DAMAGED}{path.name} cannot be read: {error.strerror}")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return Document(damage=f"{DAMAGED}{path.name} is not JSON")
    except ValueError as error:  # what `parse_entry` says, or a number of thousands of digits
        return Document(damage=f"{DAMAGED}{error}")
    return Document(content)
