"""Estimates of sums over rows and metrics, from results with known answers."""

import math
from statistics import variance

import numpy as np
import pytest

from ablations.evidence.estimates import Estimator
from ablations.evidence.image_replicates import ImageReplicates
from ablations.jobs.folder import WAITING, Status
from ablations.jobs.plan import Plan
from ablations.statistics.estimate import Uncertainty
from ablations.statistics.images import REPLICATES, uncertainty_over_images
from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.bootstrap import bootstrap_weights
from tests.ablations import fakes
from tests.coco.perturbed import dataset, detections, evaluated

A, B, C, D = (("t", name) for name in "abcd")


def estimator(values, same=(), seeds=(0, 1, 2), matches=None):
    """Of mask AP and AP50 by row and seed; None: not run. Pairs in `same` are rows of one job; `matches` by job."""
    rows, statuses = {}, {}
    for row, results in values.items():
        for seed, result in zip(seeds, results, strict=True):
            identity = f"{row[1]}{seed}"
            rows[*row, seed] = identity
            statuses[identity] = Status(WAITING, "not run") if result is None else fakes.finished((*result, 0.0))
    for row, other in same:
        rows |= {(*row, seed): rows[*other, seed] for seed in seeds}
    return Estimator(Plan({}, rows, "mini"), seeds, statuses, ImageReplicates((matches or {}).get))


def test_two_rows_make_a_paired_t_test():
    """The mean of the differences, and its classical variance, with two degrees of freedom."""
    found = estimator({A: [(30, 0), (31, 0), (35, 0)], B: [(20, 0), (23, 0), (24, 0)]})
    differences = {0: 10.0, 1: 8.0, 2: 11.0}
    estimate = found.estimate({(A, "segm/AP"): 1, (B, "segm/AP"): -1}, differences)
    assert (estimate.mean, estimate.count) == (pytest.approx(29 / 3), 3)
    expected = variance(differences.values()) / 3
    assert estimate.over_seeds == Uncertainty(pytest.approx(expected), pytest.approx(2.0))


def test_one_row_alone_is_not_paired():
    """AP50 - AP of a row: what a seed does to all rows does not cancel."""
    found = estimator({A: [(30, 50), (31, 52), (35, 57)]})
    terms = {(A, "segm/AP50"): 1, (A, "segm/AP"): -1}
    assert found.estimate(terms, {0: 20.0, 1: 21.0, 2: 22.0}).over_seeds == Uncertainty(
        pytest.approx(1 / 3), pytest.approx(2.0)
    )


def test_other_rows_lend_their_noise_to_rows_of_one_seed():
    """C and D vary by ± 1 about each other over seeds; A and B have one seed each."""
    none = [None, None]
    found = estimator({A: [(30, 0), *none], B: [(20, 0), *none], C: [(9, 0), (10, 0), (11, 0)], D: [(5, 0)] * 3})
    estimate = found.estimate({(A, "segm/AP"): 1, (B, "segm/AP"): -1}, {0: 10.0})
    # Their differences vary by 1: half of it is of each, and two rows of one seed have it both.
    assert estimate.over_seeds == Uncertainty(pytest.approx(1.0), pytest.approx(2.0))


def test_without_rows_of_two_seeds_nothing_is_known():
    """There is a mean."""
    found = estimator({A: [(30, 0)], B: [(20, 0)]}, seeds=(0,))
    estimate = found.estimate({(A, "segm/AP"): 1, (B, "segm/AP"): -1}, {0: 10.0})
    assert (estimate.mean, estimate.over_both) == (10.0, None)


def test_rows_of_one_job_are_one_row():
    """Its noise cancels, and counts once in the pool."""
    values = {A: [(30, 0), (31, 0), (35, 0)], B: [(20, 0), (23, 0), (24, 0)]}
    alone, doubled = estimator(values), estimator(values, same=[(C, A)])
    assert doubled.estimate({(A, "segm/AP"): 1, (C, "segm/AP"): -1}, {0: 0.0}).over_seeds.variance == 0
    for row in (A, C):
        terms = {(row, "segm/AP"): 1, (B, "segm/AP"): -1}
        expected = alone.estimate({(A, "segm/AP"): 1, (B, "segm/AP"): -1}, {0: 10.0})
        assert doubled.estimate(terms, {0: 10.0}) == expected


def test_metrics_of_one_row_are_one_number():
    """AP50 - AP of both rows is 20 in every seed: no noise, however much both vary."""
    values = [(30, 50), (36, 56), (33, 53)]
    found = estimator({A: values, B: values[::-1]})
    gaps = {(row, metric): w * v for row, w in ((A, 1), (B, -1)) for metric, v in (("segm/AP50", 1), ("segm/AP", -1))}
    assert found.estimate(gaps, {0: 0.0}).over_seeds.variance == pytest.approx(0.0, abs=1e-12)
    assert found.estimate({(A, "segm/AP"): 1, (B, "segm/AP"): -1}, {0: 0.0}).over_seeds.variance > 1


def test_a_ratio_has_the_noise_of_logarithms():
    """Rows of 1 % noise, 100 times apart."""
    values = {A: [(10.0, 0), (10.1, 0), (9.9, 0)], B: [(1000.0, 0), (990.0, 0), (1010.0, 0)]}
    terms = {(A, "segm/AP"): 1, (B, "segm/AP"): -1}
    logarithms = [math.log(a / b) for (a, _), (b, _) in zip(values[A], values[B], strict=True)]
    found = estimator(values).estimate(terms, dict(enumerate(logarithms)), logarithmic=True)
    assert found.over_seeds.variance == pytest.approx(variance(logarithms) / 3)


def test_counts_are_exact():
    """The number of parameters needs no second seed."""
    terms = {(A, "count/parameters"): 1, (B, "count/parameters"): -1}
    estimate = estimator({A: [(1, 0)], B: [(1, 0)]}, seeds=(0,)).estimate(terms, {0: 5.0})
    assert estimate.over_both == Uncertainty(0.0, math.inf)


@pytest.fixture(scope="module")
def matches():
    """Of boxes: job "a0" and twice the same "b0" and "c0", on one dataset."""
    data = dataset(0)
    a, b = ({"bbox": evaluated(PycocotoolsEval, data, detections(data, s, 6), "bbox").matches()} for s in (0, 1))
    return {"a0": a, "b0": b, "c0": b}


def box_estimate(matches, *terms, seeds=(0,), logarithmic=False):
    """Of a weighted sum of box AP."""
    rows = {row: [(0, 0)] * len(seeds) for row, _ in terms}
    found = estimator(rows, seeds=seeds, matches=matches)
    return found.estimate({(row, "bbox/AP"): w for row, w in terms}, dict.fromkeys(seeds, 1.0), logarithmic)


def test_images_are_drawn_alike_for_all_rows(matches):
    """Rows with equal detections differ on no draw; others by what the metric itself says on each."""
    assert box_estimate(matches, (B, 1), (C, -1)).over_images.variance == 0
    weights = bootstrap_weights(len(matches["a0"]["bbox"].image_ids), REPLICATES, seed=0)
    a, b = (matches[job]["bbox"].average_precision("AP", weights) for job in ("a0", "b0"))
    expected = uncertainty_over_images(2 * a - b, weights.shape[1])
    assert box_estimate(matches, (A, 2), (B, -1)).over_images == expected
    expected = uncertainty_over_images(np.log(a) - np.log(b), weights.shape[1])
    assert box_estimate(matches, (A, 1), (B, -1), logarithmic=True).over_images == expected


def test_seeds_are_averaged_on_each_draw(matches):
    """Of two seeds that matched what "a0" and "b0" did."""
    both = {"a0": matches["a0"], "a1": matches["b0"]}
    expected = box_estimate(matches, (A, 0.5), (B, 0.5)).over_images
    assert box_estimate(both, (A, 1), seeds=(0, 1)).over_images == expected


def test_a_row_without_matches_leaves_images_unknown(matches):
    """It cannot be paired with the others."""
    assert box_estimate(matches, (A, 1), (D, -1)).over_images is None
