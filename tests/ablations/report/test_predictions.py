"""Predictions and ground truth as files have them; their overlap, on numbers by hand; and the images chosen by it."""

import json
import math
from pathlib import Path

import pycocotools.mask as mask_util
import pytest
from pycocotools.cocoeval import Params

from ablations.report.predictions import (
    BOX,
    KEYPOINTS,
    MASK,
    GroundTruth,
    choose_images,
    common_measure,
    mean_overlap,
    objects_of,
    read_ground_truth,
    read_predictions,
)
from tests.ablations.report.tiny import SIDE, predicted, rectangle, write_predictions

SIZE = (SIDE, SIDE)
CORNER = (0, 0, 40, 40)


def test_predictions_come_by_image(tmp_path):
    """In the order of the file."""
    first, second, third = (predicted(0, 0, n, n, image_id=i) for n, i in ((10, 2), (20, 1), (30, 2)))
    folder = write_predictions(tmp_path, "val", [first, second, third])
    assert read_predictions(folder / "inference/val/coco_instances_results.json") == {2: [first, third], 1: [second]}


@pytest.mark.parametrize(
    "content, message",
    [("[{", "is not JSON"), ("{}", "holds a dict, not a list"), ("[{}]", "entry 0: has no image_id")],
)
def test_broken_files_are_named(tmp_path, content, message):
    """As one that a full disk cut off."""
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        read_predictions(path)
    assert str(path) in str(error.value)


def test_ground_truth_is_what_the_annotation_file_says(register):
    """Images and annotations by id, names of classes, the skeleton of whichever class has one."""
    name = register([rectangle(0, 0, 40, 40, image_id=2)])
    truth = read_ground_truth(name)
    assert truth.name == name
    assert truth.images[3]["file_name"] == "3.png"
    assert {image: [a["bbox"] for a in found] for image, found in truth.instances.items()} == {2: [[0, 0, 40, 40]]}
    assert truth.class_names == {1: "person", 3: "car"}
    assert truth.skeleton == ((1, 2),)
    assert truth.keypoints == ("a", "b")
    assert (truth.image_root / "3.png").is_file()


def test_a_dataset_without_keypoints_has_no_skeleton(register):
    """As COCO's instances."""
    name = register([])
    path = read_ground_truth(name).image_root.parent / "annotations.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "categories": [{"id": 3, "name": "car"}]}))
    assert read_ground_truth(name).skeleton == read_ground_truth(name).keypoints == ()


@pytest.mark.parametrize("measure", [MASK, BOX])
def test_the_best_prediction_of_the_same_category_counts(measure):
    """Two of 40x20 that share 20x20 have an IoU of 400 / 1200; what is elsewhere, or of another class, does not."""
    things = [rectangle(0, 0, 40, 20)]
    rivals = [predicted(20, 0, 40, 20), predicted(60, 60, 20, 20), predicted(0, 0, 40, 20, category=1)]
    assert mean_overlap(things, rivals, measure, SIZE) == pytest.approx(1 / 3)


def test_masks_and_boxes_differ():
    """A triangle fills half of its box: 1 by boxes, 1/2 by masks, up to the pixels of the diagonal."""
    triangle = predicted(0, 0, 80, 80) | {"segmentation": [[0, 0, 80, 0, 0, 80]]}
    assert mean_overlap([rectangle(0, 0, 80, 80)], [triangle], BOX, SIZE) == 1.0
    assert mean_overlap([rectangle(0, 0, 80, 80)], [triangle], MASK, SIZE) == pytest.approx(0.5, abs=0.01)


def test_objects_without_a_prediction_count_as_0():
    """So a row does not gain by finding less; a score below the threshold is not found."""
    things = [rectangle(0, 0, 20, 20), rectangle(50, 50, 20, 20)]
    assert mean_overlap(things, [predicted(0, 0, 20, 20)], MASK, SIZE) == 0.5
    assert mean_overlap(things, [predicted(0, 0, 20, 20, score=0.49)], MASK, SIZE) == 0.0
    assert mean_overlap(things, [predicted(0, 0, 20, 20, score=0.49)], MASK, SIZE, threshold=0.4) == 0.5
    assert mean_overlap([rectangle(0, 0, 9, 9, keypoints=[1, 1, 2])], [], KEYPOINTS, SIZE) == 0.0


def test_run_lengths_are_masks_too():
    """Compressed ones of results, and the lists of a crowd's annotation."""
    thing = rectangle(0, 0, 50, 100)
    packed = mask_util.merge(mask_util.frPyObjects(thing["segmentation"], *SIZE))
    compressed = {"size": list(SIZE), "counts": packed["counts"].decode()}
    # Column by column: 50 columns of 100 pixels inside, the rest outside.
    listed = {"size": list(SIZE), "counts": [0, 50 * 100, 50 * 100]}
    for segmentation in (compressed, listed):
        assert mean_overlap([thing], [predicted(0, 0, 1, 1) | {"segmentation": segmentation}], MASK, SIZE) == 1.0
        assert mean_overlap([thing | {"segmentation": segmentation}], [predicted(0, 0, 50, 100)], MASK, SIZE) == 1.0


def keypoints(*points):
    """x, y, visibility of COCO's 17 points; those not given are not labelled."""
    return [value for point in (*points, *[(0.0, 0.0, 0)] * (17 - len(points))) for value in point]


def test_keypoint_similarity_is_cocos():
    """exp(-d² / (2 area (2 sigma)²)), mean over the labelled points."""
    thing = rectangle(0, 0, 50, 40, category=1, keypoints=keypoints((10, 10, 2), (20, 10, 1)), num_keypoints=2)
    found = predicted(0, 0, 50, 40, category=1, keypoints=keypoints((13, 14, 0.5), (20, 10, 0.5), (99, 99, 0.5)))
    sigma = Params(iouType="keypoints").kpt_oks_sigmas[0]
    nose = math.exp(-(3**2 + 4**2) / (2 * 2000 * (2 * sigma) ** 2))
    assert mean_overlap([thing], [found], KEYPOINTS, SIZE) == pytest.approx((nose + 1) / 2)


def test_other_sets_of_keypoints_are_measured_with_the_mean_sigma():
    """COCO has sigmas for its 17 points only."""
    thing = rectangle(0, 0, 50, 40, keypoints=[10, 10, 2], num_keypoints=1)
    found = predicted(0, 0, 50, 40, keypoints=[13, 14, 0.9])
    sigma = Params(iouType="keypoints").kpt_oks_sigmas.mean()
    assert mean_overlap([thing], [found], KEYPOINTS, SIZE) == pytest.approx(math.exp(-25 / (4000 * 4 * sigma**2)))


def test_the_measure_is_one_that_all_rows_allow():
    """Masks before keypoints before boxes."""
    box = {"bbox": [0, 0, 1, 1]}
    mask, points = box | {"segmentation": [[0] * 6]}, box | {"keypoints": [1, 1, 1]}
    assert common_measure([[mask], [mask | points]]) == MASK
    assert common_measure([[points], [mask | points]]) == KEYPOINTS
    assert common_measure([[mask], [points]]) == common_measure([[mask], [box]]) == BOX


def test_crowds_and_unlabelled_objects_are_not_compared():
    """A person without labelled keypoints is an object for masks only."""
    crowd, plain = rectangle(0, 0, 9, 9, iscrowd=1), rectangle(0, 0, 9, 9, num_keypoints=0)
    assert objects_of([crowd, plain], MASK) == objects_of([crowd, plain], BOX) == [plain]
    assert objects_of([crowd, plain], KEYPOINTS) == []


def truth_of(instances):
    """Ground truth of images with these annotations."""
    images = {i: {"id": i, "height": SIDE, "width": SIDE, "file_name": f"{i}.png"} for i in instances}
    return GroundTruth("val", Path(), images, instances, {3: "car"}, ())


def pairs(images):
    """Two medium objects on each of these images."""
    return {i: [rectangle(*CORNER, image_id=i), rectangle(50, 50, 40, 40, image_id=i)] for i in images}


def covering(width):
    """Predictions of both objects that cover `width` of their 40 columns: an IoU of width / 40."""
    return [predicted(0, 0, width, 40), predicted(50, 50, width, 40)]


def test_images_stand_in_the_order_of_the_rows_difference():
    """Of differences 0, 1/4, 2/4, 3/4 and 1: the largest, the upper quartile and the median, by name."""
    truth = truth_of(pairs(range(1, 6)))
    good = {i: covering(40) for i in range(1, 6)}
    bad = {i: covering(width) for i, width in zip((4, 2, 5, 1, 3), (40, 30, 20, 10, 0), strict=True) if width}
    chosen = choose_images(truth, [good, bad], MASK)
    assert [(c.image_id, c.place) for c in chosen.images] == [(3, "largest"), (1, "upper quartile"), (5, "median")]
    assert [c.overlaps for c in chosen.images] == [(1.0, 0.0), (1.0, 0.25), (1.0, 0.5)]
    assert (chosen.candidates, chosen.least_objects) == (5, 2)


def test_it_does_not_matter_which_row_is_better():
    """An image on which the second row wins is as likely to be shown."""
    truth = truth_of(pairs((1, 2)))
    one, two = {1: covering(40), 2: covering(10)}, {1: covering(30), 2: covering(40)}
    assert [c.image_id for c in choose_images(truth, [one, two], MASK).images][0] == 2


def test_the_order_is_of_what_is_shown():
    """A row whose scores stay below the threshold finds nothing."""
    truth = truth_of(pairs((1, 2)))
    one, two = {1: covering(40), 2: covering(40)}, {1: covering(40), 2: covering(20)}
    assert [c.image_id for c in choose_images(truth, [one, two], MASK, threshold=0.9).images][0] == 2
    shy = {1: [{**p, "score": 0.6} for p in covering(40)], 2: covering(20)}
    assert [c.overlaps for c in choose_images(truth, [one, shy], MASK, threshold=0.7).images][0] == (1.0, 0.0)


def test_only_images_with_several_medium_objects_are_candidates():
    """Small and large ones, crowds and lone objects do not count while there are others."""
    instances = pairs((1,)) | {
        2: [rectangle(*CORNER)],
        3: [rectangle(0, 0, 10, 10), rectangle(0, 0, 99, 99)],
        4: [rectangle(*CORNER, iscrowd=1), rectangle(*CORNER, iscrowd=1)],
    }
    chosen = choose_images(truth_of(instances), [{}, {}], MASK)
    assert ([c.image_id for c in chosen.images], chosen.candidates) == ([1], 1)


@pytest.mark.parametrize(
    "instances, least",
    [({1: [rectangle(*CORNER)], 2: [rectangle(0, 0, 9, 9)]}, 1), ({1: [rectangle(0, 0, 9, 9)]}, 0)],
)
def test_where_no_image_has_several_fewer_do(instances, least):
    """One medium object, and then any object."""
    chosen = choose_images(truth_of(instances), [{}], MASK)
    assert ([c.image_id for c in chosen.images], chosen.least_objects) == ([1], least)


def test_without_objects_nothing_is_chosen():
    """As on a test set without annotations."""
    assert choose_images(truth_of({1: []}), [{}], MASK).images == ()


def test_a_single_row_is_ordered_by_its_own_overlap():
    """It differs from nothing. Of three images the upper quartile is the largest, and is shown once."""
    truth = truth_of(pairs((1, 2, 3)))
    chosen = choose_images(truth, [{1: covering(20), 2: covering(40), 3: covering(30)}], MASK)
    assert [c.image_id for c in chosen.images] == [2, 3]
    assert [c.place for c in chosen.images] == ["largest", "median"]
