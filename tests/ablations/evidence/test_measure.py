"""One value of a result, or why there is none."""

import pytest

from ablations.evidence.measure import FEWEST_OBJECTS, measure, metrics_of
from ablations.jobs.folder import BLOCKED, FAILED, WAITING, Status
from tests.ablations import fakes


def result(objects=None, **groups):
    """A finished job with these metrics."""
    more = {} if objects is None else {"objects": objects}
    return fakes.finished((1.0, 2.0, 3.0), metrics=groups, **more)


@pytest.mark.parametrize(
    "status, reason",
    [
        (None, "not selected"),
        (Status(WAITING, "not run"), "not run"),
        (Status(FAILED, "exit code 1"), "failed: exit code 1"),
        (Status(BLOCKED, "needs rpn x"), "blocked: needs rpn x"),
    ],
)
def test_what_is_not_finished_has_no_value(status, reason):
    """But a reason."""
    assert measure(status, "segm/AP") == (None, reason)


@pytest.mark.parametrize(
    "value, reason",
    [
        (None, "no predictions, or no ground truth"),
        (float("nan"), "no predictions, or no ground truth"),
        ("high", "the result's segm/AP is 'high', not a number"),
        (True, "the result's segm/AP is True, not a number"),
    ],
)
def test_values_that_are_no_numbers_are_explained(value, reason):
    """An AP that could not be computed is a reason, not a zero."""
    found = result(segm={"AP": value, "AP50": 1})
    assert measure(found, "segm/AP") == (None, reason)
    assert measure(found, "segm/AP50") == (1.0, "")


def test_what_the_result_lacks_is_named():
    """A model without a mask branch has no mask AP; a metric that no version had."""
    found = result(bbox={"AP": 1.0})
    assert measure(found, "segm/AP") == (None, "the result has no segm metrics: no predictions, or no such branch")
    assert measure(found, "bbox/AP33") == (None, "the result has no bbox/AP33")


def test_costs_are_measured_values_too():
    """Memory, and all of a run by the clock, beside counts and times."""
    found = fakes.finished(
        (1.0, 2.0, None), seconds=9.5, time={"run": 8.0}, peak_memory={"process": 700.0, "cuda": 5.0}
    )
    costs = {"time/run": 8.0, "time/wall": 9.5, "memory/process": 700.0, "memory/cuda": 5.0}
    assert {metric: measure(found, metric)[0] for metric in costs} == costs
    assert metrics_of(found.result) == ["segm/AP", "segm/AP50", *costs]
    assert measure(fakes.finished((1.0, 2.0, 3.0)), "time/wall") == (None, "the result has no time/wall")


def test_sizes_that_the_data_lack_are_named():
    """COCO's evaluation has no AP for sizes of which there is no ground truth, while the AP over all is a number."""
    found = result(segm={"AP": 40.0, "APs": None, "APl": float("nan")})
    assert measure(found, "segm/APs") == (None, "no ground truth of small size (below 32²)")
    assert measure(found, "segm/APl") == (None, "no ground truth of large size (above 96²)")


def test_a_size_of_few_objects_has_no_number():
    """One cup made an AP of 70; a result that does not count its objects is believed."""
    sizes = {"APs": FEWEST_OBJECTS, "APm": FEWEST_OBJECTS - 1, "APl": 1}
    metrics = {"AP": 40.0, "APs": 30.0, "APm": 50.0, "APl": 70.0}
    found = result({"segm": sizes}, segm=metrics, bbox=metrics)
    assert measure(found, "segm/AP") == (40.0, "")
    assert measure(found, "segm/APs") == (30.0, "")
    assert measure(found, "segm/APm") == (None, "99 objects of medium size (32² to 96²): fewer than 100 tell nothing")
    assert measure(found, "segm/APl") == (None, "1 object of large size (above 96²): fewer than 100 tell nothing")
    assert measure(found, "bbox/APl") == measure(result(bbox=metrics), "bbox/APl") == (70.0, "")


def test_a_difference_needs_both_values():
    """Box AP minus mask AP."""
    found = result(bbox={"AP": 40.0, "AP50": 60.0}, segm={"AP": 37.5, "AP50": None})
    assert measure(found, "bbox/AP - segm/AP") == (2.5, "")
    assert measure(found, "bbox/AP50 - segm/AP50") == (None, "no ground truth of this kind")
