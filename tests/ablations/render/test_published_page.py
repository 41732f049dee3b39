"""The page of all published results."""

import json

import ablations.evidence.publish as publishing
from ablations.jobs.plan import make_plan
from ablations.paper.selection import select_rows, select_tables
from ablations.paper.tables import load_tables
from ablations.render.published_page import published_page, write_page
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash
from tests.ablations import fakes


def test_the_pages_are_what_the_published_results_say():
    """`ablations/results/<scale>/README.md` is never edited by hand; `python -m ablations publish` writes it."""
    pages = list(publishing.PUBLISHED.glob("*/README.md"))
    assert pages
    for page in pages:
        assert page.read_text(encoding="utf-8") == published_page(page.parent.name)


def test_each_table_has_its_own_seeds(tmp_path, monkeypatch):
    """A table is shown over the seeds it has, and remade by the command of the seeds that all of its rows have."""
    monkeypatch.setattr(publishing, "PUBLISHED", tmp_path / "results")
    rows, _ = select_rows(select_tables(load_tables(), ["2b", "2e"]), [])
    plan = make_plan(rows, [0, 1], "mini", tmp_path, load_cfg, config_hash)
    for (table_id, row_id, seed), identity in plan.rows.items():
        job = plan.jobs[identity]
        # Table 2e: seed 0 of one row only.
        if table_id == "2b" or (row_id, seed) == ("fcn", 0):
            result = fakes.finished((30.0 + seed, 50.0, 20.0)).result
            path = publishing.published_file(job)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({**result, "config_hash": job.config_hash, "seed": seed}))
    page = write_page("mini").read_text(encoding="utf-8")
    assert "    python -m ablations run 2b --scale mini --seeds 0 1\n\n" in page
    sigmoid, fcn = (
        next(line for line in page.splitlines() if line.startswith(f"| {name} ")) for name in ("sigmoid", "FCN")
    )
    assert "30.5 ± 0.7" in sigmoid and "30.0" in fcn and "±" not in fcn
    assert "; seeds 0, 1; " in page and "; seed 0; " in page


def test_the_group_of_the_text_goes_by_its_name(tmp_path, monkeypatch):
    """`text` instead of four names, where each of them has its results."""
    monkeypatch.setattr(publishing, "PUBLISHED", tmp_path / "results")
    rows, _ = select_rows(select_tables(load_tables(), ["text"]), [])
    plan = make_plan(rows, [0], "mini", tmp_path, load_cfg, config_hash)
    for job in plan.jobs.values():
        done = fakes.finished((30.0, 50.0, 20.0), metrics={"segm": {"AP": 30.0}, "keypoints": {"AP": 40.0}})
        path = publishing.published_file(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**done.result, "config_hash": job.config_hash, "seed": 0}))
    commands = [line for line in published_page("mini").splitlines() if line.startswith("    python")]
    assert len(commands) == 1 and commands[0].endswith(" text --scale mini --seeds 0")
