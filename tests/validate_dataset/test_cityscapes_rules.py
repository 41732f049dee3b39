"""Rules of Cityscapes folders."""

import numpy as np
import pytest
from PIL import Image

from mask_rcnn_paper.validate_dataset import cityscapes_rules as cityscapes
from mask_rcnn_paper.validate_dataset.cityscapes_rules import check_cityscapes, check_instance_ids

IMAGE, INSTANCES, LABELS = (f"ulm_000000_000019_{end}.png" for end in
                            ("leftImg8bit", "gtFine_instanceIds", "gtFine_labelIds"))  # fmt: skip


@pytest.fixture
def root(tmp_path):
    """A tree of one image in each of train and val."""
    ids = np.array([[7, 7, 26000, 26001], [24, 33005, 29000, 0]], np.uint16)
    for split in cityscapes.SPLITS:
        images, labels = (tmp_path / kind / split / "ulm" for kind in ("leftImg8bit", "gtFine"))
        images.mkdir(parents=True), labels.mkdir(parents=True)
        Image.new("RGB", (4, 2)).save(images / IMAGE)
        Image.fromarray(ids).save(labels / INSTANCES)
        Image.fromarray(np.minimum(ids, 33).astype(np.uint8)).save(labels / LABELS)
    return tmp_path


def test_valid(root):
    """Instances, groups, background and the classes that are not evaluated are all legal."""
    assert check_cityscapes(root) == (2, [])


def only(root, *splits):
    """The only violation, as its rule and the path of its file below the root."""
    (violation,) = check_cityscapes(root, *splits)[1]
    assert violation.rule.severity == "error"
    assert violation.rule.cure
    assert violation.text
    return violation.rule, violation.file.removeprefix(f"{root}/"), violation


@pytest.mark.parametrize("kind", ["leftImg8bit", "gtFine"])
def test_absent_splits(root, kind):
    """A split without one of its folders is found; the other split is checked all the same."""
    (root / kind / "val").rename(root / kind / "elsewhere")
    assert only(root)[:2] == (cityscapes.SPLIT, f"{kind}/val")
    assert check_cityscapes(root, ("train",)) == (1, [])


def test_missing_labels(root):
    """An image without gtFine."""
    labels = root / "gtFine/val/ulm"
    (labels / INSTANCES).rename(labels / INSTANCES.replace("19", "20"))
    found = {(f.rule, f.file) for f in check_cityscapes(root)[1]}
    assert found == {
        (cityscapes.NO_LABELS, str(root / "leftImg8bit/val/ulm" / IMAGE)),
        (cityscapes.NO_IMAGE, str(labels / INSTANCES.replace("19", "20"))),
    }


def test_missing_image(root):
    """gtFine without an image."""
    Image.new("I;16", (4, 2)).save(root / "gtFine/val/ulm" / INSTANCES.replace("19", "20"))
    assert only(root)[0] is cityscapes.NO_IMAGE


@pytest.mark.parametrize(
    "path", [f"leftImg8bit/val/ulm/{IMAGE}", f"gtFine/val/ulm/{INSTANCES}", f"gtFine/val/ulm/{LABELS}"]
)
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nand so on"])
def test_unreadable(root, path, content):
    """A file that cannot be decoded, image or label, is named."""
    (root / path).write_bytes(content)
    assert only(root)[:2] == (cityscapes.UNREADABLE, path)


@pytest.mark.parametrize("name", [INSTANCES, LABELS])
def test_wrong_size(root, name):
    """Labels of another size than the image."""
    Image.new("L", (3, 2)).save(root / "gtFine/val/ulm" / name)
    rule, path, violation = only(root)
    assert (rule, path) == (cityscapes.SIZE, f"gtFine/val/ulm/{name}")
    assert "3x2 pixels" in violation.text


def test_instance_ids(root):
    """An instance of a class without instances is named with its file."""
    Image.fromarray(np.full((2, 4), 7001, np.uint16)).save(root / "gtFine/val/ulm" / INSTANCES)
    rule, path, violation = only(root)
    assert rule is cityscapes.IDS
    assert path.endswith(INSTANCES)
    assert violation.value == [7001]


@pytest.mark.parametrize("value, legal", [(0, 1), (33, 1), (34, 0), (255, 0), (23999, 0), (24000, 1), (28999, 1),
                                          (30001, 1), (31000, 1), (33999, 1), (34000, 0), (-1, 0)])  # fmt: skip
def test_ranges(value, legal):
    """Label ids to 33, and instances of classes 24 to 33."""
    assert (not list(check_instance_ids(np.array([[value]], np.int32)))) == bool(legal)


def test_colour_images_are_no_ids():
    """gtFine_color in place of the ids."""
    (problem,) = check_instance_ids(np.zeros((2, 4, 3), np.uint8))
    assert "3 channels" in problem.text
