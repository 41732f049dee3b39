"""Datasets that are registered for one test, and generators that a test may seed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.training.resume import kept_rng_state
from tests.embedded.tiny_coco import write_coco


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that writes a tiny COCO dataset, registers it and returns its name."""
    names: list[str] = []

    def register(name: str = "tiny", metadata: dict | None = None, **content: object) -> str:
        json_file, image_root = write_coco(tmp_path / name, **content)
        register_coco_instances(name, metadata or {}, json_file, image_root)
        names.append(name)
        return name

    yield register
    for name in names:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)


@pytest.fixture
def unchanged_generators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the global generators and environment as they were."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    with kept_rng_state():
        yield
