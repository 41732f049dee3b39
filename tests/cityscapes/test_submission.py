"""Predictions as Cityscapes' scripts and its server read them."""

import zipfile

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mask_rcnn_paper.cityscapes.submission import Prediction, write_predictions, zip_predictions

IMAGE = "test/berlin/berlin_000000_000019_leftImg8bit.png"


def prediction(mask, label_id=24):
    """Of a (H, W) mask."""
    return Prediction(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))), label_id, 0.1 + 0.2)


@pytest.fixture
def mask():
    """Half of a small image."""
    return np.tri(6, 9, dtype=bool)


def test_a_line_a_prediction(tmp_path, mask):
    """Relative path, label id, score to the last digit; the mask is an image of two values."""
    write_predictions(tmp_path, {IMAGE: [prediction(mask), prediction(~mask, 33)]})
    first, second = (tmp_path / "berlin_000000_000019_pred.txt").read_text().splitlines()
    assert first == "masks/berlin_000000_000019_0_person.png 24 0.30000000000000004"
    assert second.startswith("masks/berlin_000000_000019_1_bicycle.png 33 ")
    for line, expected in ((first, mask), (second, ~mask)):
        pixels = np.asarray(Image.open(tmp_path / line.split()[0]).convert("L"))
        np.testing.assert_array_equal(pixels, 255 * expected)


def test_an_image_without_predictions_has_an_empty_file(tmp_path):
    """The scripts end with an error where there is none."""
    write_predictions(tmp_path, {IMAGE: []})
    assert (tmp_path / "berlin_000000_000019_pred.txt").read_text() == ""


def test_other_labels_are_refused(tmp_path, mask):
    """Caravans have instances, and are not evaluated."""
    with pytest.raises(ValueError, match="label id 29 of a prediction for berlin_000000_000019: choose from"):
        write_predictions(tmp_path, {IMAGE: [prediction(mask, 29)]})


def test_a_submission_is_one_archive(tmp_path, mask):
    """Beside its folder, with the text files at its top."""
    folder = tmp_path / "submission"
    folder.mkdir()
    write_predictions(folder, {IMAGE: [prediction(mask)]})
    archive = zip_predictions(folder)
    assert archive == tmp_path / "submission.zip"
    with zipfile.ZipFile(archive) as packed:
        files = {name for name in packed.namelist() if not name.endswith("/")}
    assert files == {"berlin_000000_000019_pred.txt", "masks/berlin_000000_000019_0_person.png"}
