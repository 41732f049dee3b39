"""What a report shows is read once, from where it was asked to."""

import dataclasses
from pathlib import Path

import pytest

from ablations.evidence import sources
from ablations.evidence.sources import Source
from ablations.jobs.folder import FAILED, WAITING, Status
from ablations.query import Asked, make_query
from ablations.report.contents import commonest, gather, predictions_of, run_facts
from mask_rcnn_paper.coco.matches import save_matches
from tests.ablations import fakes
from tests.ablations.report import tiny

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


def test_tables_claims_and_facts_are_of_the_same_statuses(query):
    """Each job is asked once, so that a run that ends meanwhile does not split the page."""
    read = []
    found = contents(query, read)
    assert read[: len(query.plan.jobs)] == list(query.plan.jobs)
    (shown,) = found.shown
    assert [row.ours[0].mean for row in shown.results.rows] == [24.0, 36.0, 12.0]
    assert not shown.results.is_empty
    assert found.findings[0].differences == {0: 12.0}
    assert (found.facts["jobs"], found.facts["results"]) == (f"2 of {len(query.plan.jobs)} finished", "here")


def test_runs_are_all_folders_and_predictions_those_of_finished_ones(query):
    """A run that failed shows where its loss went, but nothing that an evaluation before it left."""
    folders = {job.folder.name: job.folder.path for job in query.plan.jobs.values()}
    for name in ("r50_c4-seed0", "r50_c4-seed1"):
        tiny.write_predictions(folders[name], "mini_val", [])
    (shown,) = contents(query, others=Status(FAILED, "NaN")).shown
    names = {"softmax": "r50_c4_softmax", "sigmoid": "r50_c4"}
    runs = {(row, seed): folders[f"{name}-seed{seed}"] for row, name in names.items() for seed in (0, 1)}
    assert shown.runs == runs
    file = runs["sigmoid", 0] / "inference/mini_val/coco_instances_results.json"
    assert shown.predictions == {("softmax", 0): {}, ("sigmoid", 0): {"mini_val": file}}


def test_files_of_what_was_matched_are_those_of_finished_jobs(query, monkeypatch, tmp_path):
    """Of runs, and of published results too, which have no predictions."""
    details = {"datasets": {"test": ["mini_val"]}}
    finished = fakes.finished
    monkeypatch.setattr(fakes, "finished", lambda aps: finished(aps, **details))
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "kept")
    folders = {job.folder.name: job.folder.path for job in query.plan.jobs.values()}
    files = [folders[f"r50_c4-seed{seed}"] / "inference/mini_val/matches.npz" for seed in (0, 1)]
    files.append(tmp_path / f"kept/mini/detector/{folders['r50_c4_softmax-seed0'].name}.npz")
    for file in files:
        save_matches(file, {})
    assert contents(query).shown[0].matches == {("sigmoid", 0): files[0]}
    published = contents(query, has_runs=False).shown[0]
    assert published.matches == {("softmax", 0): files[2]}
    assert published.runs == {}


def test_the_commonest_seed():
    """Of equals the first."""
    assert (commonest([2, 1, 2, 3]), commonest([3, 1]), commonest([])) == (2, 1, 0)


def test_files_of_predictions_are_found_by_dataset(tmp_path):
    """One for each test set; a job that was not evaluated has none."""
    for name in ("b_val", "a_val"):
        tiny.write_predictions(tmp_path, name, [])
    (tmp_path / "inference" / "without").mkdir()
    found = predictions_of(tmp_path)
    assert list(found) == ["a_val", "b_val"]
    assert found["a_val"].parent.name == "a_val"
    assert predictions_of(tmp_path / "nowhere") == {}


def test_published_results_have_no_runs(query):
    """Even where there are folders of the same jobs."""
    job = next(job for job in query.plan.jobs.values() if job.folder.name == "r50_c4-seed0")
    tiny.write_predictions(job.folder.path, "mini_val", [])
    found = contents(query, has_runs=False)
    assert not found.has_runs
    assert (found.shown[0].runs, found.shown[0].predictions) == ({}, {})


def test_a_table_without_results_is_empty(query, monkeypatch):
    """What its rows lack is in their notes."""
    monkeypatch.setattr("tests.ablations.report.test_contents.APS", {})
    assert contents(query).shown[0].results.is_empty


def test_facts_are_gathered_over_all_jobs():
    """Each value once, seconds added up, from the first to the last job, waiting jobs counted."""
    details = {"device": "cpu", "versions": {"torch": "2.9"}, "data_version": {"a_train": "v2", "a_val": "v2"}}
    first = fakes.finished((1, 2, 3), git_commit="a" * 40, finished="2026-01-31T23:59:58Z", **details)
    second = fakes.finished((1, 2, 3), git_commit="b" * 40 + "+changes", finished="2026-02-01T02:00:00Z", **details)
    assert run_facts("mini", [0, 1], [second, first, Status(WAITING, "not run")], "output/mini") == {
        "scale": "mini",
        "seeds": "0, 1",
        "jobs": "2 of 3 finished",
        "data": "a_train v2, a_val v2",
        "provider": "embedded 0.6+embedded",
        "COCO evaluation": "pycocotools 2.0.11",
        "torch": "2.9",
        "device": "cpu",
        "commit": "bbbbbbbbbb+changes, aaaaaaaaaa",
        "finished": "2026-01-31 23:59 to 2026-02-01 02:00 UTC",
        "computing time": "3 min",
        "results": "output/mini",
    }


def test_without_results_only_what_was_asked_for_is_said():
    """Nothing is made up."""
    facts = run_facts("paper", [0], [Status(WAITING, "not run")], "output/paper")
    assert facts == {"scale": "paper", "seeds": "0", "jobs": "0 of 1 finished", "results": "output/paper"}
