"""Where the files of a registered dataset in COCO's format lie."""

from pathlib import Path

from detectron2.data import DatasetCatalog, MetadataCatalog


def coco_files(name: str) -> tuple[Path, Path]:
    """Annotation file and folder of images of a dataset; generated data are drawn if they are not there.

    Args:
        name: As in DATASETS.TEST.

    Raises:
        ValueError: it is not registered, or was not registered as COCO's datasets are.
        FileNotFoundError: its annotations are not on this machine.
    """
    if name not in DatasetCatalog.list():
        raise ValueError(f"dataset {name!r} is not registered")
    metadata = MetadataCatalog.get(name)
    if metadata.get("json_file") is None:
        raise ValueError(f"dataset {name!r} is not in COCO's format: its metadata have no json_file")
    path = Path(metadata.json_file)
    if metadata.get("generated") and not path.is_file():
        DatasetCatalog.get(name)
    if not path.is_file():
        raise FileNotFoundError(f"dataset {name!r}: its annotations are not on this machine: {path}")
    return path, Path(metadata.get("image_root") or path.parent)
