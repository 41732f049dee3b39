"""Which state of a dataset a result was computed on, so that results of different states are not compared."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from detectron2.data import DatasetCatalog, MetadataCatalog

UNKNOWN = "unknown"


def data_versions(datasets: Iterable[str]) -> dict[str, str]:
    """Version of each dataset.

    Args:
        datasets: Names of datasets.

    Returns:
        By name: `data_version` of its metadata, or else "sha256:" and the first 16 digits of its annotation file's
        checksum, or "unknown" for datasets without a local annotation file and names that nobody registered.
    """
    return {name: _version(name) for name in dict.fromkeys(datasets)}


def _version(name: str) -> str:
    if name not in DatasetCatalog.list():
        return UNKNOWN
    metadata = MetadataCatalog.get(name)
    if version := metadata.get("data_version"):
        return str(version)
    path = Path(metadata.get("json_file") or "")
    return file_version(path) if path.is_file() else UNKNOWN


def file_version(path: Path) -> str:
    """ "sha256:" and the first 16 digits of the checksum of an existing file."""
    status = path.stat()
    return _checksum(path, status.st_size, status.st_mtime_ns)


@lru_cache
def _checksum(path: Path, size: int, modified: int) -> str:
    """Of a file's bytes; size and time of change are there to tell the cache of a change."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()[:16]}"
