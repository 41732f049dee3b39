"""Which tables and rows the words of a command mean."""

import dataclasses

import pytest

from ablations.paper.selection import list_pending, select_rows, select_tables
from ablations.paper.tables import load_tables


@pytest.fixture(scope="module")
def tables():
    return load_tables()


def test_selection_keeps_order_and_drops_repetitions(tables):
    """Tables come once each, as asked; all of them when none is named; rows as printed."""
    assert [table.id for table in select_tables(tables, ["2c", "2b", "2c"])] == ["2c", "2b"]
    assert [table.id for table in select_tables(tables, [])] == list(tables)
    both = select_tables(tables, ["2b", "2c"])
    rows, pending = select_rows(both, ["roialign_ave", "softmax"])
    assert (list(rows), pending) == ([("2b", "softmax"), ("2c", "roialign_ave")], {})


def test_text_is_every_text_table_that_can_be_run(tables):
    """Times and counts are not among them; a table asked for twice comes once."""
    runnable = ["text-4.2-agnostic", "text-4.2-fpn-roialign", "text-4.3-deltas", "text-5-resolution"]
    assert [table.id for table in select_tables(tables, ["text"])] == runnable
    assert [table.id for table in select_tables(tables, [runnable[1], "text"])] == [runnable[i] for i in (1, 0, 2, 3)]


def test_rows_of_others_are_no_rows_to_run(tables):
    """Table 1 has three rows of this paper, Table 9 four built and two pending, TensorMask's none."""
    assert len(select_rows([tables["1"]], [])[0]) == 3
    assert [len(rows) for rows in select_rows([tables["9"]], [])] == [4, 2]
    assert select_rows([tables["TM-4"]], []) == ({}, {})


def test_pending_rows_are_one_line(tables):
    """Tables, rows, and what has to be built, each said once."""
    _, pending = select_rows(select_tables(tables, ["7", "9"]), [])
    assert list_pending(pending) == (
        "not built yet: table 7 mask_rcnn_fine, mask_rcnn_fine_coco (training on Cityscapes); "
        "table 9 data_distillation (data distillation); table 9 test_time_augm (test-time augmentation)"
    )
    assert list_pending({}) == ""


def test_rows_that_do_not_fit_the_data_are_said_apart(tables):
    """With the reason, after what is not built."""
    unfit = dataclasses.replace(tables["6"].rows[0], config="", unfit="needs keypoints")
    _, pending = select_rows([tables["7"], dataclasses.replace(tables["6"], rows=(unfit,))], [])
    built, _, fits = list_pending(pending).partition("; not for this data: ")
    assert built.startswith("not built yet: table 7") and fits == "table 6 roipool (needs keypoints)"


def test_unknown_names_list_the_legal_ones(tables):
    """An unknown table or row is one line with what could have been said."""
    with pytest.raises(ValueError, match=r"unknown table '2z': choose from 1, 2a, .*TM-fig10, text$"):
        select_tables(tables, ["2b", "2z"])
    with pytest.raises(ValueError, match=r"unknown row 'relu' of table 2b: choose from softmax, sigmoid"):
        select_rows(select_tables(tables, ["2b"]), ["relu"])
    with pytest.raises(ValueError, match=r"unknown row 'tensormask' of table TM-4: choose from none"):
        select_rows(select_tables(tables, ["TM-4"]), ["tensormask"])
