"""Pictures of instances: what changes in them, and what does not."""

import numpy as np
import pycocotools.mask as mask_util
import pytest

from mask_rcnn_paper.drawing import class_colours, draw_instances
from mask_rcnn_paper.drawing.colours import PALETTE
from mask_rcnn_paper.drawing.skeletons import LEFT

NAMES = {1: "person", 3: "car"}
GREY = np.full((40, 60, 3), 128, dtype=np.uint8)
SQUARE = {"bbox": [20, 10, 20, 20], "category_id": 3, "segmentation": [[20, 10, 40, 10, 40, 30, 20, 30]]}


def changed(instances, **options):
    """Where the picture differs from the image, (H, W) bool; without labels if nothing else is said."""
    return (draw_instances(GREY, instances, NAMES, **{"labels": False, **options}) != GREY).any(axis=2)


def square_mask():
    mask = np.zeros((40, 60), dtype=np.uint8)
    mask[10:30, 20:40] = 1
    return mask


def test_no_instances_leave_the_image_as_it_is():
    """An empty list gives an equal copy."""
    drawn = draw_instances(GREY, [], NAMES)
    assert np.array_equal(drawn, GREY)
    assert drawn is not GREY


def tinted(colour, ground=128):
    """A colour on a mask."""
    return np.round(0.55 * np.array(ground) + 0.45 * np.array(colour))


def test_pixels_inside_the_mask_get_the_colour_of_the_instance():
    """The first of the palette, where there is one instance."""
    assert np.array_equal(draw_instances(GREY, [SQUARE], NAMES)[20, 30], tinted(PALETTE[0]))


def test_pixels_far_from_mask_and_box_stay():
    """Nothing is drawn beyond a pixel around them."""
    allowed = np.zeros((40, 60), dtype=bool)
    allowed[9:31, 19:41] = True
    assert not (changed([SQUARE]) & ~allowed).any()
    assert changed([SQUARE])[11:29, 21:39].all()


def test_a_label_is_drawn_beside_the_object_unless_none_are_wanted():
    """All that it adds is outside of the box, or hides a little of it."""
    added = changed([SQUARE], labels=True) ^ changed([SQUARE])
    assert 100 < added.sum() < 400
    assert not added[11:29, 21:39].any()


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


def test_two_instances_of_a_class_differ_and_the_same_picture_has_the_same_bytes():
    """Whatever their order in the file."""
    other = {"bbox": [45, 10, 10, 10], "category_id": 3, "segmentation": [[45, 10, 55, 10, 55, 20, 45, 20]]}
    one, again, turned = (
        draw_instances(GREY, both, NAMES) for both in ([SQUARE, other], [SQUARE, other], [other, SQUARE])
    )
    assert np.array_equal(one, again)
    assert np.array_equal(one, turned)
    assert [tuple(one[20, 30]), tuple(one[15, 50])] == [tuple(tinted(colour)) for colour in PALETTE[:2]]


def test_colours_are_given_where_they_mean_something():
    """One for each instance, also of those that are left out: such as by class."""
    low = {**SQUARE, "score": 0.1}
    drawn = draw_instances(GREY, [low, SQUARE], NAMES, colours=[PALETTE[4], class_colours(NAMES)[3]])
    assert np.array_equal(drawn[20, 30], tinted(class_colours(NAMES)[3]))


def test_what_is_left_out_has_no_colour():
    """The first of the palette goes to the largest that is drawn."""
    low = {"bbox": [0, 0, 60, 40], "category_id": 1, "score": 0.1}
    assert np.array_equal(draw_instances(GREY, [low, SQUARE], NAMES)[20, 30], tinted(PALETTE[0]))


def test_a_small_instance_is_drawn_over_a_large_one():
    """Whatever their order in the file is, the middle of the small one shows its colour last."""
    large = {"bbox": [0, 0, 60, 40], "category_id": 1, "segmentation": [[0, 0, 60, 0, 60, 40, 0, 40]]}
    one, other = (draw_instances(GREY, instances, NAMES) for instances in ([large, SQUARE], [SQUARE, large]))
    assert np.array_equal(one[20, 30], other[20, 30])
    alone = draw_instances(GREY, [large], NAMES)
    assert np.array_equal(one[20, 30], tinted(PALETTE[1], alone[20, 30]))


def test_an_outline_is_whole_below_other_masks():
    """Where the mask of a small object crosses it, it has its own colour."""
    across = {"bbox": [35, 15, 12, 10], "category_id": 1, "segmentation": [[35, 15, 47, 15, 47, 25, 35, 25]]}
    drawn = draw_instances(GREY, [SQUARE, across], NAMES, labels=False)
    assert (drawn[17:23, 39] == PALETTE[0]).all()


def test_a_box_outside_the_image_is_not_drawn():
    """Neither box nor label is drawn for it."""
    assert not changed([{"bbox": [70, 50, 5, 5], "category_id": 1}]).any()


def test_a_box_across_the_edge_is_clipped():
    """Its left side is drawn at the edge of the image."""
    assert changed([{"bbox": [-10, 20, 30, 15], "category_id": 1}])[21:34, 0].all()


def test_scale_enlarges_the_picture_and_the_box():
    """The right side of a box that ends at x = 40 is the column before 120."""
    drawn = draw_instances(GREY, [{"bbox": [20, 10, 20, 20], "category_id": 1}], NAMES, scale=3, labels=False)
    assert drawn.shape == (120, 180, 3)
    assert (drawn[40:80, 119] == PALETTE[0]).all()
    assert (drawn[40:80, 121] == 128).all()


def test_a_scale_below_1_reduces_the_picture_and_the_mask():
    """Half of 40 x 60, and of a square from 20 to 40."""
    drawn = draw_instances(GREY, [SQUARE], NAMES, scale=0.5, labels=False)
    assert drawn.shape == (20, 30, 3)
    assert np.array_equal(drawn[10, 15], tinted(PALETTE[0]))
    assert (drawn[10, 21:] == 128).all()


def test_lines_are_the_thinner_the_smaller_the_object():
    """In a picture of 1600 pixels the outline of an object of 400 is wider than that of one of 40."""
    image = np.full((1600, 1600, 3), 128, dtype=np.uint8)

    def outline(side):
        x0, x1 = 800 - side / 2, 800 + side / 2
        polygon = [x0, x0, x1, x0, x1, x1, x0, x1]
        thing = {"bbox": [x0, x0, side, side], "category_id": 3, "segmentation": [polygon]}
        drawn = draw_instances(image, [thing], NAMES, labels=False)
        return (drawn[800] == PALETTE[0]).all(axis=1).sum()

    assert outline(400) > outline(40) >= 2


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


def test_limbs_are_coloured_by_the_names_of_their_ends():
    """As those of the left side."""
    person = {"bbox": [20, 0, 20, 40], "category_id": 1, "keypoints": [30, 5, 2, 30, 35, 2]}
    names = ("left_hip", "left_knee")
    drawn = draw_instances(GREY, [person], NAMES, skeleton=[(1, 2)], keypoint_names=names, labels=False)
    assert np.abs(drawn[20, 30].astype(int) - LEFT).max() < 20


def test_any_name_can_be_drawn(installed):
    """Without a font for it the picture shows the id, with the same bytes as if it were the name."""
    unwritable, by_id = (draw_instances(GREY, [SQUARE], {3: name}) for name in ("\u732b", "3"))
    assert np.array_equal(unwritable, by_id)


def test_a_skeleton_of_more_keypoints_than_there_are_is_harmless():
    """A car in a picture with persons has none."""
    assert np.array_equal(changed([SQUARE], skeleton=[(1, 2)]), changed([SQUARE]))


@pytest.mark.parametrize(
    ("image", "instances", "options", "message"),
    [
        (GREY[:, :, 0], [], {}, r"shape \(40, 60\)"),
        (GREY / 255, [], {}, "float64"),
        (GREY, [], {"scale": 0}, "scale 0: must be above 0"),
        (GREY, [], {"scale": float("nan")}, "scale nan: must be above 0"),
        (GREY, [{"bbox": [0, 0, 1, 1], "category_id": 7}], {}, r"ids \[7\]: there are names of \[1, 3\]"),
        (GREY, [SQUARE], {"colours": []}, "0 colours for 1 instances: give one for each"),
    ],
)
def test_bad_input_is_named(image, instances, options, message):
    """The error names the value and what is legal."""
    with pytest.raises(ValueError, match=message):
        draw_instances(image, instances, NAMES, **options)
