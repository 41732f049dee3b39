"""The page of all published results."""

import json

from ablations.evidence import sources
from ablations.published_page import published_page, state_text, write_page
from ablations.query import Asked, make_query
from tests.ablations import fakes


def published(scale):
    """What a page is about."""
    return make_query(Asked(scale, published=True))


def test_the_pages_are_what_the_published_results_say():
    """`ablations/results/<scale>/README.md` is never edited by hand; `python -m ablations publish` writes it."""
    pages = list(sources.PUBLISHED.glob("*/README.md"))
    assert pages
    for page in pages:
        assert page.read_text(encoding="utf-8") == published_page(published(page.parent.name))


def test_each_table_has_its_own_seeds(tmp_path, monkeypatch):
    """A table is shown over the seeds it has, and remade by the command of the seeds that all of its rows have."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    plan = make_query(Asked("mini", str(tmp_path), tables=["2b", "2e"], seeds=[0, 1])).plan
    for (table_id, row_id, seed), identity in plan.rows.items():
        job = plan.jobs[identity]
        # Table 2e: seed 0 of one row only.
        if table_id == "2b" or (row_id, seed) == ("fcn", 0):
            result = fakes.finished((30.0 + seed, 50.0, 20.0)).result
            path = sources.published_file(job)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({**result, "config_hash": job.folder.config_hash, "seed": seed}))
    page = write_page(published("mini")).read_text(encoding="utf-8")
    assert "    python -m ablations run 2b --scale mini --seeds 0 1\n\n" in page
    sigmoid, fcn = (
        next(line for line in page.splitlines() if line.startswith(f"| {name} ")) for name in ("sigmoid", "FCN")
    )
    assert "30.5 ± 0.7" in sigmoid
    assert "30.0" in fcn
    assert "±" not in fcn
    assert "; seeds 0, 1; " in page
    assert "; seed 0; " in page


def test_the_state_of_each_table(tmp_path, monkeypatch):
    """Rows with a result of those that can be run, their seeds, the median of their times, the largest memory."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    plan = make_query(Asked("mini", str(tmp_path), tables=["2c"], seeds=[0, 1])).plan
    times = {("roipool_max", 0): 60.0, ("roipool_max", 1): 120.0, ("roialign_max", 1): 600.0}
    rows = {key: plan.jobs[identity] for key, identity in plan.rows.items()}
    for number, ((row_id, seed), seconds) in enumerate(times.items()):
        job = rows["2c", row_id, seed]
        memory = {"peak_memory": {"process": 1000.0 + 500 * number}}
        done = fakes.finished((30.0, 50.0, 20.0), **memory).result
        path = sources.published_file(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**done, "config_hash": job.folder.config_hash, "seed": seed, "seconds": seconds}))
    lines = state_text(published("mini")).splitlines()
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[3:7]] for line in lines}
    assert cells["2c"] == ["2 of 5", "0, 1", "2", "2.0 GB"]
    assert cells["2b"] == ["0 of 2", "", "", ""]


def test_the_group_of_the_text_goes_by_its_name(tmp_path, monkeypatch):
    """`text` instead of all their names, where each of them has its results."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    plan = make_query(Asked("mini", str(tmp_path), tables=["text"], seeds=[0])).plan
    for job in plan.jobs.values():
        metrics = {"segm": {"AP": 30.0, "AP-truck": 20.0}, "keypoints": {"AP": 40.0}}
        costs = {"count": {"parameters": 2}, "time": {"iteration": 0.5, "inference": 0.1}}
        done = fakes.finished((30.0, 50.0, 20.0), metrics=metrics, **costs)
        path = sources.published_file(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**done.result, "config_hash": job.folder.config_hash, "seed": 0}))
    commands = [line for line in published_page(published("mini")).splitlines() if line.startswith("    python")]
    assert len(commands) == 1
    assert commands[0].endswith(" text --scale mini --seeds 0")
