"""Rules of run lengths."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mask_rcnn_paper.validate_dataset import run_lengths
from tests.validate_dataset.cases import assert_found, case, put


def crowd(**fields):
    """A damage of the group's mask."""
    return put("annotations", 3, segmentation={"size": [40, 40], "counts": [400, 1200]} | fields)


CASES = [
    case(run_lengths.SIZE, "annotation 4 (image 2), segmentation.size=[40, 39]", crowd(size=[40, 39]), annotations=1),
    case(run_lengths.SIZE, "annotation 4 (image 2), segmentation.size", crowd(size=None), annotations=1),
    case(run_lengths.COUNTS, "annotation 4 (image 2), segmentation.counts=[400, 1199]", crowd(counts=[400, 1199]),
         annotations=1),
    case(run_lengths.COUNTS, "annotation 4 (image 2), segmentation.counts=[400, -1", crowd(counts=[400, -1, 1201]),
         annotations=1),
    case(run_lengths.COUNTS, 'annotation 4 (image 2), segmentation.counts="ä"',
         crowd(counts="ä"), annotations=1),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case, tmp_path):
    """Run lengths that break a rule are found, and only they."""
    assert_found(case, tmp_path)


def test_swapped_size_is_recognised():
    """[width, height] in place of [height, width] is said to be that."""
    (problem,) = run_lengths.check_run_lengths({"size": [64, 48], "counts": [64 * 48]}, (64, 48))
    assert "in this order" in problem.text


@pytest.mark.parametrize("seed", range(20))
def test_compressed_counts_are_read_as_pycocotools_writes_them(seed):
    """Counts of random masks, coarse and fine, are the lengths of the runs in column order."""
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.random((9, 7)) < rng.random(), np.ones((1 + seed * 9, 1 + seed * 5))).astype(np.uint8)
    counts = run_lengths.read_counts(coco_mask.encode(np.asfortranarray(mask))["counts"].decode())
    flat = mask.reshape(-1, order="F")
    runs = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size])
    np.testing.assert_array_equal(counts, [0, *runs] if flat[0] else runs)


@pytest.mark.parametrize("counts", ["", "P", "~", " ", "oooooooooooo0", [], [1.5], None, {"a": 1}])
def test_counts_that_cannot_be_read(counts):
    """What is cut off, out of range or of another type is no run lengths."""
    assert run_lengths.read_counts(counts) is None


def test_empty():
    """Only pixels of the second, fourth, ... run belong to the mask."""
    assert run_lengths.is_empty({"counts": [9]}) and run_lengths.is_empty({"counts": [4, 0, 5]})
    assert not run_lengths.is_empty({"counts": [4, 1, 4]})
