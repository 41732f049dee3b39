"""What a report shows is read once, from where it was asked to."""

import dataclasses
import json
from pathlib import Path

import pytest

from ablations.evidence.sources import Source
from ablations.jobs.status import FAILED, WAITING, Status
from ablations.query import Asked, make_query
from ablations.report.contents import gather
from tests.ablations import fakes

APS = {"r50_c4-seed0": (36.0, 71.0, 28.0), "r50_c4_softmax-seed0": (24.0, 52.0, 16.0)}
NOT_RUN = Status(WAITING, "not run")


@pytest.fixture
def query(tmp_path):
    """Table 2b and its claim with two seeds."""
    return make_query(Asked("mini", str(tmp_path), tables=["2b"], seeds=[0, 1]), of_claims=True)


def contents(query, read=None, has_runs=True, others=NOT_RUN):
    """What there is where the jobs of `APS` are finished."""

    class Pretended(Source):
        def statuses(self, jobs):
            if read is not None:
                read.extend(jobs)
            aps = {identity: APS.get(job.folder.name) for identity, job in jobs.items()}
            return {identity: fakes.finished(ap) if ap else others for identity, ap in aps.items()}

    return gather(dataclasses.replace(query, source=Pretended(Path("here"), published=not has_runs)))


def log_loss(job, value):
    """Leave a training curve in the job's folder."""
    job.folder.path.mkdir(parents=True, exist_ok=True)
    (job.folder.path / "metrics.json").write_text(json.dumps({"iteration": 19, "total_loss": value}))


def test_tables_claims_and_facts_are_of_the_same_statuses(query):
    """Each job is asked once, so that a run that ends meanwhile does not split the page."""
    read = []
    found = contents(query, read)
    assert read == list(query.plan.jobs)
    (shown,) = found.shown
    assert [row.ours[0].mean for row in shown.results.rows] == [24.0, 36.0, 12.0] and not shown.is_empty
    assert found.findings[0].differences == {0: 12.0}
    assert (found.facts["jobs"], found.facts["results"]) == (f"2 of {len(query.plan.jobs)} finished", "here")


def test_curves_are_of_all_runs_and_folders_of_finished_ones(query):
    """A run that failed shows where its loss went."""
    by_name = {job.folder.name: job for job in query.plan.jobs.values()}
    log_loss(by_name["r50_c4-seed0"], 1.0)
    log_loss(by_name["r50_c4-seed1"], 2.0)
    (shown,) = contents(query, others=Status(FAILED, "NaN")).shown
    assert shown.curves == {"sigmoid": [{"total_loss": ((19, 1.0),)}, {"total_loss": ((19, 2.0),)}]}
    folders = {("softmax", 0): by_name["r50_c4_softmax-seed0"].folder.path}
    folders["sigmoid", 0] = by_name["r50_c4-seed0"].folder.path
    assert shown.folders == folders


def test_published_results_have_no_runs(query):
    """Even where there are folders of the same jobs."""
    log_loss(next(job for job in query.plan.jobs.values() if job.folder.name == "r50_c4-seed0"), 1.0)
    found = contents(query, has_runs=False)
    assert not found.has_runs and (found.shown[0].curves, found.shown[0].folders) == ({}, {})


def test_a_table_without_results_is_empty(query, monkeypatch):
    """What its rows lack is in their notes."""
    monkeypatch.setattr("tests.ablations.report.test_contents.APS", {})
    assert contents(query).shown[0].is_empty
