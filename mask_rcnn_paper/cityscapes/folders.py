"""How a Cityscapes folder is laid out.

leftImg8bit/SPLIT/CITY/CITY_SEQUENCE_FRAME_leftImg8bit.png
gtFine/SPLIT/CITY/CITY_SEQUENCE_FRAME_gtFine_instanceIds.png, ..._gtFine_labelIds.png
"""

from pathlib import Path

IMAGES, LABELS = "leftImg8bit", "gtFine"
INSTANCE_IDS, LABEL_IDS = "gtFine_instanceIds", "gtFine_labelIds"
SPLITS = ("train", "val", "test")
# Its labels are on the evaluation server alone: the files of its gtFine are blank.
TEST = "test"


def image_folder(root: Path, split: str) -> Path:
    """Where the images of a split lie."""
    return root / IMAGES / split


def label_folder(root: Path, split: str) -> Path:
    """Where the labels of a split lie."""
    return root / LABELS / split


def by_frame(folder: Path, end: str) -> dict[str, Path]:
    """Path of each file of a split that has this end, by "CITY/CITY_SEQUENCE_FRAME", in that order."""
    paths = ((f"{path.parent.name}/{path.name.removesuffix(f'_{end}.png')}", path) for path in folder.glob("*/*.png"))
    return dict(sorted((frame, path) for frame, path in paths if path.name.endswith(f"_{end}.png")))


def frame_of(file_name: str) -> str:
    """ "CITY_SEQUENCE_FRAME" of an image's path."""
    return Path(file_name).name.removesuffix(f"_{IMAGES}.png")
