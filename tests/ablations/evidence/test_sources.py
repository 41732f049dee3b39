"""Where results are read."""

import dataclasses

import pytest

import ablations.evidence.publish as publishing
from ablations.evidence.sources import Source, choose_source, seeds_of
from ablations.jobs.plan import Plan
from ablations.jobs.store import WAITING, Status
from ablations.paper.tables import load_tables
from tests.ablations import fakes


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Folder of the published results of scale mini."""
    monkeypatch.setattr(publishing, "PUBLISHED", tmp_path / "results")
    folder = tmp_path / "results/mini"
    folder.mkdir(parents=True)
    return folder


def test_runs_come_before_published_results(kept, tmp_path, capsys):
    """As soon as something has been run at the scale; nothing is said then."""
    (tmp_path / "out/mini").mkdir(parents=True)
    assert choose_source(tmp_path / "out", "mini", published=False, fall_back=True).folder == tmp_path / "out/mini"
    assert choose_source(tmp_path / "out", "mini", published=True).folder == kept
    assert capsys.readouterr().err == ""


def test_published_results_stand_in_where_nothing_has_been_run(kept, tmp_path, capsys):
    """Only for commands that want it and scales that have some, and it is said."""
    assert choose_source(tmp_path / "out", "mini", published=False, fall_back=True).folder == kept
    assert f"nothing has been run in {tmp_path / 'out/mini'}: these are the published" in capsys.readouterr().err
    assert choose_source(tmp_path / "out", "mini", published=False).folder == tmp_path / "out/mini"
    assert choose_source(tmp_path / "out", "paper", published=False, fall_back=True).folder == tmp_path / "out/paper"
    assert capsys.readouterr().err == ""


def test_seeds_are_read_from_names(tmp_path):
    """Of folders and of published files; other names have none, and without any it is seed 0."""
    source = Source(tmp_path, lambda job, jobs: Status(WAITING))
    assert source.seeds == [0]
    for name in ("a-seed12-0123abcd", "b-seed2-0123abcd.json", "c-seed2-ffffffff", "seed7", "d-seed9-xyz"):
        (tmp_path / "detector" / name).mkdir(parents=True)
    assert source.seeds == [2, 12]


def test_a_table_has_the_seeds_of_its_results(tmp_path):
    """A seed counts if one row has a result of it; without any, the first."""
    table = load_tables()["2b"]
    jobs = {name: dataclasses.replace(fakes.job(tmp_path, name), identity=name) for name in ("x0", "x1", "y0", "y1")}
    keys = {
        ("2b", "softmax", 0): "x0",
        ("2b", "softmax", 1): "x1",
        ("2b", "sigmoid", 0): "y0",
        ("2b", "sigmoid", 1): "y1",
    }
    plan = Plan(jobs, keys, "mini")

    def of(*finished):
        status = {name: fakes.finished((1.0, 1.0, 1.0)) for name in finished}
        return lambda job, jobs: status.get(job.identity, Status(WAITING))

    assert seeds_of(table, plan, [0, 1], of("y1")) == [1]
    assert seeds_of(table, plan, [0, 1], of("x0", "y1")) == [0, 1]
    assert seeds_of(table, plan, [1, 0], of()) == [1]
