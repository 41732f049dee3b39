"""Look at annotation files before anything is loaded, so that a wrong path costs seconds and not minutes."""

import os
from collections.abc import Iterable
from pathlib import Path

from detectron2.data import DatasetCatalog, MetadataCatalog


def check_annotations(datasets: Iterable[str]) -> None:
    """Fail where the annotation file of a registered dataset is missing, or does not begin and end as JSON does.

    Only a few bytes are read, since COCO's files take long to parse. Datasets without a `json_file`, generated
    ones, and names that nobody registered are left to detectron2.

    Args:
        datasets: Names of datasets.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a JSON object, or was cut short.
    """
    for name in datasets:
        json_file = annotation_file(name)
        if json_file is None or MetadataCatalog.get(name).get("generated", False):
            continue
        if not Path(json_file).is_file():
            raise FileNotFoundError(
                f"annotation file {json_file!r} of dataset {name!r} does not exist: set $DETECTRON2_DATASETS (now "
                f"{os.environ.get('DETECTRON2_DATASETS', 'datasets')!r}) to the folder that holds coco/, or check the "
                "path given to register_coco_instances"
            )
        if _ends(Path(json_file)) != (b"{", b"}"):
            raise ValueError(
                f"annotation file {json_file!r} of dataset {name!r} is not a whole JSON object: download or write "
                "it again"
            )


def annotation_file(name: str) -> str | None:
    """Path that a dataset is registered with; None for names that nobody registered, and no or a remote file."""
    json_file = MetadataCatalog.get(name).get("json_file") if name in DatasetCatalog.list() else None
    return str(json_file) if json_file and "://" not in str(json_file) else None


def _ends(path: Path, length: int = 256) -> tuple[bytes, bytes]:
    """The first and the last byte of a file that is not white space; empty where the first or last 256 are."""
    with open(path, "rb") as file:
        head = file.read(length).lstrip()
        file.seek(max(0, path.stat().st_size - length))
        tail = file.read(length).rstrip()
    return head[:1], tail[-1:]
