"""Lists of images without annotations."""

import json

import pytest

from mask_rcnn_paper.coco.image_info import load_image_info

IMAGES = [
    {"id": 7, "file_name": "b.png", "height": 3, "width": 4},
    {"id": 2, "file_name": "a.png", "height": 5, "width": 6, "license": 1},
]


@pytest.fixture
def write(tmp_path):
    """Write a file; returns its path."""

    def call(content):
        path = tmp_path / "info.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return call


def test_samples_are_in_the_order_of_their_ids(write):
    """File name, size and id of each; no categories are needed, and annotations are not looked at."""
    found = load_image_info(write({"images": IMAGES, "annotations": "none"}), "/images")
    assert found == [
        {"file_name": "/images/a.png", "height": 5, "width": 6, "image_id": 2},
        {"file_name": "/images/b.png", "height": 3, "width": 4, "image_id": 7},
    ]


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "info.json': .*; give a COCO file"),
        ([], "info.json'"),
        ({"info": {}}, "has no 'images'"),
        ({"images": [{"id": 1, "file_name": "a.png", "height": 1}]}, "has no 'width'"),
        ({"images": []}, "it is empty"),
        ({"images": [IMAGES[0], IMAGES[0]]}, "ids occur twice"),
    ],
)
def test_what_lists_no_images_is_refused(write, content, message):
    """With the file, what it lacks, and what to give."""
    with pytest.raises(ValueError, match=message):
        load_image_info(write(content), "")


def test_a_missing_file_is_named(tmp_path):
    """As everywhere."""
    with pytest.raises(FileNotFoundError, match="none.json' does not exist"):
        load_image_info(tmp_path / "none.json", "")
