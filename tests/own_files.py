"""A user's own data on disk: two files in COCO's format with images, and the keys and options that name them."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.validate_dataset.cases import valid_data, write_images

NAME = "own_test"

Change = Callable[[dict], None]


def write_own(folder: Path, change: Change = lambda data: None, keypoints: bool = False) -> Path:
    """Write train.json, val.json, images/ and in it val/ into a folder, which is made, and return it.

    Args:
        folder: where.
        change: changes the content of both files in place.
        keypoints: three of them with a mirror pair for the category that has annotations, as of `valid_data`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_images(folder / "images")
    write_images(folder / "images" / "val", seed=1)
    for split in ("train", "val"):
        data = valid_data(keypoints)
        for image in data["images"] if split == "val" else ():
            image["file_name"] = f"val/{image['file_name']}"
        change(data)
        (folder / f"{split}.json").write_text(json.dumps(data))
    return folder


def change_file(path: Path, change: Change) -> None:
    """Change the content of one annotation file in place."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def own_opts(folder: Path, *opts: str, name: str = NAME) -> list[str]:
    """KEY VALUE pairs that a user of train_net.py gives for these files."""
    places = (f"('{folder}/{split}.json', '{folder}/images')" for split in ("train", "val"))
    train, val = places
    return ["DATASETS.OWN.NAME", name, "DATASETS.OWN.TRAIN", train, "DATASETS.OWN.VAL", val, *opts]


def own_words(folder: Path, name: str = NAME) -> str:
    """What follows `--data` for these files."""
    return f"{name}={folder}/train.json:{folder}/images,{folder}/val.json:{folder}/images"
