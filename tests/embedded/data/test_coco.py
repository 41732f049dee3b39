import json

import pycocotools.mask as mask_util
import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import load_coco_json
from detectron2.structures import BoxMode

from tests.embedded.tiny_coco import box_annotation, write_coco


def load(folder, annotations=None, **more):
    return load_coco_json(*write_coco(folder, annotations), **more)


def test_loads_images_in_the_order_of_ids(tmp_path):
    """Every image is there with its size, path and annotations, also one of crowds only."""
    dicts = load(tmp_path)
    assert [d["image_id"] for d in dicts] == [1, 2, 3]
    assert [(d["height"], d["width"]) for d in dicts] == [(60, 40), (40, 60), (40, 60)]
    assert [len(d["annotations"]) for d in dicts] == [2, 2, 1]
    assert dicts[0]["file_name"] == str(tmp_path / "images" / "1.png")
    assert [a["iscrowd"] for a in dicts[1]["annotations"]] == [0, 1]


def test_annotation_fields(tmp_path):
    """Without a name category ids stay; boxes are XYWH; only the wanted extra fields are kept."""
    (anno, _) = load(tmp_path, extra_annotation_keys=["area"])[0]["annotations"]
    assert anno == {
        "iscrowd": 0, "bbox": [5, 5, 20, 40], "category_id": 1, "area": 800, "bbox_mode": BoxMode.XYWH_ABS,
        "segmentation": [[5, 5, 25, 5, 25, 45, 5, 45]],
    }  # fmt: skip


def test_registered_dataset_has_contiguous_classes(registered):
    """Category ids become indices of the classes, which are in the order of the ids."""
    name = registered(metadata={"keypoint_names": ["a"]})
    dicts = DatasetCatalog.get(name)
    meta = MetadataCatalog.get(name)
    assert meta.thing_classes == ["person", "train"]
    assert meta.thing_dataset_id_to_contiguous_id == {1: 0, 7: 1}
    assert [[a["category_id"] for a in d["annotations"]] for d in dicts] == [[0, 1], [1, 0], [0]]
    assert (meta.evaluator_type, meta.keypoint_names) == ("coco", ["a"])
    assert meta.json_file.endswith("annotations.json")
    assert meta.image_root.endswith("images")


def test_keypoints_move_by_half_a_pixel(tmp_path):
    """Pixel indices become continuous coordinates; visibilities stay."""
    annos = [box_annotation(1, 1, 1, [0, 0, 9, 9], keypoints=[1, 2, 2, 0, 0, 0, 3, 4, 1], num_keypoints=2)]
    (anno,) = load(tmp_path, annos)[0]["annotations"]
    assert anno["keypoints"] == [1.5, 2.5, 2, 0.5, 0.5, 0, 3.5, 4.5, 1]


def test_uncompressed_rle_is_compressed(tmp_path):
    """The counts of a crowd become a compressed RLE of the same pixels."""
    crowd = load(tmp_path)[2]["annotations"][0]
    assert isinstance(crowd["segmentation"]["counts"], bytes)
    assert mask_util.decode(crowd["segmentation"]).sum() == 40 * 60


def test_empty_segmentations(tmp_path):
    """Polygons of two points are left out, an annotation of only such ones too; none at all keeps the box."""
    annos = [
        box_annotation(1, 1, 1, [0, 0, 9, 9], segmentation=[[0, 0, 9, 9]]),
        box_annotation(2, 1, 1, [0, 0, 9, 9], segmentation=[[0, 0, 9, 9], [0, 0, 9, 0, 9, 9]]),
        box_annotation(3, 1, 1, [0, 0, 9, 9], segmentation=[]),
    ]
    second, third = load(tmp_path, annos)[0]["annotations"]
    assert second["segmentation"] == [[0, 0, 9, 0, 9, 9]]
    assert "segmentation" not in third


def test_file_without_annotations(tmp_path):
    """A test set without annotations has images with empty lists."""
    json_file, image_root = write_coco(tmp_path)
    content = json.loads(open(json_file).read())
    del content["annotations"]
    with open(json_file, "w") as f:
        json.dump(content, f)
    assert [d["annotations"] for d in load_coco_json(json_file, image_root)] == [[], [], []]


def test_missing_files(tmp_path, registered):
    """A missing annotation file or image folder is named, with the dataset and the cure."""
    json_file, image_root = write_coco(tmp_path)
    with pytest.raises(FileNotFoundError, match="annotation file 'no.json' does not exist: check the paths"):
        load_coco_json("no.json", image_root)
    with pytest.raises(FileNotFoundError, match="image folder 'no' of dataset 'x' does not exist: check"):
        load_coco_json(json_file, "no", "x")
    MetadataCatalog.remove("x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "has no images and no categories"),
        ('{"images": []}', "has no categories"),
        ('{"images": [{"id": 1}], "categories": []}', "no key 'file_name'"),
    ],
)
def test_malformed_files(tmp_path, text, message):
    """What is not JSON, or not COCO's, says which file and what is missing."""
    json_file, image_root = write_coco(tmp_path)
    with open(json_file, "w") as f:
        f.write(text)
    with pytest.raises(ValueError, match=message) as error:
        load_coco_json(json_file, image_root)
    assert "annotations.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_malformed_annotations(tmp_path):
    """Double ids, missing or short boxes and unknown categories are named."""
    twice = [box_annotation(1, 1, 1, [0, 0, 9, 9])] * 2
    with pytest.raises(ValueError, match="1 annotation ids occur twice"):
        load(tmp_path, twice)
    with pytest.raises(ValueError, match="no key 'bbox'"):
        load(tmp_path, [{"id": 1, "image_id": 1, "category_id": 1}])
    with pytest.raises(ValueError, match=r"annotation 1: bbox=\[1, 2\]"):
        load(tmp_path, [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2]}])
    with pytest.raises(ValueError, match="annotation 1: category_id=5 is not among the categories"):
        load(tmp_path, [box_annotation(1, 1, 5, [0, 0, 9, 9])], dataset_name="coco_test")
    MetadataCatalog.remove("coco_test")
