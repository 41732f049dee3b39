"""Results kept in the repository."""

import dataclasses
import json

import pytest

import ablations.evidence.publish as publishing
from ablations.evidence.publish import publish, published_file, published_status
from ablations.jobs.plan import make_plan
from ablations.jobs.store import FINISHED, WAITING
from ablations.paper.selection import select_rows
from ablations.paper.tables import load_tables
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash
from tests.ablations import fakes


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A finished detector `mini/detector/row-1234abcd`; its results go to `results`."""
    monkeypatch.setattr(publishing, "PUBLISHED", tmp_path / "results")
    job = dataclasses.replace(fakes.job(tmp_path, "row"), folder=tmp_path / "out/mini/detector/row-1234abcd")
    job.folder.mkdir(parents=True)
    result = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "h", "seconds": 1.5, "scale": "mini"}
    (job.folder / "result.json").write_text(json.dumps(result))
    (job.folder / "job.json").write_text(json.dumps({"state": "finished", "seconds": 9.5}))
    return job


def test_a_published_result_comes_back(job, tmp_path):
    """Metrics as they were, the time of the whole process, the job's identity; by scale, kind and folder."""
    (path,) = publish([job])
    assert path == tmp_path / "results/mini/detector/row-1234abcd.json" == published_file(job)
    status = published_status(job, {})
    assert (status.state, status.seconds) == (FINISHED, 9.5)
    assert status.result["metrics"] == {"segm": {"AP": 30.0}} and status.result["identity"] == job.identity


def test_results_of_own_data_have_a_folder_of_their_own(job, tmp_path):
    """Below the scale's, with the data's name, so that the paper's pages do not meet them."""
    folder = job.folder.parents[1] / "pets" / "detector" / job.folder.name
    folder.parent.mkdir(parents=True)
    job.folder.rename(folder)
    (path,) = publish([dataclasses.replace(job, folder=folder, own_data="pets")])
    assert path == tmp_path / "results/mini/pets/detector/row-1234abcd.json"


def test_unfinished_jobs_are_not_published(job, tmp_path):
    """A result of an evaluation in mid-training stays where it is."""
    (job.folder / "job.json").write_text(json.dumps({"state": "running", "seconds": None}))
    assert publish([job]) == []
    assert not (tmp_path / "results").exists()


def test_a_changed_recipe_has_no_published_result(job):
    """Another config is another hash, in the folder's name and in the file."""
    publish([job])
    for other in (
        dataclasses.replace(job, folder=job.folder.with_name("row-ffffffff")),
        dataclasses.replace(job, config_hash="another"),
    ):
        status = published_status(other, {})
        assert (status.state, status.reason) == (WAITING, "no published result of this recipe")


def test_every_published_result_is_of_a_recipe_there_is():
    """Results of recipes that have changed since are removed, so that none is taken for what the YAMLs say now."""
    tables = list(load_tables().values())
    for folder in publishing.PUBLISHED.iterdir():
        found = set(folder.glob("*/*.json"))
        seeds = {json.loads(path.read_text())["seed"] for path in found}
        rows, _ = select_rows(tables, [])
        plan = make_plan(rows, sorted(seeds), folder.name, publishing.PUBLISHED, load_cfg, config_hash)
        assert found <= {publishing.published_file(job) for job in plan.jobs.values()}
