"""From a row's name to its job."""

import dataclasses

import pytest

from ablations.paper.tables import load_tables
from ablations.predict.trained_row import find_row, find_trained
from ablations.query import Asked

TABLES = load_tables()


def test_a_row_has_the_name_of_its_table_before_it():
    """2b/sigmoid is row sigmoid of Table 2b."""
    table, row = find_row(TABLES, "2b/sigmoid")
    assert (table, row.id, row.config) == ("2b", "sigmoid", "table2b/sigmoid.yaml")


def test_a_run_stands_for_any_of_its_rows():
    """r50_c4 is a row of four tables, which are one job."""
    table, row = find_row(TABLES, "r50_c4")
    assert row.run == "r50_c4"
    assert row in TABLES[table].rows


@pytest.mark.parametrize("name", ["2b/sigmod", "2b/", "2b"])
def test_an_unknown_row_of_a_table_is_answered_with_its_rows(name):
    """Only those that can be trained."""
    with pytest.raises(ValueError, match=f"^unknown row '{name}': choose from 2b/softmax, 2b/sigmoid$"):
        find_row(TABLES, name)


@pytest.mark.parametrize("name", ["sigmoid", "99/x", ""])
def test_an_unknown_name_is_answered_with_the_forms_and_runs(name):
    """A bare row is no name."""
    with pytest.raises(
        ValueError, match=rf"unknown row '{name}': choose from TABLE/ROW .* a checkpoint, or a run: .*r50_c4_softmax"
    ):
        find_row(TABLES, name)


def test_a_row_that_is_not_built_says_why():
    """Rows that wait for a part have no model."""
    later = dataclasses.replace(TABLES["7"].row("mask_rcnn_fine"), config="", pending="a part")
    tables = {"7": dataclasses.replace(TABLES["7"], rows=(later,))}
    with pytest.raises(ValueError, match="row 7/mask_rcnn_fine cannot be trained: not built yet: a part"):
        find_row(tables, "7/mask_rcnn_fine")


def test_a_row_of_another_paper_is_unknown():
    """MNC in Table 1 is cited."""
    with pytest.raises(ValueError, match="unknown row '1/mnc': choose from 1/mask_rcnn_r101_c4"):
        find_row(TABLES, "1/mnc")


def test_a_row_that_is_not_trained_names_the_command_that_trains_it(tmp_path):
    """With scale, seed, output and overrides, so that it can be pasted."""
    with pytest.raises(FileNotFoundError) as error:
        find_trained(Asked("mini", str(tmp_path), seeds=[3], opts=["SOLVER.MAX_ITER", "40"]), "2b/softmax")
    command = f"run 2b --rows softmax --scale mini --seeds 3 --output {tmp_path} SOLVER.MAX_ITER 40`"
    assert str(error.value).endswith(f"train it with `python -m ablations {command}")
    assert "has no trained rpn at scale mini, seed 3 (waiting, not run; looked for " in str(error.value)
