"""Matching predictions to ground truth, on hand-made overlaps."""

import pytest
import torch
from detectron2.modeling.matcher import Matcher
from torch.testing import assert_close

IOU = torch.tensor([[0.2, 0.3, 0.6, 0.0], [0.1, 0.7, 0.5, 0.0]])


def test_ranges_are_closed_below():
    """0.3 is in the middle range and 0.7 in the upper one."""
    matches, labels = Matcher([0.3, 0.7], [0, -1, 1])(IOU)
    assert_close(matches, torch.tensor([0, 1, 0, 0]))
    assert_close(labels, torch.tensor([0, 1, -1, 0], dtype=torch.int8))
    _, labels = Matcher([0.3, 0.7], [0, -1, 1])(torch.tensor([[0.3]]))
    assert labels.tolist() == [-1]


def test_low_quality_matches_take_the_best_of_each_element():
    """The best prediction of the first element becomes positive, and keeps its match."""
    matches, labels = Matcher([0.3, 0.7], [0, -1, 1], allow_low_quality_matches=True)(IOU)
    assert_close(labels, torch.tensor([0, 1, 1, 0], dtype=torch.int8))
    assert matches.tolist() == [0, 1, 0, 0]


def test_low_quality_ties_are_all_taken():
    """Predictions that tie for an element's best are all positive."""
    matcher = Matcher([0.3, 0.7], [0, -1, 1], allow_low_quality_matches=True)
    _, labels = matcher(torch.tensor([[0.2, 0.2, 0.1]]))
    assert labels.tolist() == [1, 1, 0]


def test_no_ground_truth_is_background():
    """Without ground truth all predictions get the first label and match 0."""
    matches, labels = Matcher([0.5], [0, 1])(torch.zeros(0, 3))
    assert matches.tolist() == labels.tolist() == [0, 0, 0]
    assert (matches.dtype, labels.dtype) == (torch.int64, torch.int8)


def test_no_predictions_give_none():
    """Without predictions the results are empty, with low-quality matches too."""
    matches, labels = Matcher([0.3, 0.7], [0, -1, 1], allow_low_quality_matches=True)(torch.zeros(2, 0))
    assert matches.shape == labels.shape == (0,)


@pytest.mark.parametrize("thresholds, labels", [([0.7, 0.3], [0, -1, 1]), ([0.5], [0, 1, 1]), ([0.5], [0, 2])])
def test_refuses_inconsistent_ranges(thresholds, labels):
    """Falling thresholds, a wrong number of labels and unknown labels are errors."""
    with pytest.raises(ValueError, match="IOU_"):
        Matcher(thresholds, labels)
