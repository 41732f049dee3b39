"""Configs, logs, times and memory behind the rows of a report."""

import dataclasses
from pathlib import Path

import pytest

from ablations.evidence.sources import Source
from ablations.jobs.folder import FINISHED, WAITING, Status
from ablations.query import Asked, make_query
from ablations.report import runs
from ablations.report.runs import Place, place_of, runs_of_rows
from tests.ablations import fakes

STEPS = {0: 0.5, 1: 0.7}


@pytest.fixture
def query(tmp_path, monkeypatch):
    """Table 2b in the current folder; sigmoid is finished with two seeds."""
    monkeypatch.chdir(tmp_path)
    found = make_query(Asked("mini", "out", tables=["2b"], seeds=[0, 1]))

    class Pretended(Source):
        def statuses(self, jobs):
            done = {found.plan.rows["2b", "sigmoid", seed]: seed for seed in STEPS}
            return {i: finished(done[i]) if i in done else Status(WAITING, "not run") for i in jobs}

    return lambda published=False: dataclasses.replace(found, source=Pretended(Path("out"), published))


def finished(seed):
    costs = {
        "datasets": {"test": ["mini_val"]},
        "time": {"iteration": STEPS[seed], "run": 600.0 + seed},
        "peak_memory": {"process": 1500.0 + 300 * seed},
    }
    return fakes.finished((1.0, 2.0, 3.0), seconds=700.0, **costs)


def write_log(query, row, seed, name="console.log"):
    folder = query.plan.job("2b", row, seed).folder.path
    folder.mkdir(parents=True)
    (folder / name).write_text("")
    return folder


def test_a_row_has_its_config_logs_and_medians(query, tmp_path):
    """Of the finished seeds; a row that failed has a log and no numbers; ways start from the page's folder."""
    asked = query()
    folder = write_log(asked, "sigmoid", 0)
    other = write_log(asked, "softmax", 1, "log.txt")
    softmax, sigmoid = runs_of_rows(asked.shown[0], asked, Path("pages/report.html"))
    assert (sigmoid.label, sigmoid.config.text) == ("sigmoid", "configs/table2b/sigmoid.yaml")
    log = f"out/mini/detector/{folder.name}/console.log"
    assert sigmoid.logs == {0: Place(log, f"../{log}")}
    assert (sigmoid.step, sigmoid.run, sigmoid.clock, sigmoid.memory) == ("0.6 s", "10 min", "12 min", "1.6 GB")
    assert softmax.logs == {
        1: Place(f"out/mini/detector/{other.name}/log.txt", f"../out/mini/detector/{other.name}/log.txt")
    }
    assert (softmax.step, softmax.memory) == ("", "")


def test_a_row_is_no_better_than_its_proposals(query):
    """So their recall on the images of its evaluation stands with it."""
    asked = query()
    job = asked.plan.job("2b", "sigmoid", 0)
    (rpn,) = (i for i in job.inputs if asked.plan.jobs[i].kind == "rpn")
    recall = {"box_proposals": {"AR@1000": 33.71, "ARs@1000": 1.67}}
    asked.statuses[rpn] = Status(FINISHED, result={"metrics": {"mini_train": {}, "mini_val": recall}})
    sigmoid = runs_of_rows(asked.shown[0], asked, Path("report.html"))[-1]
    assert sigmoid.proposals == "33.7 (small 1.7)"


def test_published_results_have_no_logs(query):
    """Though there may be folders of the same jobs; rows without a result are left out."""
    asked = query(published=True)
    write_log(asked, "sigmoid", 0)
    (sigmoid,) = runs_of_rows(asked.shown[0], asked, Path("report.html"))
    assert (sigmoid.logs, sigmoid.memory) == ({}, "1.6 GB")


def test_of_a_gpu_both_memories_are_said(query, monkeypatch):
    """The process's, and what its tensors took there; what results do not say is not there."""
    result = fakes.finished((1.0, 2.0, 3.0), peak_memory={"process": 2000.0, "cuda": 7900.0}).result
    assert runs._medians([result]) == {"step": "", "run": "", "clock": "", "memory": "2.0 GB, of the GPU 7.9 GB"}


@pytest.mark.parametrize(
    "file, page, place",
    [
        ("a b/x.log", "report.html", Place("a b/x.log", "a%20b/x.log")),
        ("a b/x.log", "a b/report.html", Place("a b/x.log", "x.log")),
        ("a b/x.log", "../report.html", Place("a b/x.log")),
        ("a b/none.log", "report.html", Place("a b/none.log")),
        ("../above/secret/x.log", "report.html", Place("secret/x.log")),
    ],
)
def test_a_link_is_only_where_it_leads_somewhere(tmp_path, monkeypatch, file, page, place):
    """Names of folders above the current one are nobody's business."""
    here = tmp_path / "here"
    for path in (here / "a b/x.log", tmp_path / "above/secret/x.log"):
        path.parent.mkdir(parents=True)
        path.write_text("")
    monkeypatch.chdir(here)
    assert place_of(Path(file), Path(page)) == place


def test_a_config_elsewhere_is_named_by_its_path(query, tmp_path):
    """That of a user's own row."""
    (tmp_path / "mine.yaml").write_text("")
    job = dataclasses.replace(query().plan.job("2b", "sigmoid", 0), config=str(tmp_path / "mine.yaml"))
    assert runs._config(job, Path("report.html")) == Place("mine.yaml", "mine.yaml")
