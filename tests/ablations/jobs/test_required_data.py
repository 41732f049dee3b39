"""Data that is missing is said once, before anything runs."""

import dataclasses

import pytest

from ablations.jobs.folder import FINISHED, WAITING, Status
from ablations.jobs.required_data import require_data
from ablations.query import Asked, make_query
from mask_rcnn_paper.data.distilled import is_distilled


@pytest.fixture(autouse=True)
def no_coco(tmp_path, monkeypatch):
    """A place without data."""
    monkeypatch.chdir(tmp_path)


def plan(scale, tmp_path):
    """Jobs of Table 2b."""
    return make_query(Asked(scale, str(tmp_path / "out"), tables=["2b"], seeds=[0])).plan.jobs


def test_missing_data_of_the_paper_scale_names_another_one(tmp_path):
    """One message, with the file that was looked for."""
    jobs = plan("paper", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"train2017\.json.* does not exist: .*; --scale mini needs"):
        require_data(jobs, dict.fromkeys(jobs, Status(WAITING)))


def test_a_teachers_annotations_are_not_waited_for(tmp_path):
    """They are made by a job, but of images that have to be there."""
    jobs = make_query(Asked("mini", str(tmp_path / "out"), tables=["9"], seeds=[0])).plan.jobs
    names = {name for job in jobs.values() for name in job.datasets}
    assert "mini_keypoints_unlabeled" in names
    assert not any(is_distilled(name) for name in names)


def test_finished_jobs_need_no_data(tmp_path):
    """Their tables print on a machine that has none."""
    jobs = plan("paper", tmp_path)
    require_data(jobs, dict.fromkeys(jobs, Status(FINISHED)))


def test_drawn_data_are_always_there(tmp_path):
    """And data of the user's own, which no catalogue knows here, are left to the jobs."""
    jobs = plan("mini", tmp_path)
    require_data(jobs, dict.fromkeys(jobs, Status(WAITING)))
    own = {i: dataclasses.replace(job, datasets=("pets_train",)) for i, job in jobs.items()}
    require_data(own, dict.fromkeys(own, Status(WAITING)))
