import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mask_rcnn_paper.generated.annotations import scene_annotations
from mask_rcnn_paper.generated.drawing import Drawing
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, SceneSpec, _flag_keypoints, draw_scene

SPEC = SceneSpec(crowd=0.4)


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(SPEC, 5, index) for index in range(12)]


def test_same_seed_same_bytes(scenes):
    """A scene depends on seed and index alone, and on both."""
    again = draw_scene(SPEC, 5, 3)
    np.testing.assert_array_equal(again.image, scenes[3].image)
    assert scene_annotations(again) == scene_annotations(scenes[3])
    assert (draw_scene(SPEC, 6, 3).image != again.image).any()
    assert (scenes[4].image != again.image).any()


def test_image_size_follows_spec():
    """Images have the size asked for, and objects keep inside the canvas."""
    scene = draw_scene(SceneSpec(height=96, width=200), 0, 0)
    assert scene.image.shape == (96, 200, 3)
    assert all(i.mask.shape == (96 * SUPERSAMPLING, 200 * SUPERSAMPLING) for i in scene.instances)


def test_masks_are_disjoint(scenes):
    """No cell belongs to two instances, and every instance can be seen."""
    for scene in scenes:
        assert np.sum([i.mask for i in scene.instances], axis=0).max() == 1
        assert all(i.mask.any() for i in scene.instances)


def test_polygons_equal_visible_masks(scenes):
    """Annotated polygons rasterised at 4x are the drawn visible masks; area and box are the polygons'."""
    ious = []
    for scene in scenes:
        for instance, found in zip(scene.instances, scene_annotations(scene), strict=True):
            if instance.crowd:
                continue
            height, width = instance.mask.shape
            fine = [[SUPERSAMPLING * v for v in polygon] for polygon in found["segmentation"]]
            drawn = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(fine, height, width))).astype(bool)
            iou = (drawn & instance.mask).sum() / (drawn | instance.mask).sum()
            assert iou > 0.97  # the worst are thin bicycles
            ious.append(iou)
            assert found["area"] == pytest.approx(instance.mask.sum() / SUPERSAMPLING**2, rel=0.02, abs=3)
            points = np.concatenate(found["segmentation"]).reshape(-1, 2)
            x, y, w, h = found["bbox"]
            np.testing.assert_allclose((*points.min(0), *points.max(0)), (x, y, x + w, y + h), atol=0.011)
    assert np.mean(ious) > 0.99


def test_crowds_are_rle(scenes):
    """Crowds carry run lengths that cover the whole image, and their area and box."""
    crowds = [a for scene in scenes for a in scene_annotations(scene) if a["iscrowd"]]
    assert crowds
    for crowd in crowds:
        rle = crowd["segmentation"]
        assert rle["size"] == [160, 160]
        assert sum(rle["counts"]) == 160 * 160
        mask = coco_mask.decode(coco_mask.frPyObjects(rle, 160, 160))
        assert crowd["area"] == mask.sum() > 0
        x, y, w, h = crowd["bbox"]
        assert 0 <= x < x + w <= 160
        assert 0 <= y < y + h <= 160


def test_keypoints_inside_image(scenes):
    """Flagged keypoints lie in the image, others are zero, and their number is right."""
    persons = [a for scene in scenes for a in scene_annotations(scene) if a["category_id"] == 1]
    assert any(p["num_keypoints"] for p in persons)
    for person in persons:
        points = np.reshape(person["keypoints"], (17, 3))
        flagged = points[points[:, 2] > 0]
        assert len(flagged) == person["num_keypoints"]
        assert ((flagged[:, :2] >= -0.5) & (flagged[:, :2] < 159.5)).all()
        assert (points[points[:, 2] == 0] == 0).all()


def test_keypoint_flags():
    """Keypoints behind something get 1, visible ones 2, those out of the frame 0."""
    hidden = np.zeros((40, 40), bool)
    hidden[:, 20:] = True
    flagged = _flag_keypoints(np.array([[10.0, 8.0], [30.0, 8.0], [41.0, 8.0], [-1.0, 8.0]]), hidden)
    np.testing.assert_array_equal(flagged, [[2.5, 2, 2], [7.5, 2, 1], [0, 0, 0], [0, 0, 0]])


def test_instances_overlap_often():
    """In a good part of the scenes objects of different categories touch, so that occlusion matters."""
    touching = 0
    for index in range(20):
        instances = draw_scene(SPEC, 9, index).instances
        boxes = [np.argwhere(i.mask) for i in instances]
        boxes = [(b.min(0), b.max(0)) for b in boxes]
        pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
        touching += any((a[0] < b[1]).all() and (b[0] < a[1]).all() for a, b in pairs)
    assert touching >= 8


def test_extent_includes_stroke_width():
    """A stroke's extent reaches half its width beyond its line."""
    drawing = Drawing()
    drawing.stroke([(0, 0), (4, 0)], 2, (0, 0, 0))
    np.testing.assert_array_equal(drawing.extent(), [[-1, -1], [5, 1]])
