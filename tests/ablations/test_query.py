"""What a command is about, from its words."""

import argparse

import pytest

from ablations.evidence import sources
from ablations.paper.tables import load_tables
from ablations.query import Asked, make_query
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


def test_rows_that_cannot_run_are_pending_and_not_planned(asked):
    """The other rows are planned, with every seed."""
    query = make_query(asked(tables=["2b", "8"], rows=["sigmoid", "test_time_augm"], seeds=[0, 1]))
    assert list(query.plan.rows) == [("2b", "sigmoid", 0), ("2b", "sigmoid", 1)]
    assert list(query.rows) == [("2b", "sigmoid")]
    assert list(query.pending) == [("8", "test_time_augm")]
    assert query.tables == load_tables()


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


def test_an_unknown_scale_lists_the_legal_ones(asked):
    """Before anything is read."""
    with pytest.raises(ValueError, match="scale 'tiny': choose from paper, mini, smoke"):
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
