"""Costs of jobs from results of their runs."""

import dataclasses
import json

import pytest

from ablations.jobs.folder import JobFolder
from ablations.jobs.job import Job
from ablations.jobs.known_times import with_known_times


@pytest.fixture
def job(tmp_path):
    """100 iterations of nominally 0.2 s, and 40 s besides."""
    folder = JobFolder(tmp_path / "here" / "detector" / "r50-seed2-00000002", "r50-seed2")
    costs = {"iterations": 100, "train_seconds": 20.0, "other_seconds": 40.0}
    return Job("detector", "id", folder, "r50.yaml", run="r50", scale="mini", **costs)


def write(path, **content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"metrics": {}, "device": "cpu", **content}))


def here(job, name="r50-seed0-0000000a", **content):
    write(job.folder.path.parent / name / "result.json", **content)


def published(tmp_path, name="r50-seed0-0000000a", kind="detector", **content):
    write(tmp_path / "published" / kind / f"{name}.json", **content)


def costs(job, tmp_path):
    found = with_known_times({"id": job}, tmp_path / "published")["id"]
    return found.train_seconds, found.other_seconds


def test_a_job_costs_what_another_seed_took(job, tmp_path):
    """0.5 s an iteration, 90 s in all; medians of several results."""
    here(job, time={"iteration": 0.5, "run": 90.0})
    assert costs(job, tmp_path) == (50.0, 40.0)
    here(job, "r50-seed1-0000000b", time={"iteration": 0.7, "run": 100.0})
    assert costs(job, tmp_path) == (pytest.approx(60.0), pytest.approx(40.0))


def test_what_was_measured_here_counts_before_what_is_published(job, tmp_path):
    """Of a run at any seed."""
    published(tmp_path, time={"iteration": 0.1, "run": 15.0})
    assert costs(job, tmp_path) == (10.0, 5.0)
    here(job, time={"iteration": 0.5, "run": 90.0})
    assert costs(job, tmp_path) == (50.0, 40.0)


def test_times_of_processors_are_shared_by_threads(job, tmp_path):
    """Not those of a GPU, which are the clock's."""
    published(tmp_path, threads=2, time={"iteration": 1.0, "run": 180.0})
    assert costs(job, tmp_path) == (50.0, 40.0)
    published(tmp_path, threads=2, device="GPU", time={"iteration": 1.0, "run": 180.0})
    assert costs(job, tmp_path) == (100.0, 80.0)


@pytest.mark.parametrize(
    "time, expected",
    [
        ({"iteration": 0.5}, (50.0, 40.0)),  # a result of earlier days
        ({"run": 120.0}, (40.0, 80.0)),  # one that tells the whole alone, shared as guessed
        ({"iteration": 0.5, "run": 30.0}, (50.0, 1.0)),  # a resumed process
        ({}, (20.0, 40.0)),
    ],
)
def test_what_a_result_does_not_tell_is_guessed(job, tmp_path, time, expected):
    """Nominal costs stand in."""
    here(job, time=time)
    assert costs(job, tmp_path) == pytest.approx(expected)


def test_a_run_without_results_costs_as_the_others_of_its_kind_do(job, tmp_path):
    """Three times the nominal cost here; another kind keeps its own."""
    here(job, time={"iteration": 0.6, "run": 180.0})
    other = dataclasses.replace(job, run="r101")
    rpn = dataclasses.replace(other, kind="rpn")
    found = with_known_times({"id": job, "other": other, "rpn": rpn}, tmp_path)
    assert (found["other"].train_seconds, found["other"].other_seconds) == (60.0, 120.0)
    assert found["rpn"] == rpn


@pytest.mark.parametrize("name", ["r50-fine-seed0-0000000a", "r50-seed0", "r50x-0000000a", "r50-seed-0000000a"])
def test_another_run_says_nothing(job, tmp_path, name):
    """Its name may begin alike."""
    here(job, name, time={"iteration": 9.0, "run": 9000.0})
    assert costs(job, tmp_path) == (20.0, 40.0)


def test_a_damaged_result_says_nothing(job, tmp_path):
    """As if it were not there."""
    here(job, metrics=3, time={"iteration": 9.0})
    assert costs(job, tmp_path) == (20.0, 40.0)
