"""Which images are meant, and what their pictures are called."""

from pathlib import Path

import pytest
from PIL import Image

from ablations.predict.images import find_images, picture_names, read_images


@pytest.fixture
def folder(tmp_path):
    """b.png, a.JPG and notes.txt, and c.png in a folder of its own."""
    (tmp_path / "in").mkdir()
    for name in ("b.png", "a.JPG", "in/c.png"):
        Image.new("RGB", (6, 4)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_a_folder_stands_for_the_images_directly_in_it(folder):
    """By name; other files and folders are passed over."""
    assert names(find_images([str(folder)])) == ["a.JPG", "b.png"]


def test_a_pattern_can_look_into_folders(folder):
    """`**` is any number of folders; what is no image is passed over."""
    assert names(find_images([f"{folder}/**/*"])) == ["a.JPG", "b.png", "c.png"]


def test_an_image_that_is_named_twice_counts_once(folder, monkeypatch):
    """Whatever the way in which it is named; the first decides where it stands."""
    monkeypatch.chdir(folder)
    assert names(find_images(["b.png", str(folder), "in/../b.png"])) == ["b.png", "a.JPG"]


def test_a_file_that_is_named_can_have_any_suffix(folder):
    """Only folders and patterns choose by suffix."""
    image = folder / "scan.dat"
    Image.new("RGB", (6, 4)).save(image, "PNG")
    assert find_images([str(image)]) == [image]


@pytest.mark.parametrize("word", ["nobody.png", "none/", "*.tiff"])
def test_a_word_that_names_no_image_is_an_error(folder, word, monkeypatch):
    """Nothing is passed over in silence."""
    monkeypatch.chdir(folder)
    with pytest.raises(FileNotFoundError, match="is not there|names no image"):
        find_images(["b.png", word])


def test_a_folder_without_images_is_an_error(tmp_path):
    """The error says what would be an image."""
    with pytest.raises(FileNotFoundError, match=r"names no image: none of its files ends in \.avif, "):
        find_images([str(tmp_path)])


def test_sizes_are_those_of_the_upright_image(tmp_path):
    """A file of 6 x 4 pixels that is to be turned by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png", exif=exif)
    path = tmp_path / "a.png"
    expected = {"id": 1, "file_name": str(path), "width": 4, "height": 6, "picture": "a.jpg"}
    assert read_images([path], ".jpg") == [expected]


@pytest.mark.parametrize("content", [b"", b"no image", "truncated"])
def test_a_damaged_image_is_named(folder, content):
    """Empty files, other files and halves of images; the good ones before do not hide it."""
    if content == "truncated":
        Image.effect_noise((200, 200), 50).save(folder / "whole.png")
        content = (folder / "whole.png").read_bytes()[:5000]
    (folder / "z.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"image '.*z\.png' cannot be read: "):
        read_images([folder / "b.png", folder / "z.png"], ".png")


def test_equal_names_get_numbers():
    """Also where only the suffix or the case differs, and where a number is taken already."""
    paths = [Path(p) for p in ("x/a.png", "y/a.png", "y/a.jpg", "b-2.png", "b.png", "B.png")]
    assert picture_names(paths, ".png") == ["a.png", "a-2.png", "a-3.png", "b-2.png", "b.png", "B-3.png"]
