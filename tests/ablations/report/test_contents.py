"""What a report shows is read once, from where it was asked to."""

import json
from pathlib import Path

import pytest

from ablations.evidence.sources import Source
from ablations.jobs.plan import make_plan
from ablations.jobs.store import FAILED, WAITING, Status
from ablations.paper.claims import load_claims
from ablations.paper.selection import select_rows
from ablations.report.contents import gather
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash
from tests.ablations import fakes
from tests.ablations.render.samples import TABLES

APS = {"r50_c4-seed0": (36.0, 71.0, 28.0), "r50_c4_softmax-seed0": (24.0, 52.0, 16.0)}
NOT_RUN = Status(WAITING, "not run")


@pytest.fixture
def plan(tmp_path):
    """Table 2b with two seeds."""
    rows, _ = select_rows([TABLES()["2b"]], [])
    return make_plan(rows, [0, 1], "mini", tmp_path, load_cfg, config_hash)


def contents(plan, asked=None, has_runs=True, others=NOT_RUN):
    """Table 2b and its claim, where the jobs of `APS` are finished."""

    def status_of(job, jobs):
        if asked is not None:
            asked.append(job.identity)
        return fakes.finished(APS[job.name]) if job.name in APS else others

    claims = [load_claims(TABLES())["2b-sigmoid"]]
    source = Source(Path("here"), status_of, published=not has_runs)
    return gather([TABLES()["2b"]], claims, TABLES(), plan, [0, 1], source)


def log_loss(job, value):
    """Leave a training curve in the job's folder."""
    job.folder.mkdir(parents=True, exist_ok=True)
    Path(job.folder, "metrics.json").write_text(json.dumps({"iteration": 19, "total_loss": value}))


def test_tables_claims_and_facts_are_of_the_same_statuses(plan):
    """Each job is asked once, so that a run that ends meanwhile does not split the page."""
    asked = []
    found = contents(plan, asked)
    assert sorted(asked) == sorted(plan.jobs)
    (shown,) = found.shown
    assert [row.ours[0].mean for row in shown.results.rows] == [24.0, 36.0, 12.0] and not shown.is_empty
    assert found.findings[0].differences == {0: 12.0}
    assert (found.facts["jobs"], found.facts["results"]) == (f"2 of {len(plan.jobs)} finished", "here")


def test_curves_are_of_all_runs_and_folders_of_finished_ones(plan):
    """A run that failed shows where its loss went."""
    by_name = {job.name: job for job in plan.jobs.values()}
    log_loss(by_name["r50_c4-seed0"], 1.0)
    log_loss(by_name["r50_c4-seed1"], 2.0)
    (shown,) = contents(plan, others=Status(FAILED, "NaN")).shown
    assert shown.curves == {"sigmoid": [{"total_loss": ((19, 1.0),)}, {"total_loss": ((19, 2.0),)}]}
    folders = {("softmax", 0): by_name["r50_c4_softmax-seed0"].folder, ("sigmoid", 0): by_name["r50_c4-seed0"].folder}
    assert shown.folders == folders


def test_published_results_have_no_runs(plan):
    """Even where there are folders of the same jobs."""
    log_loss(next(job for job in plan.jobs.values() if job.name == "r50_c4-seed0"), 1.0)
    found = contents(plan, has_runs=False)
    assert not found.has_runs and (found.shown[0].curves, found.shown[0].folders) == ({}, {})


def test_a_table_without_results_is_empty(plan, monkeypatch):
    """What its rows lack is in their notes."""
    monkeypatch.setattr("tests.ablations.report.test_contents.APS", {})
    assert contents(plan).shown[0].is_empty
