"""Whether a file is in another format."""

import numpy as np
import pytest

from mask_rcnn_paper.validate_dataset import format_rules
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, fix
from mask_rcnn_paper.validate_dataset.format_rules import iou

SIZE = np.array([100, 60])
FORMATS = {
    "[x1, y1, x2, y2]": lambda x, y, w, h: [x, y, x + w, y + h],
    "[center x, center y, width, height]": lambda x, y, w, h: [x + w / 2, y + h / 2, w, h],
    "[y, x, height, width]": lambda x, y, w, h: [y, x, h, w],
    "[y1, x1, y2, x2]": lambda x, y, w, h: [y, x, y + h, x + w],
    "shares of the image's sides": lambda x, y, w, h: [x / 100, y / 60, w / 100, h / 60],
}


def dataset(masks: bool = True) -> dict:
    """Twenty objects in an image of 100x60 pixels, from corner to corner."""
    rng = np.random.default_rng(0)
    sizes = rng.uniform(8, 25, (20, 2))
    boxes = np.concatenate([rng.uniform(0, 1, (20, 2)) * (SIZE - sizes), sizes], axis=1).round(2)
    annotations = []
    for i, (x, y, w, h) in enumerate(boxes.tolist(), 1):
        annotation = {"id": i, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [x, y, w, h], "area": w * h}
        polygon = [x, y, x + w, y, x + w, y + h, x, y + h]
        annotations.append(annotation | ({"segmentation": [polygon]} if masks else {}))
    images = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 60}]
    return {"info": {}, "images": images, "categories": [{"id": 1, "name": "a"}], "annotations": annotations}


def formats(data: dict) -> list[str]:
    """Rules of this module that a file breaks."""
    names = {rule.name for rule in (format_rules.BOXES, format_rules.POLYGONS, format_rules.KEYPOINTS)}
    return [v.rule.name for v in CocoChecker("f").check(data) if v.rule.name in names]


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_boxes(name, masks):
    """Boxes in another format are told by their masks, else by their images; the format is named, nothing mended."""
    data = dataset(masks)
    for annotation in data["annotations"]:
        annotation["bbox"] = FORMATS[name](*annotation["bbox"])
    checker = CocoChecker("f")
    found = [v for v in checker.check(data) if v.rule is format_rules.BOXES]
    assert len(found) == 1
    assert f"make sense as {name} alone" in found[0].text
    fixed = fix(data, checker, checker.check(data))
    assert not fixed.mended + fixed.dropped


@pytest.mark.parametrize("masks", [False, True])
def test_coco(masks):
    """COCO's own format is none of them, nor is one with a few boxes across the border."""
    data = dataset(masks)
    data["annotations"][0]["bbox"][2] += 120
    assert formats(data) == []
    assert formats(dataset(masks) | {"annotations": []}) == []


def test_a_single_box_is_no_format():
    """One of twenty is a slip: it is far from its mask, and can be dropped."""
    data = dataset()
    data["annotations"][3]["bbox"] = FORMATS["[y, x, height, width]"](*data["annotations"][3]["bbox"])
    assert formats(data) == []


@pytest.mark.parametrize("also_boxes", [False, True])
def test_polygons_of_y_and_x(also_boxes):
    """They are told by their boxes, or by images that are not square."""
    data = dataset()
    for annotation in data["annotations"]:
        (polygon,) = annotation["segmentation"]
        annotation["segmentation"] = [[polygon[i ^ 1] for i in range(len(polygon))]]
        if also_boxes:
            annotation["bbox"] = FORMATS["[y, x, height, width]"](*annotation["bbox"])
    assert formats(data) == ["bbox-format"] * also_boxes + ["polygon-format"]


def test_polygons_of_shares():
    """Coordinates in 0..1 are none of pixels."""
    data = dataset()
    for annotation in data["annotations"]:
        (polygon,) = annotation["segmentation"]
        annotation["segmentation"] = [(np.reshape(polygon, (-1, 2)) / SIZE).reshape(-1).tolist()]
    assert formats(data) == ["polygon-format"]


def test_keypoints_of_shares():
    """As with boxes; unlabelled zeros say nothing, and where no keypoints are trained nothing is said."""
    data = dataset()
    for annotation in data["annotations"]:
        x, y, w, h = annotation["bbox"]
        annotation |= {"keypoints": [(x + w / 2) / 100, (y + h / 2) / 60, 2, 0, 0, 0], "num_keypoints": 1}
    assert formats(data) == ["keypoint-format"]
    assert CocoChecker("f", with_keypoints=False).check(data) == []


def test_iou():
    """Against hand-computed ones."""
    a, b = np.array([[0, 0, 2, 2], [0, 0, 1, 1]]), np.array([[1, 0, 3, 2], [1, 1, 2, 2]])
    np.testing.assert_allclose(iou(a, b), [1 / 3, 0])
