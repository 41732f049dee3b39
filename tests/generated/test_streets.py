"""Drawn street scenes."""

from collections import Counter

import numpy as np
import pytest

from mask_rcnn_paper.cityscapes.coco_file import coco_annotations
from mask_rcnn_paper.cityscapes.labels import CLASS_IDS, label_ids
from mask_rcnn_paper.generated.scene import SUPERSAMPLING, Instance, Scene
from mask_rcnn_paper.generated.street_folders import STREET_SPECS
from mask_rcnn_paper.generated.streets import StreetSpec, draw_street, instance_ids

SPEC = STREET_SPECS["mini_cityscapes_val"]
IMAGES = 40


@pytest.fixture(scope="module")
def scenes():
    """Some validation scenes."""
    return [draw_street(SPEC.street, SPEC.seed, index) for index in range(IMAGES)]


def test_equal_arguments_give_equal_bytes(scenes):
    """Another index gives another scene."""
    again = draw_street(SPEC.street, SPEC.seed, 3)
    np.testing.assert_array_equal(again.image, scenes[3].image)
    np.testing.assert_array_equal(instance_ids(again, 7), instance_ids(scenes[3], 7))
    assert (scenes[3].image != scenes[4].image).any()


def test_images_are_twice_as_wide_as_high(scenes):
    """As Cityscapes' 1024 x 2048."""
    assert {scene.image.shape for scene in scenes} == {(246, 492, 3)}


def test_every_class_is_there_and_few_are_trucks_buses_and_trains(scenes):
    """Together less than a fifth, and yet a hundred of each in mini_cityscapes_val; groups are there too."""
    found = [a for scene in scenes for a in coco_annotations(instance_ids(scene, 7))]
    counts = Counter(a["category_id"] for a in found if not a["iscrowd"])
    rare = [counts[CLASS_IDS[name]] for name in ("truck", "bus", "train")]
    assert sum(rare) < sum(counts.values()) / 5
    assert min(counts[key] for key in CLASS_IDS.values()) * SPEC.images / IMAGES >= 100
    assert any(a["iscrowd"] for a in found)


def test_a_rider_is_on_what_is_ridden():
    """Directly above it, unless above the image's edge."""
    riders = 0
    spec = StreetSpec(weights=(("bicycle", 1.0),), min_objects=1, max_objects=1, ridden=1.0, group=0.0, screen=0.0)
    for index in range(20):
        ids = label_ids(instance_ids(draw_street(spec, 0, index), 7))
        rider, bicycle = (np.argwhere(ids == CLASS_IDS[name]) for name in ("rider", "bicycle"))
        if not len(rider) or not len(bicycle):
            continue
        riders += 1
        assert rider[:, 0].mean() < bicycle[:, 0].mean()
        touching = (ids[:-1] == CLASS_IDS["rider"]) & (ids[1:] == CLASS_IDS["bicycle"])
        assert touching.any()
    assert riders >= 10


def test_pixels_belong_to_what_covers_half_of_them():
    """The object in front where two have one half each; numbers count within a class, and groups have none."""
    cells = np.zeros((4, 2 * SUPERSAMPLING, 2 * SUPERSAMPLING), bool)
    half = SUPERSAMPLING // 2
    cells[0, :SUPERSAMPLING, :half] = True
    cells[1, :SUPERSAMPLING, half:SUPERSAMPLING] = True
    cells[2, SUPERSAMPLING:, :SUPERSAMPLING] = True
    cells[3, SUPERSAMPLING:, SUPERSAMPLING : SUPERSAMPLING + half - 1] = True
    names = ("car", "person", "car", "bus")
    instances = [Instance(n, mask, crowd=n == "person") for n, mask in zip(names, cells, strict=True)]
    scene = Scene(np.zeros((2, 2, 3), np.uint8), instances)
    np.testing.assert_array_equal(instance_ids(scene, 7), [[26000, 7], [26001, 7]])
    np.testing.assert_array_equal(instance_ids(Scene(scene.image, instances[1:]), 7), [[24, 7], [26000, 7]])
