"""Images that cannot be read."""

import cv2
import numpy as np
import pytest
from detectron2.data import DatasetFromList, DatasetMapper, MapDataset
from torch.utils.data import DataLoader

from mask_rcnn_paper.data.careful_mapper import CarefulMapper, UnreadableImageError


@pytest.fixture
def sample(tmp_path):
    """Of an image of 60 x 40 pixels that is there."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.jpg"), noise)
    return {"file_name": str(tmp_path / "a.jpg"), "image_id": 1, "width": 60, "height": 40}


def read():
    """Without augmentation."""
    return DatasetMapper(is_train=False, augmentations=[], image_format="BGR")


def cut(path):
    with open(path, "r+b") as file:
        file.truncate(400)


def test_a_good_image_passes(sample):
    """As the mapper alone gives it."""
    assert CarefulMapper(read())(sample)["image"].equal(read()(sample)["image"])


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda s: cut(s["file_name"]),
            r"image '.*/a.jpg' cannot be read \(.+\)\W.*put the right file there, and go on",
        ),
        (lambda s: open(s["file_name"], "w").close(), "a.jpg' cannot be read"),
        (lambda s: s.update(file_name="none.jpg"), "image 'none.jpg' (cannot be read|does not exist)"),
        (lambda s: s.update(width=61), "a.jpg' has 60 x 40 pixels, and its dataset says 61 x 40"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_image_is_named(sample, change, message, workers):
    """In one line, also where a loader's worker read it."""
    change(sample)
    samples = MapDataset(DatasetFromList([sample]), CarefulMapper(read()))
    with pytest.raises(UnreadableImageError, match=message) as raised:
        next(iter(DataLoader(samples, batch_size=None, num_workers=workers)))
    assert "Traceback" not in str(raised.value)


def test_other_faults_are_not_the_image_s(sample):
    """A mapper of yours that fails keeps its own error."""

    def broken(sample):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        CarefulMapper(broken)(sample)
