"""Pictures of instances: what changes in them, and what does not; colours of classes; places and looks of labels."""

import numpy as np
import pycocotools.mask as mask_util
import pytest

from mask_rcnn_paper.drawing import (
    PALETTE,
    Label,
    class_colours,
    draw_instances,
    draw_labels,
    overlap,
    place,
    text_colour,
)

PICTURE = (100, 80)
NAMES = {1: "person", 3: "car"}
GREY = np.full((40, 60, 3), 128, dtype=np.uint8)
# The label of a box at the bottom is above it, the boxes of the tests are at the top: nothing hides the masks.
SQUARE = {"bbox": [20, 10, 20, 20], "category_id": 3, "segmentation": [[20, 10, 40, 10, 40, 30, 20, 30]]}


def changed(instances, **options):
    """Where the picture differs from the image, (H, W) bool."""
    return (draw_instances(GREY, instances, NAMES, **options) != GREY).any(axis=2)


def square_mask():
    mask = np.zeros((40, 60), dtype=np.uint8)
    mask[10:30, 20:40] = 1
    return mask


def test_no_instances_leave_the_image_as_it_is():
    """An empty list gives an equal copy."""
    drawn = draw_instances(GREY, [], NAMES)
    assert np.array_equal(drawn, GREY)
    assert drawn is not GREY


def test_pixels_inside_the_mask_get_the_colour_of_the_class():
    """The middle of a mask is the mean of the image and the colour."""
    expected = np.round(0.5 * 128 + 0.5 * np.array(class_colours(NAMES)[3]))
    assert np.array_equal(draw_instances(GREY, [SQUARE], NAMES)[25, 30], expected)


def test_pixels_far_from_mask_box_and_label_stay():
    """Beyond a pixel around the mask only the label above the box, here in the first 12 rows, is drawn."""
    allowed = np.zeros((40, 60), dtype=bool)
    allowed[9:31, 19:41] = allowed[:12] = True
    assert not (changed([SQUARE]) & ~allowed).any()
    assert changed([SQUARE])[12:29, 21:39].all()


def test_a_hole_of_a_mask_is_not_tinted():
    """The outline goes around the hole too; its middle stays."""
    mask = square_mask()
    mask[16:26, 26:36] = 0
    rle = mask_util.encode(np.asfortranarray(mask))
    assert not changed([{**SQUARE, "segmentation": rle}])[18:24, 28:34].any()


def test_the_image_is_not_changed():
    """Drawing works on a copy."""
    image = GREY.copy()
    draw_instances(image, [SQUARE], NAMES)
    assert np.array_equal(image, GREY)


@pytest.mark.parametrize("scale", [1, 3])
def test_polygons_and_rle_give_the_same_picture(scale):
    """A square as polygon, as COCO's string, as bytes and as run lengths."""
    compressed = mask_util.encode(np.asfortranarray(square_mask()))
    lengths = [20 * 40 + 10, *([20, 20] * 19), 20, 10 + 20 * 40]
    forms = [
        compressed,
        {"size": [40, 60], "counts": compressed["counts"].decode()},
        {"size": [40, 60], "counts": lengths},
    ]
    pictures = [draw_instances(GREY, [{**SQUARE, "segmentation": s}], NAMES, scale=scale) for s in forms]
    polygon = draw_instances(GREY, [SQUARE], NAMES, scale=scale)
    assert all(np.array_equal(picture, polygon) for picture in pictures)


def test_the_threshold_leaves_out_what_scores_lower():
    """0.49 goes, 0.5 stays at the threshold 0.5; ground truth has no score and stays."""
    assert not changed([{**SQUARE, "score": 0.49}]).any()
    assert changed([{**SQUARE, "score": 0.5}]).any()
    assert changed([{**SQUARE, "score": 0.49}], score_threshold=0.4).any()
    assert changed([SQUARE], score_threshold=1.0).any()


def test_half_of_a_crowd_is_tinted():
    """Crowds are hatched: about half of the pixels inside the outline stay as they are."""
    inside = changed([{**SQUARE, "iscrowd": 1}])[14:29, 22:38]
    assert 0.4 < inside.mean() < 0.6


def test_a_class_has_the_same_colour_in_every_picture():
    """Other instances in the picture do not matter."""
    other = {"bbox": [0, 0, 10, 10], "category_id": 1}
    alone, together = (draw_instances(GREY, instances, NAMES) for instances in ([SQUARE], [other, SQUARE]))
    assert np.array_equal(alone[24:28, 25:35], together[24:28, 25:35])  # below the labels


def test_a_small_instance_is_drawn_over_a_large_one():
    """Whatever their order in the file is, the middle of the small one shows its colour last."""
    large = {"bbox": [0, 0, 60, 40], "category_id": 1, "segmentation": [[0, 0, 60, 0, 60, 40, 0, 40]]}
    one, other = (draw_instances(GREY, instances, NAMES) for instances in ([large, SQUARE], [SQUARE, large]))
    assert np.array_equal(one[20, 30], other[20, 30])
    alone = draw_instances(GREY, [large], NAMES)
    assert np.array_equal(one[20, 30], np.round(0.5 * alone[20, 30] + 0.5 * np.array(class_colours(NAMES)[3])))


def test_a_box_outside_the_image_is_not_drawn():
    """Neither box nor label is drawn for it."""
    assert not changed([{"bbox": [70, 50, 5, 5], "category_id": 1}]).any()


def test_a_box_across_the_edge_is_clipped():
    """Its left side is drawn at the edge of the image."""
    assert changed([{"bbox": [-10, 20, 30, 15], "category_id": 1}])[21:34, 0].all()


def test_scale_enlarges_the_picture_and_the_box():
    """The right side of a box that ends at x = 40 is the column before 120."""
    drawn = draw_instances(GREY, [{"bbox": [20, 10, 20, 20], "category_id": 1}], NAMES, scale=3)
    assert drawn.shape == (120, 180, 3)
    assert (drawn[40:80, 119] == class_colours(NAMES)[1]).all()
    assert (drawn[40:80, 121] == 128).all()


def test_a_keypoint_is_drawn_where_it_is_and_only_if_it_is_labelled():
    """Visibility 0 is "not labelled"; its place, (0, 0) in COCO, stays as it is."""
    person = {"bbox": [0, 0, 0, 0], "category_id": 1, "keypoints": [50, 30, 2, 15, 30, 0]}
    drawn = changed([person])
    assert drawn[30, 50]
    assert not drawn[30, 15]


def test_a_limb_joins_keypoints_that_are_both_there():
    """Numbers of the skeleton start from 1; a limb with an end that is not labelled is left out."""
    person = {"bbox": [0, 0, 0, 0], "category_id": 1, "keypoints": [50, 20, 2, 50, 36, 1, 20, 36, 0]}
    drawn = changed([person], skeleton=[(1, 2), (2, 3)])
    assert drawn[20:36, 50].all()
    assert not drawn[36, 25:40].any()


def test_a_skeleton_of_more_keypoints_than_there_are_is_harmless():
    """A car in a picture with persons has none."""
    assert np.array_equal(changed([SQUARE], skeleton=[(1, 2)]), changed([SQUARE]))


@pytest.mark.parametrize(
    ("image", "instances", "scale", "message"),
    [
        (GREY[:, :, 0], [], 1, r"shape \(40, 60\)"),
        (GREY / 255, [], 1, "float64"),
        (GREY, [], 0, "scale 0: must be at least 1"),
        (GREY, [{"bbox": [0, 0, 1, 1], "category_id": 7}], 1, r"ids \[7\]: there are names of \[1, 3\]"),
    ],
)
def test_bad_input_is_named(image, instances, scale, message):
    """The error names the value and what is legal."""
    with pytest.raises(ValueError, match=message):
        draw_instances(image, instances, NAMES, scale=scale)


def test_a_class_keeps_its_colour_whatever_the_order_of_the_ids():
    """Colours depend on the set of ids alone."""
    assert class_colours([18, 1, 3]) == class_colours([3, 3, 18, 1])


def test_ten_classes_have_ten_colours():
    """No colour comes twice before the palette is used up, and then the first comes again."""
    colours = class_colours(range(100, 111))
    assert len({colours[i] for i in range(100, 110)}) == 10
    assert colours[110] == colours[100] == PALETTE[0]


def test_text_is_black_on_yellow_and_white_on_blue():
    """Text stands out from its ground."""
    assert text_colour((240, 228, 66)) == (0, 0, 0)
    assert text_colour((0, 114, 178)) == (255, 255, 255)


def test_a_label_stands_above_its_box():
    """The first choice is above the box, at its left end."""
    assert place((30, 10), (20, 40, 60, 70), [], PICTURE) == (20, 30, 50, 40)


def test_a_label_goes_below_where_the_place_above_is_taken():
    """The second choice is below the box."""
    assert place((30, 10), (20, 40, 60, 60), [(15, 25, 45, 35)], PICTURE) == (20, 60, 50, 70)


def test_where_everything_is_taken_the_label_hides_least():
    """Of eight bad places the one with the least overlap wins."""
    everything_but_a_strip = [(0, 0, 100, 62)]
    assert place((30, 10), (20, 40, 60, 60), everything_but_a_strip, PICTURE) == (20, 60, 50, 70)


@pytest.mark.parametrize("box", [(0, 0, 10, 10), (95, 0, 100, 5), (95, 75, 100, 80), (0, 75, 5, 80)])
def test_a_label_stays_in_the_picture(box):
    """Labels of boxes at the corners are moved in."""
    x0, y0, x1, y1 = place((30, 10), box, [], PICTURE)
    assert min(x0, y0) >= 0
    assert x1 <= 100
    assert y1 <= 80


def test_a_label_wider_than_the_picture_starts_at_its_left_edge():
    """The start of the text is what is seen."""
    assert place((130, 10), (20, 40, 60, 70), [], PICTURE)[0] == 0


def test_overlap_is_the_area_that_is_shared():
    """10 x 10 squares that are shifted by (4, 7) share 6 x 3; neighbours share nothing."""
    assert overlap((0, 0, 10, 10), (4, 7, 14, 17)) == 18
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_the_first_label_is_written_over_the_others():
    """Where all of the picture is one label's place, the more important one is on top."""
    picture = np.zeros((12, 20, 3), dtype=np.uint8)
    box = (0, 0, 20, 12)
    labels = [Label("i" * 40, box, (250, 0, 0)), Label("i" * 40, box, (0, 250, 0))]
    drawn = draw_labels(picture, labels, font_size=10)
    assert tuple(drawn[0, 0]) == (250, 0, 0)
    assert not picture.any()
