"""COCO's keypoints; mirror pairs and sigmas of any, from names and options."""

import pytest
from pycocotools.cocoeval import Params

from mask_rcnn_paper.coco.keypoints import (
    KEYPOINT_FLIP_MAP,
    KEYPOINT_NAMES,
    SKELETON,
    MissingOptionError,
    flip_pairs,
    oks_sigmas,
    other_side,
    side,
)

FACE = ("nose", "left_ear", "right_ear")


def test_keypoint_names_are_coco():
    """17 keypoints in COCO's order; the flip map pairs sides; limbs refer to keypoints."""
    assert len(KEYPOINT_NAMES) == 17
    assert KEYPOINT_NAMES[:3] == ("nose", "left_eye", "right_eye")
    assert KEYPOINT_NAMES[-1] == "right_ankle"
    assert {n for pair in KEYPOINT_FLIP_MAP for n in pair} == set(KEYPOINT_NAMES) - {"nose"}
    assert {i for limb in SKELETON for i in limb} == set(range(1, 18))


@pytest.mark.parametrize(
    "name, mirrored",
    [
        ("left_ear", "right_ear"),
        ("RightHand", "LeftHand"),
        ("handLeft", "handRight"),
        ("LEFT_EYE", "RIGHT_EYE"),
        ("l_eye", "r_eye"),
        ("eye.R", "eye.L"),
        ("upright", "upright"),
        ("leftover", "leftover"),
        ("wheel", "wheel"),
    ],
)
def test_names_are_mirrored_by_whole_words(name, mirrored):
    """left and right in any case, or a single l and r between marks; not as parts of other words."""
    assert (other_side(name), other_side(mirrored)) == (mirrored, name)


@pytest.mark.parametrize(
    ("name", "found"),
    [("left_ear", "left"), ("earRight", "right"), ("R.Hand", "right"), ("l_ear", "left"), ("nose", ""), ("clear", "")],
)
def test_a_name_says_its_side(name, found):
    """In the forms of `other_side`."""
    assert side(name) == found


def test_pairs_are_guessed_from_left_and_right():
    """COCO's 17 give COCO's pairs; what has no side stays itself."""
    assert flip_pairs(KEYPOINT_NAMES) == KEYPOINT_FLIP_MAP
    assert flip_pairs(FACE) == (("left_ear", "right_ear"),)


@pytest.mark.parametrize(
    "names, why",
    [(("top", "bottom"), "no name says left or right"), (("nose", "left_ear"), "'left_ear' has no .*'right_ear'")],
)
def test_pairs_that_cannot_be_guessed_are_asked_for(names, why):
    """The message lists the names and shows what to give."""
    with pytest.raises(MissingOptionError, match=rf"{', '.join(names)} trade places.*{why}.*\[\] if none do") as info:
        flip_pairs(names)
    assert info.value.option == "flip_pairs"


def test_given_pairs_win():
    """Over the names; an empty list says that nothing trades places."""
    assert flip_pairs(FACE, []) == ()
    assert flip_pairs(("a", "b", "c"), [["a", "c"]]) == (("a", "c"),)


@pytest.mark.parametrize(
    "pairs, message",
    [
        ([["a"]], r"\['a'\] is not a pair"),
        (["ab"], "'ab' is not a pair"),
        ([["a", "a"]], r"\['a', 'a'\] is not a pair of two"),
        ([["a", "x"]], "'x' is no keypoint: choose from a, b, c"),
        ([[1, 2]], "1 is no keypoint"),
        ([["a", "b"], ["c", "a"]], "'a' is in two pairs"),
    ],
)
def test_bad_pairs_are_refused(pairs, message):
    """Each names the pair and what is wrong."""
    with pytest.raises(ValueError, match=message):
        flip_pairs(("a", "b", "c"), pairs)


def test_cocos_keypoints_have_cocos_sigmas():
    """All 17 in order are the evaluation's default; others of COCO's names take theirs by name."""
    assert oks_sigmas(KEYPOINT_NAMES) == []
    assert oks_sigmas(("right_hip", "nose")) == [0.107, 0.026]
    found = [oks_sigmas((name,))[0] for name in KEYPOINT_NAMES]
    assert found == pytest.approx(Params("keypoints").kpt_oks_sigmas)


def test_other_keypoints_need_sigmas():
    """The message says which, what a sigma is, and gives a list that can be used."""
    with pytest.raises(MissingOptionError, match="no sigma for tail:.*standard deviation.*area.*") as info:
        oks_sigmas(("nose", "tail"))
    assert info.value.option == "oks_sigmas"
    assert str(info.value).endswith("to start with: [0.07, 0.07]")
    assert oks_sigmas(("nose", "tail"), [0.07, 0.07]) == [0.07, 0.07]


@pytest.mark.parametrize("given", [[0.1], [0.1, 0.0], [0.1, "a"], [0.1, True], [0.1, 0.21]])
def test_bad_sigmas_are_refused(given):
    """Another number of them, or what is not above 0 and up to 0.2; COCO's names do not help."""
    with pytest.raises(ValueError, match="there must be 2 numbers above 0 and up to 0.2 .* nose, left_eye"):
        oks_sigmas(("nose", "left_eye"), given)
