"""What `claims` and `report` have in common."""

import argparse

import pytest

from ablations.paper.tables import load_tables
from ablations.query import choose_evidence, plan_rows


def arguments(tmp_path, seeds=None):
    """As parsed; seeds 3 and 1 of a detector have been run."""
    for seed in (3, 1):
        (tmp_path / f"mini/detector/r50_c4-seed{seed}-0123abcd").mkdir(parents=True, exist_ok=True)
    return argparse.Namespace(output=str(tmp_path), scale="mini", published=False, data=None, seeds=seeds)


def test_seeds_are_those_asked_for_or_else_those_there_are(tmp_path):
    """Each once; none is negative."""
    source, seeds = choose_evidence(arguments(tmp_path))
    assert (source.folder, seeds) == (tmp_path / "mini", [1, 3])
    assert choose_evidence(arguments(tmp_path, [2, 0, 2]))[1] == [2, 0]
    with pytest.raises(ValueError, match="--seeds -1: must be at least 0"):
        choose_evidence(arguments(tmp_path, [0, -1]))


def test_rows_that_cannot_run_are_not_planned(tmp_path):
    """The other rows are, with every seed."""
    tables = load_tables()
    keys = [("2b", "sigmoid"), ("8", "test_time_augm")]
    fitted, plan = plan_rows(arguments(tmp_path), (), tables, keys, [0, 1])
    assert fitted == tables and list(plan.rows) == [("2b", "sigmoid", 0), ("2b", "sigmoid", 1)]
