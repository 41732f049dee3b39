"""What two files may not have in common."""

import shutil

import pytest

from mask_rcnn_paper.validate_dataset import splits
from mask_rcnn_paper.validate_dataset.splits import Split, compare
from tests.validate_dataset.cases import valid_data, write_images


@pytest.fixture
def train(tmp_path):
    """A training file and its images."""
    return Split(tmp_path / "train.json", valid_data(), write_images(tmp_path / "train"))


def validation(train: Split, folder: str = "val", seed: int = 1) -> Split:
    """Other images of the same names, in another folder."""
    return Split(train.file.with_name("val.json"), valid_data(), write_images(train.file.parent / folder, seed))


def test_other_images(train):
    """Equal names in two folders are no harm."""
    assert compare(train, validation(train)) == []


@pytest.mark.parametrize("folder, seed", [("train", 0), ("val", 0)])
def test_train_is_val(train, folder, seed):
    """All images in both, the same files or copies of them, are one error."""
    (violation,) = compare(train, validation(train, folder, seed))
    assert violation.rule is splits.SHARED
    assert violation.text.startswith("all 2 are in ")


@pytest.mark.parametrize("link", [False, True])
def test_one_image_in_both(train, link):
    """It is named, with its ids in both files."""
    val = validation(train)
    (val.image_dir / "a.png").unlink()
    if link:
        (val.image_dir / "a.png").symlink_to(train.image_dir / "a.png")
    else:
        shutil.copy(train.image_dir / "a.png", val.image_dir)
    val.data["images"][0] |= {"id": 17, "file_name": "./a.png"}
    (violation,) = compare(train, val)
    assert violation.place == 'image 1, file_name="a.png"'
    assert violation.text == f"is in {val.file} too, as image 17"


def test_categories(train):
    """The same ids mean the same names in both."""
    val = validation(train)
    val.data["categories"][1]["name"] = "cat"
    (violation,) = compare(train, val)
    assert violation.rule is splits.CATEGORIES
    assert 'id 7 is "dog", and "cat" in' in violation.text


@pytest.mark.parametrize("data", [None, [], {}, {"images": 5}])
def test_files_that_are_broken(train, data):
    """What is wrong with one of them is said of that one alone."""
    val = Split(train.file, data, train.image_dir)
    assert compare(train, val) == compare(val, train) == []
