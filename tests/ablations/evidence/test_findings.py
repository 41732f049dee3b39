"""Claims measured in results with known answers."""

import dataclasses
import math
import re

import pytest

from ablations.evidence.findings import find
from ablations.jobs.folder import FAILED, WAITING, Status
from ablations.jobs.plan import Plan
from ablations.paper.claims import Claim
from ablations.paper.tables import load_tables
from ablations.paper.terms import Side
from ablations.statistics.judge import ABOUT_EQUAL, CITED, GREATER, INCONCLUSIVE, NOT_REPRODUCED, NOT_RUN, REPRODUCED
from tests.ablations import fakes

SIGMOID, SOFTMAX = ("2b", "sigmoid"), ("2b", "softmax")


def compared(row, over, metrics, **changes):
    """The claim of Table 2b about a row and another (None: 0), and the weights of metrics."""
    right = over and Side({over: 1.0}, metrics)
    return dataclasses.replace(CLAIM, left=Side({row: 1.0}, metrics), right=right, **changes)


AP = {"segm/AP": 1.0}
CLAIM = Claim("2b-sigmoid", "4.2", "a severe loss", GREATER, Side({SIGMOID: 1.0}, AP), Side({SOFTMAX: 1.0}, AP), 5.5)


@pytest.fixture
def gather(tmp_path):
    """Find a claim in statuses by (row, seed) instead of folders."""

    def call(claim, given, seeds=(0, 1), tables=None):
        names = {key: f"{key[0][0]}-{key[0][1]}-{key[1]}" for key in given}
        jobs = fakes.graph(*(fakes.job(tmp_path, name) for name in names.values()))
        by_identity = {f"id-{names[key]}": status for key, status in given.items()}
        plan = Plan(jobs, {(*row, seed): f"id-{names[row, seed]}" for row, seed in given}, "mini")
        found, evidence = find(
            [claim], tables or load_tables(), plan, seeds, by_identity, fakes.estimator(plan, seeds, by_identity)
        )
        assert evidence.seeds == seeds
        return found[0]

    return call


def runs(row, *aps):
    """Finished runs of a row by (row, seed), with these mask APs for seeds 0, 1, ..."""
    return {(row, seed): fakes.finished((ap, 2.0, 3.0)) for seed, ap in enumerate(aps)}


@pytest.mark.parametrize(
    "sigmoid, softmax, verdict",
    [
        # Seeds differ by 10 AP, their differences by 0.2.
        ((36.0, 46.0), (24.0, 33.8), REPRODUCED),
        ((24.0, 33.8), (36.0, 46.0), NOT_REPRODUCED),
        ((36.0, 46.0), (34.0, 24.0), INCONCLUSIVE),
    ],
)
def test_seeds_are_compared_in_pairs(gather, sigmoid, softmax, verdict):
    """The spread that counts is that of the differences, not of the rows."""
    found = gather(CLAIM, runs(SIGMOID, *sigmoid) | runs(SOFTMAX, *softmax))
    assert found.judgement.verdict == verdict
    assert found.missing == ""
    expected = [u - v for u, v in zip(sigmoid, softmax, strict=True)]
    assert list(found.differences.values()) == pytest.approx(expected)


def test_a_seed_that_one_side_lacks_is_left_out_and_said(gather):
    """Two of three seeds are judged; the third has a reason."""
    given = runs(SIGMOID, 36.0, 37.0, 38.0) | runs(SOFTMAX, 24.0, 25.0)
    given |= {(SOFTMAX, 2): Status(FAILED, "exit code 1; last line: nan")}
    found = gather(CLAIM, given, (0, 1, 2))
    assert (found.judgement.verdict, found.judgement.estimate.count) == (REPRODUCED, 2)
    assert found.note == "2b/softmax seed 2: failed: exit code 1; last line: nan"


def test_seeds_that_nobody_ran_need_no_words(gather):
    """Seed 1 has neither row, seed 2 only one."""
    given = runs(SIGMOID, 36.0) | runs(SOFTMAX, 24.0) | {(SIGMOID, 2): fakes.finished((36.0, 2.0, 3.0))}
    given |= dict.fromkeys([(SIGMOID, 1), (SOFTMAX, 1), (SOFTMAX, 2)], Status(WAITING, "not run"))
    found = gather(CLAIM, given, (0, 1, 2))
    assert found.judgement.estimate.count == 1
    assert found.note.endswith("claim; 2b/softmax seed 2: not run")


def test_seeds_without_a_common_one_are_not_compared(gather):
    """Seed 0 of one row is no partner of seed 1 of the other."""
    given = {(SIGMOID, 0): fakes.finished((36.0, 2.0, 3.0)), (SIGMOID, 1): Status(WAITING, "not run")}
    given |= {(SOFTMAX, 0): Status(WAITING, "not run"), (SOFTMAX, 1): fakes.finished((24.0, 2.0, 3.0))}
    found = gather(CLAIM, given)
    assert (found.judgement.verdict, found.differences) == (NOT_RUN, {})
    assert found.note == "2b/sigmoid seed 1, 2b/softmax seed 0: not run"


@pytest.mark.parametrize("value", [math.nan, None])
def test_a_metric_that_is_no_number_is_not_run_with_the_reason(gather, value):
    """An AP that could not be computed is no zero."""
    given = {(SIGMOID, seed): fakes.finished((value, 2.0, 3.0)) for seed in (0, 1)} | runs(SOFTMAX, 24.0, 25.0)
    found = gather(CLAIM, given)
    assert found.judgement.verdict == NOT_RUN
    assert found.note == "2b/sigmoid: no predictions, or no ground truth"


def test_a_metric_that_the_result_lacks_is_not_run_with_the_reason(gather):
    """A model without a box branch has no box AP."""
    claim = compared(SIGMOID, SOFTMAX, {"bbox/AP": 1.0})
    found = gather(claim, runs(SIGMOID, 36.0, 37.0) | runs(SOFTMAX, 24.0, 25.0))
    assert found.judgement.verdict == NOT_RUN
    assert found.note.startswith("2b/sigmoid, 2b/softmax: the result has no bbox metrics")


def test_one_seed_has_a_difference_and_no_verdict(gather):
    """It is shown, and what is missing for an interval."""
    found = gather(CLAIM, runs(SIGMOID, 36.0) | runs(SOFTMAX, 24.0), (0,))
    assert (found.judgement.verdict, found.judgement.estimate.mean) == (INCONCLUSIVE, 12.0)
    assert found.note == "no row has two seeds, so there is no interval; the difference agrees with the claim"


def test_a_difference_of_differences(gather):
    """What a row gains in AP75 over what it gains in AP50: (28 - 16) - (70 - 60) = 2 in each seed."""
    claim = compared(SIGMOID, SOFTMAX, {"segm/AP75": 1.0, "segm/AP50": -1.0})
    given = {(SIGMOID, seed): fakes.finished((1.0, 70.0 + seed, 28.0 + seed)) for seed in (0, 1)}
    given |= {(SOFTMAX, seed): fakes.finished((2.0, 60.0, 16.0)) for seed in (0, 1)}
    found = gather(claim, given)
    assert (dict(found.differences), found.judgement.verdict) == ({0: 2.0, 1: 2.0}, REPRODUCED)


def test_two_metrics_of_one_row(gather):
    """Box AP about equal to mask AP: no second row, and a margin."""
    claim = compared(SIGMOID, None, {"bbox/AP": 1.0, "segm/AP": -1.0}, relation=ABOUT_EQUAL, margin=4.0)
    boxes = {(SIGMOID, seed): {"bbox": {"AP": 40.0}, "segm": {"AP": 37.0 + seed / 10}} for seed in (0, 1)}
    found = gather(claim, {key: fakes.finished((1.0, 2.0, 3.0), metrics=metrics) for key, metrics in boxes.items()})
    assert list(found.differences.values()) == pytest.approx([3.0, 2.9])
    assert found.judgement.verdict == REPRODUCED
    assert gather(dataclasses.replace(claim, margin=2.0), {}).judgement.verdict == NOT_RUN


def test_the_mean_of_several_metrics(gather):
    """Classes that gain more than the average: (9 + 3) / 2 - 4 = 2."""
    claim = compared(SIGMOID, SOFTMAX, {"segm/AP-bus": 0.5, "segm/AP-train": 0.5, "segm/AP": -1.0})
    before, after = {"AP-bus": 50.0, "AP-train": 30.0, "AP": 30.0}, {"AP-bus": 53.0, "AP-train": 39.0, "AP": 34.0}
    given = {(SIGMOID, seed): fakes.finished((0.0, 0.0, 0.0), metrics={"segm": after}) for seed in (0, 1)}
    given |= {(SOFTMAX, seed): fakes.finished((0.0, 0.0, 0.0), metrics={"segm": before}) for seed in (0, 1)}
    assert gather(claim, given).judgement.estimate.mean == pytest.approx(2.0)


def test_a_seed_needs_every_row_of_a_difference_of_differences(gather):
    """(36 - 24) - (30 - 27) = 9 in seed 0; seed 1 lacks one of four rows."""
    pool, align = ("2c", "roipool_max"), ("2c", "roialign_ave")
    claim = dataclasses.replace(CLAIM, left=Side({SIGMOID: 1, SOFTMAX: -1}, AP), right=Side({align: 1, pool: -1}, AP))
    given = runs(SIGMOID, 36.0, 36.0) | runs(SOFTMAX, 24.0, 24.0) | runs(align, 30.0, 30.0) | runs(pool, 27.0)
    found = gather(claim, given | {(pool, 1): Status(WAITING, "not run")})
    assert dict(found.differences) == {0: 9.0}
    assert found.missing == "2c/roipool_max seed 1: not run"


def test_a_ratio_is_judged_by_logarithms(gather):
    """44 times in both seeds, whatever the values; a value of 0 has no ratio, and is said."""
    claim = dataclasses.replace(CLAIM, unit="times")
    found = gather(claim, runs(SIGMOID, 88.0, 22.0) | runs(SOFTMAX, 2.0, 0.5))
    assert list(found.differences.values()) == pytest.approx([math.log(44)] * 2)
    assert found.judgement.verdict == REPRODUCED
    found = gather(claim, runs(SIGMOID, 88.0, 22.0) | runs(SOFTMAX, 2.0, 0.0))
    assert found.missing == "2b/softmax seed 1: its segm/AP is 0, which has no ratio to others"


def test_counts_are_judged_from_one_seed(gather):
    """A result has them beside its metrics; 44 times, of which nothing is left to chance."""
    claim = compared(SIGMOID, SOFTMAX, {"count/parameters": 1.0}, unit="times")
    given = {
        (row, 0): fakes.finished((1.0, 2.0, 3.0), count={"parameters": n}) for row, n in ((SIGMOID, 88), (SOFTMAX, 2))
    }
    found = gather(claim, given, (0,)).judgement
    assert (found.verdict, found.estimate.mean, found.p) == (REPRODUCED, pytest.approx(math.log(44)), None)
    found = gather(claim, runs(SIGMOID, 1.0) | runs(SOFTMAX, 1.0), (0,))
    assert found.note == "2b/sigmoid, 2b/softmax: the result has no count/parameters"


def test_rows_that_no_job_makes_say_why(gather):
    """Pending rows, and claims that nothing measures."""
    tables = load_tables()
    rows = tuple(dataclasses.replace(row, config="", pending="a loss") for row in tables["2b"].rows)
    later = {**tables, "2b": dataclasses.replace(tables["2b"], rows=rows)}
    assert gather(CLAIM, {}, tables=later).note == "2b/sigmoid, 2b/softmax: not built yet: a loss"
    pending = gather(dataclasses.replace(CLAIM, pending="measuring inference time"), {})
    assert (pending.judgement.verdict, pending.note) == (NOT_RUN, "not measured yet: measuring inference time")


def test_a_comparison_with_another_work_is_cited(gather):
    """Whatever was run: our numbers are of other data than those that the paper cites."""
    claim = compared(SIGMOID, ("3", "faster_rcnn_fpn"), AP)
    for given in ({}, runs(SIGMOID, 36.0, 37.0)):
        found = gather(claim, given)
        assert (found.judgement.verdict, found.judgement.estimate, found.differences) == (CITED, None, {})
        assert found.note == "3/faster_rcnn_fpn: cited by the paper: [27] Lin et al., CVPR 2017"


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("scale", "smoke"),
        ("provider", {"name": "upstream", "detectron2": "0.6"}),
        ("coco_backend", "fast 1"),
        ("precision", "bfloat16"),
    ],
)
def test_results_that_are_not_comparable_are_refused(gather, key, other):
    """As in a table, also where they are of different seeds."""
    given = runs(SIGMOID, 36.0, 37.0) | runs(SOFTMAX, 24.0, 25.0)
    given[SOFTMAX, 1] = fakes.finished((25.0, 2.0, 3.0), **{key: other})
    found = gather(CLAIM, given)
    assert (found.judgement.verdict, found.differences) == (NOT_RUN, {})
    assert re.search(rf"table 2b: results of different {key} .*2b-softmax-0.*2b-softmax-1", found.note)


def test_what_cannot_be_compared_leaves_other_claims_alone(tmp_path):
    """Only rows that a claim is about have to belong together."""
    given = {"sigmoid": fakes.finished((36.0, 2.0, 3.0)), "softmax": fakes.finished((24.0, 2.0, 3.0))}
    given["roialign_ave"] = fakes.finished((30.0, 2.0, 3.0), precision="bfloat16")
    keys = {"sigmoid": SIGMOID, "softmax": SOFTMAX, "roialign_ave": ("2c", "roialign_ave")}
    jobs = fakes.graph(*(fakes.job(tmp_path, name) for name in given))
    plan = Plan(jobs, {(*keys[name], 0): f"id-{name}" for name in given}, "mini")
    statuses = {f"id-{name}": status for name, status in given.items()}
    mixed = compared(keys["roialign_ave"], SOFTMAX, AP)
    estimator = fakes.estimator(plan, (0,), statuses)
    (good, bad), evidence = find([CLAIM, mixed], load_tables(), plan, (0,), statuses, estimator)
    assert (good.differences, bad.judgement.verdict) == ({0: 12.0}, NOT_RUN)
    assert "results of different precision" in bad.note
    assert evidence.precision == "bfloat16, float32"
