"""Collecting results: means, spreads, reasons, and what must not stand in one table."""

import dataclasses
from pathlib import Path

import pytest

from ablations.evidence.agreement import EQUAL_BACKENDS
from ablations.evidence.collect import collect
from ablations.jobs.folder import BLOCKED, FAILED, WAITING, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import Delta, Metric, Row, load_tables
from mask_rcnn_paper.coco.backends import BACKENDS
from tests.ablations import fakes

SOFTMAX, SIGMOID = (24.0, 51.6, 16.4), (36.0, 71.0, 28.3)


@pytest.fixture
def table():
    return load_tables()["2b"]


def gather(table, given, seeds=(0,), tmp_path=Path("/none")):
    """Collect from statuses by (row id, seed) instead of folders."""
    names = [f"{row}-{seed}" for row, seed in given]
    tmp_path.mkdir(exist_ok=True)
    jobs = fakes.graph(*(dataclasses.replace(fakes.job(tmp_path, name), data="a -> b") for name in names))
    rows = {(table.id, row, seed): f"id-{row}-{seed}" for row, seed in given}
    by_identity = {f"id-{row}-{seed}": status for (row, seed), status in given.items()}
    plan = Plan(jobs, rows, "mini")
    return collect(table, plan, seeds, by_identity, fakes.estimator(plan, seeds, by_identity))


@pytest.fixture
def collected(table, tmp_path):
    """`collect` on given statuses."""
    return lambda given, seeds=(0,), of=table: gather(of, given, seeds, tmp_path)


def test_one_seed_has_a_mean_and_no_spread(collected):
    """Values land in the order of the metrics; the delta is the difference of the rows."""
    found = collected({("softmax", 0): fakes.finished(SOFTMAX), ("sigmoid", 0): fakes.finished(SIGMOID)})
    softmax, sigmoid, delta = found.rows
    assert tuple(v.mean for v in softmax.ours) == SOFTMAX
    assert tuple(v.mean for v in sigmoid.ours) == SIGMOID
    assert [round(v.mean, 1) for v in delta.ours] == [12.0, 19.4, 11.9]
    assert all(v.spread is None and v.count == 1 for row in found.rows for v in row.ours)
    assert (found.provider, found.coco_backend) == ("embedded 0.6+embedded", "pycocotools 2.0.11")
    assert found.data == "a -> b"
    assert delta.is_delta


def test_seeds_are_averaged_and_deltas_are_paired(collected):
    """The spread is the sample standard deviation; that of a delta is over the seeds' own differences."""
    given = {}
    for seed, shift in ((0, -1.0), (1, 0.0), (2, 1.0)):
        given["softmax", seed] = fakes.finished([v + shift for v in SOFTMAX])
        given["sigmoid", seed] = fakes.finished([v + shift for v in SIGMOID])
    softmax, _, delta = collected(given, (0, 1, 2)).rows
    assert (softmax.ours[0].mean, softmax.ours[0].spread, softmax.ours[0].count) == (24.0, 1.0, 3)
    assert delta.ours[0].mean == pytest.approx(12.0)
    assert delta.ours[0].spread == pytest.approx(0.0, abs=1e-9)


def test_what_is_missing_has_a_reason(collected):
    """Not run, failed, blocked, not selected: no value, but why."""
    failed, sigmoid, delta = collected({("softmax", 0): Status(FAILED, "exit code 1; last line: nan")}).rows
    assert failed.ours == (None,) * 3
    assert failed.notes[0] == "failed: exit code 1; last line: nan"
    assert sigmoid.notes == ("not selected",) * 3
    assert delta.ours == (None,) * 3
    assert delta.notes[0] == "needs both rows"
    waiting, blocked, _ = collected(
        {("softmax", 0): Status(WAITING, "not run"), ("sigmoid", 0): Status(BLOCKED, "needs rpn x")}
    ).rows
    assert (waiting.notes[0], blocked.notes[0]) == ("not run", "blocked: needs rpn x")


def test_a_missing_seed_is_said_beside_the_mean_of_the_others(collected):
    """A mean over fewer seeds than asked for is marked; the delta uses the seeds that both rows have."""
    given = {
        ("softmax", 0): fakes.finished(SOFTMAX),
        ("softmax", 1): Status(FAILED, "exit code 1"),
        ("sigmoid", 0): fakes.finished(SIGMOID),
        ("sigmoid", 1): fakes.finished([50.0] * 3),
    }
    softmax, sigmoid, delta = collected(given, (0, 1)).rows
    assert (softmax.ours[0].mean, softmax.ours[0].count) == (24.0, 1)
    assert softmax.notes[0] == "seed 1: failed: exit code 1"
    assert sigmoid.notes[0] == ""
    assert delta.ours[0].mean == pytest.approx(12.0)
    assert delta.notes[0] == "over 1 of 2 seeds, those that both rows have"


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("scale", "smoke"),
        ("provider", {"name": "upstream", "detectron2": "0.6"}),
        ("coco_backend", "fast 1"),
        ("precision", "bfloat16"),
    ],
)
def test_results_that_are_not_comparable_are_refused(collected, key, other):
    """Scales, providers, COCO backends and precisions do not mix; the message says which folder has which."""
    changed = fakes.finished(SIGMOID, **{key: other})
    given = {("softmax", 0): fakes.finished(SOFTMAX), ("sigmoid", 0): changed}
    with pytest.raises(ValueError, match=rf"table 2b: results of different {key} .*softmax-0.*sigmoid-0"):
        collected(given)


def test_backends_of_equal_numbers_stand_in_one_table(collected):
    """Those of which a test proves it; the table names all. Another one beside them is refused."""
    given = {
        ("softmax", 0): fakes.finished(SOFTMAX, coco_backend="pycocotools 2.0.11"),
        ("softmax", 1): fakes.finished(SOFTMAX, coco_backend="hotcoco 1.3.0"),
        ("sigmoid", 0): fakes.finished(SIGMOID, coco_backend="hotcoco 1.3.0"),
    }
    assert collected(given, (0, 1)).coco_backend == "hotcoco 1.3.0, pycocotools 2.0.11"
    assert EQUAL_BACKENDS == set(BACKENDS)
    given["sigmoid", 1] = fakes.finished(SIGMOID, coco_backend="COCOeval_opt of detectron2 0.6")
    with pytest.raises(ValueError, match="results of different coco_backend .*COCOeval_opt of detectron2 0.6 in"):
        collected(given, (0, 1))


def test_versions_of_a_dataset_do_not_mix(collected):
    """Rows may differ in their datasets, not in the version of one; a result that does not say is of an unknown one."""
    split, other = {"train": ["a"], "test": ["b"]}, {"train": ["c"], "test": ["b"]}
    softmax = fakes.finished(SOFTMAX, datasets=split, data_version={"a": "v1", "b": "v2"})
    sigmoid = fakes.finished(SIGMOID, datasets=other, data_version={"c": "v3", "b": "v2"})
    found = collected({("softmax", 0): softmax, ("sigmoid", 0): sigmoid})
    assert found.data_versions == {"a": "v1", "b": "v2", "c": "v3"}
    sigmoid = fakes.finished(SIGMOID, datasets=other, data_version={"c": "v3", "b": "v1"})
    with pytest.raises(ValueError, match="results of different data_version of b .*: v2 in .*softmax-0, v1 in .*"):
        collected({("softmax", 0): softmax, ("sigmoid", 0): sigmoid})
    with pytest.raises(ValueError, match="results of different data_version of b .*v2 in .*, unknown in"):
        collected({("softmax", 0): softmax, ("sigmoid", 0): fakes.finished(SIGMOID, datasets=split | other)})
    old = fakes.finished(SOFTMAX, datasets=split)
    assert collected({("softmax", 0): old}).data_versions == {"a": "unknown", "b": "unknown"}


def test_a_dash_of_the_paper_needs_no_reason_where_there_is_no_branch(collected, table):
    """Table 5's Faster R-CNN has no mask AP, in the paper or here; a number that should be there has a reason."""
    metrics = (Metric("bbox/AP", "AP^bb"), Metric("segm/AP", "AP"))
    rows = tuple(
        dataclasses.replace(row, paper=(50.0, paper)) for row, paper in zip(table.rows, (None, 45.0), strict=True)
    )
    changed = dataclasses.replace(table, rows=rows, metrics=metrics, deltas=())
    boxes = {"bbox": {"AP": 52.0}}
    given = {(row.id, seed): fakes.finished(SOFTMAX, metrics=boxes) for row in rows for seed in (0, 1)}
    dash, number = collected(given, (0, 1), of=changed).rows
    assert dash.ours[0].mean == 52.0
    assert dash.ours[1] is None
    assert dash.notes == ("", "")
    assert number.notes[1].startswith("seed 0, 1: the result has no segm metrics")
    (unfinished, _) = collected({}, of=changed).rows
    assert unfinished.notes == ("not selected",) * 2
    (failed, _) = collected({("softmax", 0): Status(FAILED, "nan")}, of=changed).rows
    assert failed.notes == ("failed: nan",) * 2


def test_a_row_without_a_branch_says_so(collected, table, tmp_path, monkeypatch):
    """Whether it has been run, published or not; a difference over it is not said to lack a row."""
    metrics = (Metric("bbox/AP", "AP^bb"), Metric("segm/AP", "AP"), Metric("keypoints/AP - segm/AP", "AP^kp - AP"))
    rows = tuple(dataclasses.replace(row, paper=(50.0, None, None)) for row in table.rows)
    delta = dataclasses.replace(table.deltas[0], paper=(None, None, 1.0))
    changed = dataclasses.replace(table, rows=rows, metrics=metrics, deltas=(delta,))
    job = fakes.job
    monkeypatch.setattr(fakes, "job", lambda root, name: dataclasses.replace(job(root, name), branches=("keypoints",)))
    boxes = {"bbox": {"AP": 52.0}, "keypoints": {"AP": 1.0}}
    given = {("softmax", 0): Status(WAITING, "not run"), ("sigmoid", 0): fakes.finished(SOFTMAX, metrics=boxes)}
    softmax, sigmoid, missing = collected(given, of=changed).rows
    assert softmax.notes == ("not run", "the row has no mask branch", "the row has no mask branch")
    assert sigmoid.notes == ("", "the row has no mask branch", "the row has no mask branch")
    assert missing.notes[2] == "needs both rows"
    both = {key: given["sigmoid", 0] for key in given}
    (*_, over) = collected(both, of=changed).rows
    assert over.notes[2] == "sigmoid: the row has no mask branch; softmax: the row has no mask branch"


def test_a_difference_of_two_metrics_is_measured_in_each_result(collected, table):
    """Section 4.3's gap between box and mask AP: seed by seed, with a reason where one is missing."""
    metrics = (Metric("bbox/AP - segm/AP", "AP^bb - AP"),)
    rows = tuple(dataclasses.replace(row, paper=(2.7,)) for row in table.rows)
    changed = dataclasses.replace(table, rows=rows, metrics=metrics, deltas=())
    both = {"bbox": {"AP": 40.0}, "segm": {"AP": 37.0}}
    given = {
        ("softmax", 0): fakes.finished(SOFTMAX, metrics=both),
        ("softmax", 1): fakes.finished(SOFTMAX, metrics={**both, "segm": {"AP": 38.0}}),
        ("sigmoid", 0): fakes.finished(SOFTMAX, metrics={"bbox": {"AP": 40.0}, "segm": {"AP": None}}),
    }
    softmax, sigmoid = collected(given, (0, 1), of=changed).rows
    assert (softmax.ours[0].mean, softmax.ours[0].count) == (2.5, 2)
    assert sigmoid.ours == (None,)
    assert "seed 0: no predictions, or no ground truth" in sigmoid.notes[0]


def test_rows_that_are_not_built_yet_say_what_is_missing(collected, table):
    """No number of ours, with the reason; a delta of them needs both rows."""
    rows = tuple(dataclasses.replace(row, config="", pending="test-time augmentation") for row in table.rows)
    softmax, _, delta = collected({}, of=dataclasses.replace(table, rows=rows)).rows
    assert softmax.ours == (None,) * 3
    assert softmax.notes == ("not built yet: test-time augmentation",) * 3
    assert delta.notes == ("needs both rows",) * 3


def test_cited_rows_and_unmeasured_columns_keep_the_papers_numbers(collected, table):
    """Rows of other works and columns of a test server have no number of ours, and a reason."""
    cited = Row("mnc", "MNC [10]", (24.6, None, 24.8), origin="cited", ref=10, source="Dai et al.")
    metrics = (*table.metrics[:2], Metric("segm/AP75", "AP_75", note="test server only"))
    over_mnc = Delta("softmax", "mnc", (1.0, None, 1.0), "over MNC")
    deltas = (*table.deltas, over_mnc)
    changed = dataclasses.replace(table, rows=(cited, *table.rows), metrics=metrics, deltas=deltas)
    mnc, softmax, _, delta, over = collected({("softmax", 0): fakes.finished(SOFTMAX)}, of=changed).rows
    assert mnc.paper == (24.6, None, 24.8)
    assert mnc.notes == ("cited by the paper: [10] Dai et al.",) * 3
    assert (softmax.ours[2], softmax.notes[2]) == (None, "test server only")
    assert delta.notes == ("needs both rows", "needs both rows", "test server only")
    assert over.notes == ("MNC [10] is not a run of ours", "", "test server only")


@pytest.mark.parametrize(
    "origin, text",
    [("tensormask_paper", "from the TensorMask paper: X, 2019"), ("dataset", "a property of the data set: X, 2019")],
)
def test_numbers_of_others_say_where_they_come_from(origin, text):
    """Without a reference number where the paper gives none."""
    assert Row("r", "R", (1.0,), origin=origin, source="X, 2019").why_not_run == text


def test_other_protocols_than_cocos_are_named(collected):
    """Beside COCO's backend, wherever that is printed; of tasks that the table does not print they are not."""
    own = {"protocols": {"segm": "cityscapesscripts 2.3.0", "other": "x"}}
    rows = {(row, 0): fakes.finished(SOFTMAX, **own) for row in ("softmax", "sigmoid")}
    assert collected(rows).coco_backend == "pycocotools 2.0.11, segm by cityscapesscripts 2.3.0"


def test_protocols_do_not_mix(collected):
    """COCO's AP and that of Cityscapes are not the same thing."""
    own = {"protocols": {"segm": "cityscapesscripts 2.3.0"}}
    given = {("softmax", 0): fakes.finished(SOFTMAX, **own), ("sigmoid", 0): fakes.finished(SIGMOID)}
    with pytest.raises(ValueError, match="table 2b: segm of different protocols .* COCO's protocol in "):
        collected(given)


def test_what_may_differ_is_said(collected):
    """Machines, libraries and code; results that say nothing of it differ in nothing."""
    facts = {"threads": 1, "device": "cpu", "versions": {"torch": "2.6.0"}, "git_commit": "a" * 40}
    given = {("softmax", 0): fakes.finished(SOFTMAX, **facts), ("sigmoid", 0): fakes.finished(SIGMOID)}
    assert collected(given).differing == ()
    other = {"threads": 8, "device": "H100", "versions": {"torch": "2.9.1"}, "git_commit": "b" * 40 + "+changes"}
    given["sigmoid", 0] = fakes.finished(SIGMOID, **other)
    commits = f"commit {'a' * 10}, {'b' * 10}+changes"
    assert collected(given).differing == ("device H100, cpu", "threads 1, 8", "torch 2.6.0, 2.9.1", commits)
