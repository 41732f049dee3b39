"""All numbers behind a table: what it does not print, and how uncertain each row is."""

import dataclasses

import pytest

from ablations.evidence.collect import collect
from ablations.evidence.everything import with_everything
from ablations.jobs.folder import FAILED, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import BY_HAND, load_tables
from tests.ablations import fakes

METRICS = {"segm": {"AP": 30.0, "AP50": 50.0, "AP75": 20.0, "AP-cat": 40.0, "AP-dog": None}, "bbox": {"AP": 35.0}}
COSTS = {"count": {"parameters": 7}, "time": {"iteration": 0.5, "run": 90.0}, "peak_memory": {"process": 1500.0}}


@pytest.fixture
def table():
    return load_tables()["2b"]


def complete(table, given, tmp_path, seeds=(0, 1)):
    """Rows by id, of statuses by (row id, seed)."""
    jobs = fakes.graph(*(fakes.job(tmp_path, f"{row}-{seed}") for row, seed in given))
    statuses = {f"id-{row}-{seed}": status for (row, seed), status in given.items()}
    plan = Plan(jobs, {(table.id, row, seed): f"id-{row}-{seed}" for row, seed in given}, "mini")
    estimator = fakes.estimator(plan, seeds, statuses)
    found = with_everything(collect(table, plan, seeds, statuses, estimator), plan, statuses, estimator)
    return {row.id: row for row in found.rows}


def finished(shift=0.0):
    """A result with categories and costs."""
    metrics = {"segm": {k: v if v is None else v + shift for k, v in METRICS["segm"].items()}, "bbox": METRICS["bbox"]}
    return fakes.finished((0.0, 0.0, 0.0), metrics=metrics, seconds=100.0, **COSTS)


def test_every_measured_number_of_every_seed_is_there(table, tmp_path):
    """Columns of the table, then categories, other tasks, counts, times and memory; what is no number is not."""
    given = {("sigmoid", 0): finished(), ("sigmoid", 1): finished(2.0), ("softmax", 0): finished()}
    rows = complete(table, given, tmp_path)
    assert rows["sigmoid"].by_seed == ({0: 30.0, 1: 32.0}, {0: 50.0, 1: 52.0}, {0: 20.0, 1: 22.0})
    others = {name: dict(other.by_seed) for name, other in rows["sigmoid"].others.items()}
    assert others == {
        "segm/AP-cat": {0: 40.0, 1: 42.0},
        "bbox/AP": {0: 35.0, 1: 35.0},
        "count/parameters": {0: 7.0, 1: 7.0},
        "time/iteration": {0: 0.5, 1: 0.5},
        "time/run": {0: 90.0, 1: 90.0},
        "time/wall": {0: 100.0, 1: 100.0},
        "memory/process": {0: 1500.0, 1: 1500.0},
    }
    assert rows["sigmoid-softmax"].by_seed == ({0: 0.0},) * 3
    assert rows["sigmoid-softmax"].others == {}


def test_rows_and_what_is_not_printed_have_intervals(table, tmp_path):
    """Over seeds, from the noise of both rows; of what was trained by hand no noise is known."""
    row = dataclasses.replace(table.rows[0], id="hand", origin=BY_HAND, source="by hand", config="")
    wider = dataclasses.replace(table, rows=(*table.rows, row))
    given = {(name, seed): finished(seed + 0.1 * len(name)) for name in ("softmax", "sigmoid") for seed in (0, 1)}
    rows = complete(wider, {**given, ("hand", 0): finished()}, tmp_path)
    assert [estimate.over_seeds.half_width() > 0 for estimate in rows["sigmoid"].estimates] == [True] * 3
    assert rows["sigmoid"].others["segm/AP-cat"].estimate.over_seeds.half_width() > 0
    assert rows["sigmoid"].others["count/parameters"].estimate.over_seeds.half_width() == 0
    assert rows["hand"].by_seed[0] == {0: 30.0}
    assert rows["hand"].estimates == (None,) * 3
    assert rows["hand"].others["bbox/AP"].estimate is None


def test_what_failed_has_nothing(table, tmp_path):
    """No number, no interval."""
    row = complete(table, {("sigmoid", 0): Status(FAILED, "nan")}, tmp_path)["sigmoid"]
    assert (row.others, row.estimates, row.by_seed) == ({}, (None,) * 3, ({},) * 3)
