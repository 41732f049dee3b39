"""What a command is about, from its words."""

import argparse
import dataclasses

import pytest

from ablations.evidence import sources
from ablations.evidence.sources import published_file
from ablations.paper.tables import load_tables
from ablations.query import Asked, make_query
from mask_rcnn_paper.files import write_json_atomically
from tests.ablations import fakes
from tests.own_files import NAME, own_words, write_own


@pytest.fixture
def asked(tmp_path):
    """The words of a command in a folder in which seeds 3 and 1 of a detector have been run."""
    for seed in (3, 1):
        (tmp_path / f"mini/detector/r50_c4-seed{seed}-0123abcd").mkdir(parents=True, exist_ok=True)
    return lambda **words: Asked("mini", str(tmp_path), **words)


def test_an_option_that_a_command_lacks_asks_for_the_default():
    """So does one that was not given."""
    args = argparse.Namespace(scale="mini", output="out", imports=None, function="commands:list_tables")
    assert Asked.from_arguments(args, ["SEED", "1"]) == Asked("mini", "out", opts=("SEED", "1"))


def test_seeds_are_those_asked_for_or_else_those_there_are(asked):
    """Each once; a command may have another default; none is negative."""
    assert make_query(asked()).seeds == (1, 3)
    assert make_query(asked(), seeds=[0]).seeds == (0,)
    assert make_query(asked(seeds=[2, 0, 2]), seeds=[0]).seeds == (2, 0)
    with pytest.raises(ValueError, match="--seeds -1: must be at least 0"):
        make_query(asked(seeds=[0, -1]))


def test_rows_that_cannot_run_are_pending_and_not_planned(asked, monkeypatch):
    """The other rows are planned, with every seed."""
    tables = load_tables()
    later = dataclasses.replace(tables["7"].row("mask_rcnn_fine"), config="", pending="a part")
    changed = {**tables, "7": dataclasses.replace(tables["7"], rows=(later,))}
    monkeypatch.setattr("ablations.query.load_tables", lambda more: changed)
    query = make_query(asked(tables=["2b", "7"], rows=["sigmoid", "mask_rcnn_fine"], seeds=[0, 1]))
    assert list(query.plan.rows) == [("2b", "sigmoid", 0), ("2b", "sigmoid", 1)]
    assert list(query.rows) == [("2b", "sigmoid")]
    assert list(query.pending) == [("7", "mask_rcnn_fine")]
    assert query.tables == changed


def test_claims_bring_their_rows(asked):
    """By claim or table; beside tables, the claims about them."""
    query = make_query(asked(claims=["2c"]), of_tables=False, of_claims=True)
    assert "2c-roialign" in [claim.id for claim in query.claims]
    assert all("2c" in {table for table, _ in claim.rows} for claim in query.claims)
    assert set(query.rows) == {key for claim in query.claims for key in claim.rows}
    both = make_query(asked(tables=["2b"]), of_claims=True)
    assert [claim.id for claim in both.claims] == ["2b-sigmoid"]
    assert [table.id for table in both.shown] == ["2b"]


def test_the_users_data_are_parsed_once_and_fit_every_table(asked, tmp_path):
    """Rows that need what the data lack are pending; results have a folder of their own."""
    query = make_query(asked(tables=["2b", "6"], data=own_words(write_own(tmp_path / "data"))), seeds=[0])
    assert query.data.name == NAME
    assert query.source.folder == tmp_path / "mini" / NAME
    assert [key[0] for key in query.pending] == ["6", "6"]
    assert query.shown[1] is query.tables["6"]
    assert query.tables["6"].rows[0].unfit.startswith("needs keypoints")


def test_statuses_are_read_once(asked, monkeypatch):
    """A run that ends meanwhile does not split what a command prints."""
    query = make_query(asked(tables=["2b"]))
    calls = []
    monkeypatch.setattr(sources, "read_statuses", lambda jobs: calls.append(1) or {})
    assert query.statuses is query.statuses
    assert len(calls) == 1


def test_uncertainty_is_of_all_rows_and_seeds_that_there_are(asked, monkeypatch, tmp_path):
    """Of runs and of what the repository keeps, whatever is asked for; a run counts before what is kept of its job."""
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "kept")
    run, kept = fakes.finished((1.0, 2.0, 3.0)), fakes.finished((4.0, 5.0, 6.0))
    jobs = {seed: make_query(asked(tables=["2b"], seeds=[seed])).plan.job("2b", "sigmoid", seed) for seed in (0, 7)}
    for job in jobs.values():
        write_json_atomically(published_file(job), {**kept.result, "config_hash": job.folder.config_hash})
    monkeypatch.setattr(sources, "read_statuses", lambda asked: {i: run for i in asked if i == jobs[0].identity})
    estimator = make_query(asked(tables=["6"], seeds=[0])).estimator
    assert estimator.seeds == [0, 1, 3, 7]
    assert {("2b", "sigmoid", 7), ("6", "roialign", 0), ("1", "mask_rcnn_r101_fpn", 3)} <= set(estimator.plan.rows)
    values = {identity: status.result["metrics"]["segm"]["AP"] for identity, status in estimator.statuses.items()}
    assert values == {jobs[0].identity: 1.0, jobs[7].identity: 4.0}


def test_published_results_are_judged_by_themselves(asked):
    """What they say does not depend on what was run here."""
    estimator = make_query(asked(tables=["2b"], published=True)).estimator
    assert 3 not in estimator.seeds


def test_what_suits_one_row_need_not_suit_all(asked):
    """KEY VALUE with which other rows cannot be planned leave those that were asked for."""
    query = make_query(asked(tables=["2b"], opts=("STAGES.RPN", "rpn/r50_c4.yaml", "MODEL.LOAD_PROPOSALS", "True")))
    assert query.estimator.plan is query.plan


def test_an_unknown_scale_lists_the_legal_ones(asked):
    """Before anything is read."""
    with pytest.raises(ValueError, match="scale 'tiny': choose from paper, short, mini, smoke"):
        make_query(Asked("tiny"))


OWN_TABLE = """
tables:
  - id: losses
    title: Losses
    section: mine
    metrics: [{result: segm/AP, printed: AP}]
    rows:
      - {id: sigmoid, label: sigmoid, paper: [null], run: r50_c4, config: table2b/sigmoid.yaml}
      - {id: softmax, label: softmax, paper: [null], run: r50_c4_softmax, config: table2b/softmax.yaml}
"""
OWN_CLAIM = """
sentences:
  - section: mine
    words: "independent masks are better"
    relation: greater
    claims: [{id: losses-sigmoid, row: losses/sigmoid, over: losses/softmax, metric: segm/AP, paper: null}]
"""


def test_tables_and_claims_of_ones_own_are_like_the_papers(asked, tmp_path):
    """They stand beside them, share their jobs, and are judged alike."""
    (tmp_path / "tables.yaml").write_text(OWN_TABLE)
    (tmp_path / "claims.yaml").write_text(OWN_CLAIM)
    files = {"more_tables": [str(tmp_path / "tables.yaml")], "more_claims": [str(tmp_path / "claims.yaml")]}
    query = make_query(asked(tables=["losses", "2b"], **files), of_claims=True, seeds=[0])
    assert [claim.id for claim in query.claims] == ["2b-sigmoid", "losses-sigmoid"]
    assert query.plan.job("losses", "sigmoid", 0) is query.plan.job("2b", "sigmoid", 0)
    findings, _ = query.findings()
    assert [finding.judgement.verdict for finding in findings] == ["not run", "not run"]


def test_an_output_that_cannot_be_a_folder_is_refused(tmp_path):
    """A loop of links, and names that no file system takes."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for output in (str(tmp_path / "loop"), "x" * 300, "a\0b"):
        with pytest.raises(ValueError, match="--output '.*' is no place for a folder"):
            make_query(Asked(tables=["2b"], scale="mini", output=output))


def test_seeds_that_no_generator_takes_are_refused():
    """numpy's are below 2^32, and each process adds its number."""
    with pytest.raises(ValueError, match="--seeds 4294967296: must be at most 2147483647"):
        make_query(Asked(tables=["2b"], scale="mini", seeds=[1, 2**32]))
