"""Where results are read, and those that are kept in the repository."""

import dataclasses
import json

import pytest

from ablations.evidence import sources
from ablations.evidence.sources import Source, find_source, publish, published_file, published_matches, seeds_of
from ablations.jobs.folder import FINISHED, WAITING, Status
from ablations.jobs.plan import Plan
from ablations.paper.tables import load_tables
from ablations.query import Asked, make_query
from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.matches import save_matches
from mask_rcnn_paper.stages import matches_file
from tests.ablations import fakes
from tests.coco.perturbed import dataset, detections, evaluated


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Folder of the published results of scale mini."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    folder = tmp_path / "results/mini"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def job(tmp_path, kept):
    """A finished detector `mini/detector/row-1234abcd`."""
    job = in_folder(fakes.job(tmp_path, "row"), tmp_path / "out/mini/detector/row-1234abcd")
    job.folder.path.mkdir(parents=True)
    result = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "h", "seconds": 1.5, "scale": "mini"}
    result["datasets"] = {"train": ["mini_train"], "test": ["mini_val"]}
    (job.folder.path / "result.json").write_text(json.dumps(result))
    (job.folder.path / "job.json").write_text(json.dumps({"state": "finished", "seconds": 9.5}))
    return job


def in_folder(job, path, **changes):
    """The job with another folder."""
    return dataclasses.replace(job, folder=dataclasses.replace(job.folder, path=path), **changes)


def published_status(job):
    """Of a single job."""
    return Source(sources.PUBLISHED / "mini", published=True).statuses({job.identity: job})[job.identity]


def test_runs_come_before_published_results(kept, tmp_path, capsys):
    """As soon as something has been run at the scale; nothing is said then."""
    (tmp_path / "out/mini").mkdir(parents=True)
    runs = Source(tmp_path / "out/mini", published=False)
    assert find_source(tmp_path / "out", "mini", fall_back=True) == runs
    assert find_source(tmp_path / "out", "mini") == runs
    assert find_source(tmp_path / "out", "mini", published=True) == Source(kept, published=True)
    assert capsys.readouterr().err == ""


def test_published_results_stand_in_where_nothing_has_been_run(kept, tmp_path, capsys):
    """Only at scales that have some, and it is said."""
    assert find_source(tmp_path / "out", "mini", fall_back=True).folder == kept
    assert f"nothing has been run in {tmp_path / 'out/mini'}: these are the published" in capsys.readouterr().err
    assert find_source(tmp_path / "out", "paper", fall_back=True).folder == tmp_path / "out/paper"
    assert capsys.readouterr().err == ""


def test_seeds_are_read_from_names(tmp_path):
    """Of folders and of published files; other names have none, and without any it is seed 0."""
    source = Source(tmp_path, published=False)
    assert source.seeds == [0]
    for name in ("a-seed12-0123abcd", "b-seed2-0123abcd.json", "c-seed2-ffffffff", "seed7", "d-seed9-xyz"):
        (tmp_path / "detector" / name).mkdir(parents=True)
    assert source.seeds == [2, 12]


def test_a_table_has_the_seeds_of_its_results(tmp_path):
    """A seed counts if one row has a result of it; without any, the first."""
    table = load_tables()["2b"]
    jobs = {name: dataclasses.replace(fakes.job(tmp_path, name), identity=name) for name in ("x0", "x1", "y0", "y1")}
    rows = {("2b", row, seed): f"{name}{seed}" for row, name in (("softmax", "x"), ("sigmoid", "y")) for seed in (0, 1)}
    plan = Plan(jobs, rows, "mini")

    def of(*finished):
        done = fakes.finished((1.0, 1.0, 1.0))
        return {name: done if name in finished else Status(WAITING) for name in jobs}

    assert seeds_of(table, plan, [0, 1], of("y1")) == [1]
    assert seeds_of(table, plan, [0, 1], of("x0", "y1")) == [0, 1]
    assert seeds_of(table, plan, [1, 0], of()) == [1]


def test_a_published_result_comes_back(job, kept):
    """Metrics as they were, the time of the whole process, the job's identity; by scale, kind and folder."""
    (path,) = publish([job])
    assert path == kept / "detector/row-1234abcd.json" == published_file(job)
    status = published_status(job)
    assert (status.state, status.seconds) == (FINISHED, 9.5)
    assert status.result["metrics"] == {"segm": {"AP": 30.0}}
    assert status.result["identity"] == job.identity


def test_what_matched_comes_from_where_the_result_comes(job, kept):
    """The run's folder, or the file that is published beside the result; None of a result that has none."""
    runs, published = Source(job.folder.path.parents[1], published=False), Source(kept, published=True)
    publish([job])
    sides = ((runs, job.folder.finished()), (published, published_status(job)))
    assert [source.matches(job, status) for source, status in sides] == [None, None]
    data = dataset(0)
    matches = evaluated(PycocotoolsEval, data, detections(data, 0), "segm").matches()
    save_matches(matches_file(job.folder.path, "mini_val"), {"segm": matches})
    publish([job])
    assert published_matches(job) == kept / "detector/row-1234abcd.npz"
    for source, status in sides:
        assert source.matches(job, status)["segm"].scores.tolist() == matches.scores.tolist()
    matches_file(job.folder.path, "mini_val").unlink()
    publish([job])
    assert published.matches(job, published_status(job)) is None


def test_results_of_the_users_data_have_a_folder_of_their_own(job, kept):
    """Below the scale's, with the data's name, so that the paper's pages do not meet them."""
    path = job.folder.path.parents[1] / "pets" / "detector" / job.folder.path.name
    path.parent.mkdir(parents=True)
    job.folder.path.rename(path)
    assert publish([in_folder(job, path, user_data="pets")]) == [kept / "pets/detector/row-1234abcd.json"]


def test_unfinished_jobs_are_not_published(job, kept):
    """A result of an evaluation in mid-training stays where it is."""
    (job.folder.path / "job.json").write_text(json.dumps({"state": "running", "seconds": None}))
    assert publish([job]) == []
    assert list(kept.iterdir()) == []


def test_an_installed_package_publishes_nothing(job, tmp_path, monkeypatch):
    """Its folder is no repository: nobody would find the results there."""
    monkeypatch.setattr(sources, "_PACKAGE", tmp_path / "site-packages/ablations")
    with pytest.raises(ValueError, match="site-packages/ablations is installed: run it in a checkout"):
        publish([job])


def test_a_changed_recipe_has_no_published_result(job):
    """Another config is another hash, in the folder's name and in the file."""
    publish([job])
    other_folder = in_folder(job, job.folder.path.with_name("row-ffffffff"))
    other_hash = dataclasses.replace(job, folder=dataclasses.replace(job.folder, config_hash="another"))
    for other in (other_folder, other_hash):
        status = published_status(other)
        assert (status.state, status.reason) == (WAITING, "no published result of this recipe")


def test_every_published_result_is_of_a_recipe_there_is():
    """Results of recipes that have changed since are removed, so that none is taken for what the YAMLs say now."""
    for folder in sources.PUBLISHED.iterdir():
        plan = make_query(Asked(folder.name, published=True)).plan
        assert set(folder.glob("*/*.json")) <= {published_file(job) for job in plan.jobs.values()}
        assert {path.with_suffix(".json") for path in folder.glob("*/*.npz")} <= set(folder.glob("*/*.json"))


def test_scales_with_results_are_those_that_ran_or_are_kept(tmp_path, monkeypatch):
    """Of the paper's data or the user's."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "kept")
    assert sources.scales_with_results(tmp_path / "out") == []
    (tmp_path / "out" / "smoke" / "detector").mkdir(parents=True)
    (tmp_path / "kept" / "mini" / "pets").mkdir(parents=True)
    assert sources.scales_with_results(tmp_path / "out") == ["mini", "smoke"]
    assert sources.scales_with_results(tmp_path / "out", "pets") == ["mini"]
