"""Rules of images' entries and files."""

import numpy as np
import pytest
from PIL import Image

from mask_rcnn_paper.validate_dataset import image_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from mask_rcnn_paper.validate_dataset.image_rules import bytes_of, upright_size
from tests.validate_dataset.cases import REMOVED, assert_found, broken, case, put, valid_data, write_images


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


def strip(data, images):
    """Take all annotations from the second image."""
    del data["annotations"][2:]


def crowd_together(data, images):
    """Give the first image 101 instances, as annotations 1 and 5 to 104."""
    model = data["annotations"][0]
    data["annotations"] += [model | {"id": i} for i in range(5, 104)]


def deepen(mode):
    """Store the first image with this PIL mode."""

    def damage(data, images):
        pixels = np.full((48, 64), 40000, np.uint16 if mode == "I;16" else np.float32)
        data["images"][0]["file_name"] = "a.tiff"
        Image.fromarray(pixels).save(images / "a.tiff")

    return damage


SIZE_CASES = [
    case(image_rules.SIZE, "image 1, height=1000", put("images", 0, height=10**400)),
    case(image_rules.SIZE, "image 1, width", put("images", 0, width=REMOVED)),
    case(image_rules.SIZE, "image 1, height=48.0", put("images", 0, height=48.0)),
    case(image_rules.SIZE, "image 1, width=0", put("images", 0, width=0)),
]
CROWD_CASES = [
    case(image_rules.WITHOUT_ANNOTATIONS, "image 2", strip),
    case(image_rules.ONLY_CROWDS, "image 2", put("annotations", 2, iscrowd=1)),
]
LOST = {"images": 1, "annotations": 2}
CASES = [
    case(image_rules.FILE_NAME, "image 1, file_name", put("images", 0, file_name=REMOVED), **LOST),
    case(image_rules.FILE_NAME, "image 1, file_name=5", put("images", 0, file_name=5), **LOST),
    case(image_rules.MISSING, 'image 1, file_name="a.png"', lambda d, images: (images / "a.png").unlink(), **LOST),
    case(image_rules.MISSING, 'image 1, file_name="a.png"',
         lambda d, images: ((images / "a.png").unlink(), (images / "a.png").mkdir()), **LOST),
    case(image_rules.EMPTY, 'image 1, file_name="a.png"', lambda d, images: (images / "a.png").write_bytes(b""),
         **LOST),
    case(image_rules.UNREADABLE, 'image 1, file_name="a.png"', cut, **LOST),
    case(image_rules.UNREADABLE, 'image 1, file_name="a.png"',
         lambda d, images: (images / "a.png").write_text("<html>404</html>"), **LOST),
    case(image_rules.WRONG_SIZE, 'image 2, file_name="b.png"',
         lambda d, images: Image.new("L", (80, 80)).save(images / "b.png"), **LOST),
    case(image_rules.WRONG_SIZE, 'image 1, file_name="a.jpg"', turn, **LOST),
    case(image_rules.DEPTH, 'image 1, file_name="a.tiff"', deepen("I;16"), **LOST),
    case(image_rules.DEPTH, 'image 1, file_name="a.tiff"', deepen("F"), **LOST),
    case(image_rules.FILE_NAME, "image 1, file_name=", put("images", 0, file_name="\ud800.png"), **LOST),
    case(image_rules.CROWDED, "image 1", crowd_together),
    *SIZE_CASES,
    *CROWD_CASES,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """An entry or a file that breaks a rule is found, and only it."""
    assert_found(case, tmp_path)


def test_the_cameras_orientation_counts(tmp_path):
    """A turned image has the size it has the right way up; the other one is explained."""
    data, images = valid_data(), write_images(tmp_path)
    turn(data, images)
    (violation,) = CocoChecker("f", images).check(data)
    assert "is 48x64 pixels after its EXIF orientation 6 is applied" in violation.text
    assert "say 64x48" in violation.text
    turn(data, images, stated=(48, 64))
    assert image_rules.check_image_file(data["images"][0], images, decode=True) == []


@pytest.mark.parametrize("damage, found", [(cut, set()), (lambda d, i: (i / "a.png").unlink(), {"image-missing"})])
def test_without_decoding(damage, found, tmp_path):
    """Without decoding, files are only seen to be there and not empty."""
    data, images = valid_data(), write_images(tmp_path)
    damage(data, images)
    assert {f.rule.name for f in CocoChecker("f", images, decode=False).check(data)} == found


def test_deep_images_are_found_without_decoding(tmp_path):
    """Training asks the header of what may be deep, and does not even open a JPEG."""
    data, images = valid_data(), write_images(tmp_path)
    deepen("I;16")(data, images)
    assert [v.rule for v in CocoChecker("f", images, decode=False).check(data)] == [image_rules.DEPTH]
    (images / "a.tiff").rename(images / "a.jpg")
    data["images"][0]["file_name"] = "a.jpg"
    assert CocoChecker("f", images, decode=False).check(data) == []


def test_many_instances_are_a_warning():
    """Groups do not count, nor do 100 instances."""
    data = valid_data()
    crowd_together(data, None)
    (violation,) = CocoChecker("f").check(data)
    assert (violation.rule, violation.rule.severity) == (image_rules.CROWDED, "warning")
    data["annotations"].pop()
    assert CocoChecker("f").check(data) == []


def test_images_are_not_looked_at(tmp_path):
    """Without a folder there are no violations about files."""
    assert CocoChecker("f", None).check(valid_data()) == []


def test_files_are_read_once(tmp_path, monkeypatch):
    """A second check of the same entries opens no image."""
    checker, data = CocoChecker("f", write_images(tmp_path)), valid_data()
    assert checker.check(data) == []
    monkeypatch.setattr(image_rules, "decode_image", lambda path: pytest.fail("an image was read again"))
    assert checker.check(data) == []


@pytest.mark.parametrize("orientation, size", [(1, (6, 4)), (3, (6, 4)), (5, (4, 6)), (6, (4, 6)), (8, (4, 6))])
def test_upright_size(orientation, size, tmp_path):
    """Orientations 5 to 8 exchange width and height."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert upright_size(tmp_path / "a.jpg") == size


def test_no_image(tmp_path):
    """What cannot be read has no size."""
    (tmp_path / "a.jpg").write_text("text")
    assert upright_size(tmp_path / "a.jpg") is None
    assert upright_size(tmp_path / "b.jpg") is None


def test_bytes(tmp_path):
    """A folder is no file, nor is a name that no system allows."""
    (tmp_path / "a").write_bytes(b"12345")
    assert bytes_of(tmp_path / "a") == 5
    assert bytes_of(tmp_path) is None
    assert bytes_of(tmp_path / "b") is None
    assert bytes_of(tmp_path / "\0") is None


@pytest.mark.parametrize("case", SIZE_CASES)
def test_the_size_comes_from_the_file(case, tmp_path):
    """A missing or odd size is read from the image."""
    data, checker, violations = broken(case, tmp_path)
    fix(data, checker, violations)
    assert (data["images"][0]["width"], data["images"][0]["height"]) == (64, 48)


def test_without_the_file_the_image_is_dropped():
    """Where images are not looked at, one without a size is lost, and its annotations with it."""
    data = valid_data()
    del data["images"][0]["width"]
    checker = CocoChecker("f", None)
    fixed = fix(data, checker, checker.check(data))
    assert not fixed.left
    assert [i["id"] for i in data["images"]] == [2]
    assert [a["id"] for a in data["annotations"]] == [3, 4]


@pytest.mark.parametrize("case", CROWD_CASES)
def test_an_image_without_objects(case, tmp_path):
    """One without annotations, or with groups alone, is a warning."""
    assert assert_found(case, tmp_path).rule.severity == "warning"


@pytest.mark.parametrize("case", CROWD_CASES)
def test_nothing_is_changed(case, tmp_path):
    """Images without objects may be meant so: --fix leaves them."""
    data, checker, violations = broken(case, tmp_path)
    fixed = fix(data, checker, violations)
    assert fixed.left == violations
    assert not fixed.mended
    assert not fixed.dropped
    assert len(data["images"]) == 2
