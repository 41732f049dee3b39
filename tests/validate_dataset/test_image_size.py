"""Sizes of image files."""

import pytest
from PIL import Image

from mask_rcnn_paper.validate_dataset.image_size import bytes_of, upright_size


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
    assert upright_size(tmp_path / "a.jpg") is None and upright_size(tmp_path / "b.jpg") is None


def test_bytes(tmp_path):
    """A folder is no file, nor is a name that no system allows."""
    (tmp_path / "a").write_bytes(b"12345")
    assert bytes_of(tmp_path / "a") == 5
    assert bytes_of(tmp_path) is None and bytes_of(tmp_path / "b") is None and bytes_of(tmp_path / "\0") is None
