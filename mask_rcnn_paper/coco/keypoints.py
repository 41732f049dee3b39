"""COCO's keypoints; and of any keypoints, which trade places in a mirror, and how exactly each can be told."""

import re
from collections.abc import Sequence

from pycocotools.cocoeval import Params

_SIDED = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")

KEYPOINT_NAMES: tuple[str, ...] = ("nose", *(f"{side}_{part}" for part in _SIDED for side in ("left", "right")))
"""COCO's 17 person keypoints, in COCO's order."""

KEYPOINT_FLIP_MAP: tuple[tuple[str, str], ...] = tuple((f"left_{part}", f"right_{part}") for part in _SIDED)
"""Pairs of them that trade places when an image is mirrored."""

SKELETON: list[list[int]] = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip
"""COCO's limbs, as pairs of keypoint numbers from 1 on."""

FLIP_FIELDS = ("flip_pairs", "keypoint_flip_map")
"""Fields of a category that list mirror pairs: COCO has none; these are in use."""

LARGEST_SIGMA = 0.2
"""Of object keypoint similarity. COCO's are up to 0.107; with more, a keypoint in another limb counts as found."""

_OTHER_SIDE = {"left": "right", "right": "left", "l": "r", "r": "l"}
# A word, also at a change of case, as in "LeftEar" and "earLeft"; or a single letter between marks, as in "l_ear".
_SIDE = re.compile(
    r"(?<![A-Za-z])(left|right|l|r)(?![a-z])|(?<![a-z])(LEFT|RIGHT|L|R)(?![A-Za-z])|(Left|Right)(?![a-z])", re.ASCII
)


class MissingOptionError(ValueError):
    """Keypoints need something that their names do not tell, but an `option` in the data's YAML can."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def flip_pairs(names: Sequence[str], given: Sequence[Sequence[str]] | None = None) -> tuple[tuple[str, str], ...]:
    """Pairs of keypoints that trade places when an image is mirrored.

    Those that are `given` (none, if every keypoint stays itself), else by left and right, or a single l and r, in the
    names.

    Raises:
        MissingOptionError: no name has a side, or one has no counterpart.
        ValueError: what is given are no pairs of different names, each used once.
    """
    if given is not None:
        return _checked(given, names)
    mirrored = {name: other_side(name) for name in names}
    lonely = [name for name, other in mirrored.items() if other != name and other not in mirrored]
    pairs = tuple((n, o) for n, o in mirrored.items() if o in mirrored and names.index(n) < names.index(o))
    if lonely or not pairs:
        why = f"{lonely[0]!r} has no counterpart {mirrored[lonely[0]]!r}" if lonely else "no name says left or right"
        raise MissingOptionError(
            "flip_pairs",
            f"which of the keypoints {', '.join(names)} trade places in a mirror? {why}: give flip_pairs in the data's "
            "YAML, or DATASETS.OWN.KEYPOINT_FLIP_PAIRS, such as [['left_ear', 'right_ear']]; [] if none do",
        )
    return pairs


def _checked(pairs: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    free = set(names)
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or pair[0] == pair[1]:
            raise ValueError(f"flip pair {pair!r} is not a pair of two keypoints' names")
        for name in pair:
            if name not in free:
                no = "is in two pairs" if name in names else f"is no keypoint: choose from {', '.join(names)}"
                raise ValueError(f"flip pair {list(pair)}: {name!r} {no}")
            free.remove(name)
    return tuple(tuple(pair) for pair in pairs)


def other_side(name: str) -> str:
    """A name with left and right exchanged: "left_ear" -> "right_ear", "R.Hand" -> "L.Hand"; others stay."""

    def swap(match: re.Match) -> str:
        other = _OTHER_SIDE[match[0].lower()]
        return other.upper() if match[0].isupper() else other.title() if match[0].istitle() else other

    return _SIDE.sub(swap, name)


def side(name: str) -> str:
    """The side that a name says: "left", "right" or "", as in "left_ear", "R.Hand" and "nose"."""
    found = _SIDE.search(name)
    return "" if found is None else "left" if found[0].lower().startswith("l") else "right"


def oks_sigmas(names: Sequence[str], given: Sequence[float] = ()) -> list[float]:
    """Standard deviation of each keypoint for object keypoint similarity (cocodataset.org/#keypoints-eval).

    Returns:
        Those that are `given`, else COCO's, for keypoints with COCO's names; [] for exactly COCO's 17, which is what
        COCO's evaluation takes by default.

    Raises:
        MissingOptionError: none are given for names that COCO does not have.
        ValueError: not one for each, or one that is not above 0 and at most `LARGEST_SIGMA`.
    """
    if given:
        if len(given) != len(names) or not all(type(s) in (int, float) and 0 < s <= LARGEST_SIGMA for s in given):
            need = f"there must be {len(names)} numbers above 0 and up to {LARGEST_SIGMA} (COCO's largest is 0.107), "
            need += f"one for each of the keypoints {', '.join(names)}"
            raise ValueError(f"OKS sigmas {list(given)}: {need}")
        return [float(sigma) for sigma in given]
    if tuple(names) == KEYPOINT_NAMES:
        return []
    known = dict(zip(KEYPOINT_NAMES, Params("keypoints").kpt_oks_sigmas.tolist(), strict=True))
    if foreign := [name for name in names if name not in known]:
        raise MissingOptionError(
            "oks_sigmas",
            f"how exactly can the keypoints be told? COCO has no sigma for {', '.join(foreign)}: give oks_sigmas in "
            "the data's YAML, or TEST.KEYPOINT_OKS_SIGMAS, one for each keypoint: the standard deviation between "
            "annotators, divided by the square root of the object's area (COCO: eyes 0.025, hips 0.107, mean 0.067); "
            f"to start with: [{', '.join(['0.07'] * len(names))}]",
        )
    return [round(known[name], 3) for name in names]
