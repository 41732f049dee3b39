"""A registered dataset."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from tests.ablations.report import tiny

NAME = "report_tiny_val"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Write and register a dataset of these annotations; returns its name."""

    def call(annotations: list[dict], images: int = 3, **metadata: object) -> str:
        path = tiny.write_dataset(tmp_path / "data", annotations, images)
        DatasetCatalog.register(NAME, list)
        MetadataCatalog.get(NAME).set(json_file=str(path), image_root=str(path.parent / "images"), **metadata)
        return NAME

    yield call
    if NAME in DatasetCatalog.list():
        DatasetCatalog.remove(NAME)
        MetadataCatalog.remove(NAME)
