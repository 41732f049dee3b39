"""Rules of image files."""

import numpy as np
import pytest
from PIL import Image

from mask_rcnn_paper.validate_dataset import image_rules as image_files
from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from tests.validate_dataset.cases import assert_found, case, valid_data, write_images


def cut(data, images):
    """Leave the first half of a file."""
    content = (images / "a.png").read_bytes()
    (images / "a.png").write_bytes(content[: len(content) // 2])


def turn(data, images, stated=(64, 48)):
    """Store the first image as a camera does that is held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(images / "a.jpg", exif=exif)
    data["images"][0] |= {"file_name": "a.jpg", "width": stated[0], "height": stated[1]}


LOST = {"images": 1, "annotations": 2}
CASES = [
    case(image_files.MISSING, 'image 1, file_name="a.png"', lambda d, images: (images / "a.png").unlink(), **LOST),
    case(image_files.MISSING, 'image 1, file_name="a.png"',
         lambda d, images: ((images / "a.png").unlink(), (images / "a.png").mkdir()), **LOST),
    case(image_files.EMPTY, 'image 1, file_name="a.png"', lambda d, images: (images / "a.png").write_bytes(b""),
         **LOST),
    case(image_files.UNREADABLE, 'image 1, file_name="a.png"', cut, **LOST),
    case(image_files.UNREADABLE, 'image 1, file_name="a.png"',
         lambda d, images: (images / "a.png").write_text("<html>404</html>"), **LOST),
    case(image_files.WRONG_SIZE, 'image 2, file_name="b.png"',
         lambda d, images: Image.new("L", (80, 80)).save(images / "b.png"), **LOST),
    case(image_files.WRONG_SIZE, 'image 1, file_name="a.jpg"', turn, **LOST),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """A file that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_the_cameras_orientation_counts(tmp_path):
    """A turned image has the size it has the right way up; the other one is explained."""
    data, images = valid_data(), write_images(tmp_path)
    turn(data, images)
    (finding,) = CocoChecker("f", images).check(data)
    assert "is 48x64 pixels after its EXIF orientation 6 is applied" in finding.text and "say 64x48" in finding.text
    turn(data, images, stated=(48, 64))
    assert image_files.check_image_file(data["images"][0], images, decode=True) == []


@pytest.mark.parametrize("damage, found", [(cut, set()), (lambda d, i: (i / "a.png").unlink(), {"image-missing"})])
def test_without_decoding(damage, found, tmp_path):
    """Without decoding, files are only seen to be there and not empty."""
    data, images = valid_data(), write_images(tmp_path)
    damage(data, images)
    assert {f.rule.name for f in CocoChecker("f", images, decode=False).check(data)} == found


def test_images_are_not_looked_at(tmp_path):
    """Without a folder there are no findings about files."""
    assert CocoChecker("f", None).check(valid_data()) == []


def test_files_are_read_once(tmp_path, monkeypatch):
    """A second check of the same entries opens no image."""
    checker, data = CocoChecker("f", write_images(tmp_path)), valid_data()
    assert checker.check(data) == []
    monkeypatch.setattr(image_files, "decode_image", lambda path: pytest.fail("an image was read again"))
    assert checker.check(data) == []
