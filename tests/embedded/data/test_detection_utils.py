import numpy as np
import pycocotools.mask as mask_util
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import MetadataCatalog
from detectron2.data import detection_utils as utils
from detectron2.data import transforms as T
from detectron2.data.images import BadSampleError, MissingImageError
from detectron2.structures import Boxes, BoxMode, Instances
from PIL import Image

ORIENTATION = 0x0112


def annotation(**more: object) -> dict:
    return {"bbox": [2, 1, 4, 3], "bbox_mode": BoxMode.XYWH_ABS, "category_id": 1} | more


@pytest.fixture
def rgb(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    path = str(tmp_path / "image.png")
    Image.fromarray(pixels).save(path)
    return pixels, path


def test_read_formats(rgb):
    """BGR is RGB with its channels reversed, L has one channel, None keeps the file's mode."""
    pixels, path = rgb
    np.testing.assert_array_equal(utils.read_image(path, "RGB"), pixels)
    np.testing.assert_array_equal(utils.read_image(path, "BGR"), pixels[:, :, ::-1])
    np.testing.assert_array_equal(utils.read_image(path), pixels)
    assert utils.read_image(path, "L").shape == (4, 6, 1)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.swapaxes(0, 1)),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: np.rot90(p.swapaxes(0, 1), 2)),
        (8, lambda p: np.rot90(p)),
    ],
)
def test_read_applies_the_cameras_orientation(rgb, tmp_path, orientation, upright):
    """Each of the eight EXIF orientations is undone."""
    pixels, _ = rgb
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(utils.read_image(str(tmp_path / "turned.png"), "RGB"), upright(pixels))


def test_read_errors_are_one_line(rgb, tmp_path):
    """A missing file, a file that is no image, a truncated one and a wrong format say what is wrong."""
    with pytest.raises(FileNotFoundError, match="image 'nowhere.jpg' does not exist"):
        utils.read_image("nowhere.jpg", "BGR")
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(ValueError, match="text.jpg' is not an image"):
        utils.read_image(str(tmp_path / "text.jpg"), "BGR")
    with open(rgb[1], "rb") as f:
        (tmp_path / "half.png").write_bytes(f.read()[:60])
    with pytest.raises(ValueError, match="half.png"):
        utils.read_image(str(tmp_path / "half.png"), "BGR")
    with pytest.raises(ValueError, match="INPUT.FORMAT='BRG': choose BGR, RGB or L"):
        utils.read_image(rgb[1], "BRG")


@pytest.mark.parametrize("kind", [MissingImageError, BadSampleError, utils.SizeMismatchError])
def test_errors_survive_a_worker_process(kind):
    """What a loader makes of a worker's error, a message with its traceback, shrinks to the sentence."""
    name = kind.__name__
    wrapped = f"Caught {name} in DataLoader worker process 0.\nTraceback:\n  ...\nx.{name}: it is gone\n"
    assert str(kind(wrapped)) == "it is gone"
    assert str(kind("Error: plain")) == "Error: plain"


def test_size_check(rgb):
    """A size that differs from the dataset's is an error; where the dataset has none it is noted."""
    sample = {"file_name": "a.png"}
    utils.check_image_size(sample, rgb[0])
    assert (sample["width"], sample["height"]) == (6, 4)
    with pytest.raises(utils.SizeMismatchError, match="'a.png' is 6x4 pixels, but its annotations say 4x6"):
        utils.check_image_size({"file_name": "a.png", "width": 4, "height": 6}, rgb[0])


def test_box_and_polygon_follow_the_image():
    """Under a flip of a 10-pixel wide image, x becomes 10 - x; the box is clipped to the image."""
    anno = annotation(bbox=[2, 1, 20, 3], segmentation=[[2, 1, 6, 1, 6, 4]])
    out = utils.transform_instance_annotations(anno, [T.HFlipTransform(10)], (8, 10))
    np.testing.assert_allclose(out["bbox"], [0, 1, 8, 4])
    assert out["bbox_mode"] == BoxMode.XYXY_ABS
    np.testing.assert_allclose(out["segmentation"][0], [8, 1, 4, 1, 4, 4])


def test_rle_follows_the_image():
    """An RLE mask becomes a transformed binary array."""
    mask = np.zeros((4, 6), np.uint8)
    mask[1, :2] = 1
    anno = annotation(segmentation=mask_util.encode(np.asfortranarray(mask)))
    out = utils.transform_instance_annotations(anno, T.TransformList([T.HFlipTransform(6)]), (4, 6))
    np.testing.assert_array_equal(out["segmentation"], mask[:, ::-1])
    with pytest.raises(ValueError, match="must be a list of polygons or an RLE dict"):
        utils.transform_instance_annotations(annotation(segmentation="x"), T.NoOpTransform(), (4, 6))


def test_keypoints_swap_sides_in_a_mirror():
    """A flip moves keypoints and exchanges left and right; unlabelled ones become zero."""
    keypoints = [5, 1, 2, 2, 2, 2, 7, 3, 0]
    out = utils.transform_keypoint_annotations(keypoints, T.HFlipTransform(10), (8, 10), np.array([0, 2, 1]))
    np.testing.assert_allclose(out, [[5, 1, 2], [0, 0, 0], [8, 2, 2]])


def test_keypoints_outside_are_unlabelled():
    """A keypoint that leaves the image loses its label; the border belongs to the image."""
    resize = T.ResizeTransform(4, 4, 8, 8)
    out = utils.transform_keypoint_annotations([4, 4, 2, 4.5, 1, 2], resize, (8, 8))
    np.testing.assert_allclose(out, [[8, 8, 2], [9, 2, 0]])


def test_keypoint_flip_needs_indices():
    """Flipping without the names of mirrored keypoints would train wrong ones."""
    with pytest.raises(ValueError, match="flipping 1 keypoints needs as many flip indices, found none"):
        utils.transform_keypoint_annotations([1, 1, 1], T.HFlipTransform(4), (4, 4))


def test_instances_of_polygons():
    """Boxes become XYXY float32, classes int64, and masks and keypoints are there when annotated."""
    annos = [annotation(segmentation=[[0.0, 0, 4, 0, 4, 4]], keypoints=np.ones((2, 3))) for _ in range(2)]
    out = utils.annotations_to_instances(annos, (8, 10))
    torch.testing.assert_close(out.gt_boxes.tensor, torch.tensor([[2.0, 1, 6, 4]] * 2))
    torch.testing.assert_close(out.gt_classes, torch.tensor([1, 1]))
    assert len(out.gt_masks) == 2
    assert out.gt_keypoints.tensor.shape == (2, 2, 3)


def test_instances_of_nothing():
    """An image without annotations has empty boxes and classes, and no masks."""
    out = utils.annotations_to_instances([], (8, 10))
    assert out.gt_boxes.tensor.shape == (0, 4)
    assert set(out.get_fields()) == {"gt_boxes", "gt_classes"}


def test_instances_of_bitmasks():
    """Polygons, RLE and arrays become the same bitmask."""
    mask = np.zeros((8, 10), np.uint8)
    mask[2:5, 1:7] = 1
    rle = mask_util.encode(np.asfortranarray(mask))
    segments = [[[1, 2, 7, 2, 7, 5, 1, 5]], rle, mask]
    out = utils.annotations_to_instances([annotation(segmentation=s) for s in segments], (8, 10), "bitmask")
    torch.testing.assert_close(out.gt_masks.tensor, torch.from_numpy(mask).bool().expand(3, 8, 10))


def test_bad_masks():
    """RLE among polygons, a wrong format, a mask of another size and a missing one are errors."""
    rle = mask_util.encode(np.zeros((8, 10), np.uint8, order="F"))
    with pytest.raises(ValueError, match="INPUT.MASK_FORMAT='polygon' cannot hold RLE"):
        utils.annotations_to_instances([annotation(segmentation=rle)], (8, 10))
    with pytest.raises(ValueError, match="INPUT.MASK_FORMAT='rle': choose polygon or bitmask"):
        utils.annotations_to_instances([annotation(segmentation=rle)], (8, 10), "rle")
    with pytest.raises(ValueError, match=r"\(8, 10\) does not fit its image of \(8, 9\)"):
        utils.annotations_to_instances([annotation(segmentation=rle)], (8, 9), "bitmask")
    with pytest.raises(ValueError, match="1 of 2 annotations of an image have 'segmentation'"):
        utils.annotations_to_instances([annotation(), annotation(segmentation=rle)], (8, 10))


def test_empty_instances_are_dropped():
    """Boxes without width and masks without pixels go, as asked for."""
    masks = [[[0.0, 0, 4, 0, 4, 4]], [[0.0, 0, 4, 0, 4, 4]], [[0.0, 0, 4, 0, 4, 4]]]
    boxes = [[0, 0, 4, 4], [1, 1, 0, 2], [0, 0, 2, 2]]
    annos = [annotation(bbox=b, segmentation=s) for b, s in zip(boxes, masks, strict=True)]
    instances = utils.annotations_to_instances(annos, (8, 10), "bitmask")
    instances.gt_masks.tensor[2] = False
    kept, mask = utils.filter_empty_instances(instances, return_mask=True)
    assert mask.tolist() == [True, False, False]
    assert len(kept) == 1
    assert len(utils.filter_empty_instances(instances, by_mask=False)) == 2
    assert len(utils.filter_empty_instances(instances, by_box=False)) == 2


def test_proposals_follow_the_image():
    """Stored proposals are flipped, clipped, freed of empty ones and cut to the best."""
    sample = {
        "proposal_boxes": np.array([[0.0, 0, 4, 2], [20, 0, 30, 2], [-2, 1, 3, 3], [1, 1, 2, 2]]),
        "proposal_objectness_logits": np.array([4.0, 3.0, 2.0, 1.0]),
        "proposal_bbox_mode": BoxMode.XYXY_ABS,
    }
    utils.transform_proposals(sample, (8, 10), T.TransformList([T.HFlipTransform(10)]), proposal_topk=2)
    proposals = sample.pop("proposals")
    assert isinstance(proposals, Instances)
    assert isinstance(proposals.proposal_boxes, Boxes)
    expected = torch.tensor([[6.0, 0, 10, 2], [7, 1, 10, 3]])
    torch.testing.assert_close(proposals.proposal_boxes.tensor, expected)
    torch.testing.assert_close(proposals.objectness_logits, torch.tensor([4.0, 2.0]))
    assert sample == {}


def test_image_without_proposals():
    """No stored proposals is not an error, and an image with none of them keeps none."""
    sample = {}
    utils.transform_proposals(sample, (8, 10), T.TransformList([]), proposal_topk=2)
    assert sample == {}
    empty = {"proposal_boxes": np.zeros((0, 4)), "proposal_objectness_logits": np.zeros(0)}
    empty["proposal_bbox_mode"] = BoxMode.XYXY_ABS
    utils.transform_proposals(empty, (8, 10), T.TransformList([T.HFlipTransform(10)]), proposal_topk=2)
    assert len(empty["proposals"]) == 0


def test_hflip_indices_of_coco():
    """COCO's left and right keypoints lie side by side, so that neighbours exchange places."""
    expected = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    assert utils.create_keypoint_hflip_indices("keypoints_coco_2017_train") == expected
    both = ["keypoints_coco_2017_train", "keypoints_coco_2017_val"]
    assert utils.create_keypoint_hflip_indices(both) == expected


def test_metadata_must_agree():
    """Missing or different metadata names the datasets and the entry."""
    with pytest.raises(ValueError, match="'coco_2017_train' has no keypoint_names"):
        utils.create_keypoint_hflip_indices(["coco_2017_train"])
    MetadataCatalog.get("utils_test").set(keypoint_names=["a"], keypoint_flip_map=[])
    try:
        with pytest.raises(ValueError, match="2017_train' and 'utils_test' differ in keypoint_names"):
            utils.create_keypoint_hflip_indices(["keypoints_coco_2017_train", "utils_test"])
    finally:
        MetadataCatalog.remove("utils_test")
    with pytest.raises(ValueError, match="set DATASETS.TRAIN"):
        utils.create_keypoint_hflip_indices([])


def test_augmentations_of_the_config():
    """Training resizes and flips as INPUT says, testing only resizes."""
    cfg = get_cfg()
    resize, flip = utils.build_augmentation(cfg, is_train=True)
    assert (resize.short_edge_length, resize.max_size, resize.is_range) == ((800,), 1333, False)
    assert flip.horizontal
    assert not flip.vertical
    cfg.INPUT.RANDOM_FLIP = "vertical"
    assert utils.build_augmentation(cfg, is_train=True)[1].vertical
    cfg.INPUT.RANDOM_FLIP = "none"
    cfg.INPUT.MIN_SIZE_TEST = 100
    assert len(utils.build_augmentation(cfg, is_train=True)) == 1
    (resize,) = utils.build_augmentation(cfg, is_train=False)
    assert set(resize.short_edge_length) == {100}
    cfg.INPUT.RANDOM_FLIP = "diagonal"
    with pytest.raises(ValueError, match="INPUT.RANDOM_FLIP='diagonal': choose none, horizontal or vertical"):
        utils.build_augmentation(cfg, is_train=True)
