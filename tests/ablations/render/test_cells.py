"""Texts of the cells, which are bold, and names of rows and metrics."""

import dataclasses

import pytest

from ablations.evidence.collect import Value
from ablations.paper.tables import BY_HAND, Metric
from ablations.render.cells import Cell, best_values, lay_out, rounded
from tests.ablations.render import samples


def texts(results, row=0):
    return [cell.text for cell in lay_out(results).rows[row].numbers]


def first_row(**changes):
    """Table 2b with its first row changed, and no other."""
    results = samples.table_2b()
    return dataclasses.replace(results, rows=(dataclasses.replace(results.rows[0], **changes),))


def test_differences_agree_with_the_printed_numbers():
    """A reader who subtracts what is printed gets what is printed, and never -0.0."""
    assert texts(first_row(ours=samples.values(24.84, 44.06, 25.149)))[2::3] == ["+0.0", "+0.0", "+0.0"]


def test_numbers_the_paper_does_not_print_are_dashes():
    """A "-" of the paper leaves ours and no difference."""
    assert texts(first_row(paper=(None, 44.1, 25.1)))[:3] == ["-", "24.0", "-"]


def test_the_papers_numbers_keep_their_digits():
    """0.72 s is not 0.7 s, and 195 ms is not 195.0 ms; a table of times has no evaluation split."""
    table = lay_out(samples.results_of("text-4.4-training"))
    assert [row.numbers[0].text for row in table.rows] == ["32", "44", "4", "1"]
    assert table.rows[0].numbers[3].text == "0.72"
    assert table.title == "Table text-4.4-training. Training times stated in the text (Section 4.4, Appendix A)"


def test_descriptors_are_words_numbers_and_check_marks():
    """Table 2c's align? and bilinear? are check marks or nothing."""
    table = lay_out(samples.results_of("2c"))
    assert table.descriptors == ("align?", "bilinear?", "agg.")
    assert [row.descriptors for row in table.rows][::4] == [("", "", "max"), ("✓", "✓", "ave")]


def test_seeds_are_counted_where_they_are_not_what_the_header_says():
    """The header has the number of seeds; a mean over fewer has its own."""
    ours = (Value(30.0, 0.52, 3), Value(51.0, 0.5, 2), Value(12.0, None, 1))
    results = dataclasses.replace(first_row(ours=ours), seeds=(0, 1, 2))
    assert lay_out(results).columns == ("paper", "ours (3 seeds)", "diff.")
    assert texts(results)[1::3] == ["30.0 ± 0.5", "51.0 ± 0.5 (2 seeds)", "12.0 (1 seed)"]


def test_equal_reasons_share_a_footnote():
    """Letters in the order of their first cells; after z comes aa."""
    results = samples.results_of("2b", notes={"softmax": ("x", "y", "x"), "sigmoid": ("y", "", "z")})
    table = lay_out(results)
    assert [[cell.letter for cell in row.numbers[1::3]] for row in table.rows[:2]] == [["a", "b", "a"], ["b", "", "c"]]
    assert table.footnotes == {"a": "x", "b": "y", "c": "z"}
    rows = [dataclasses.replace(results.rows[0], notes=(f"{n}", f"{n}.", f"{n};")) for n in range(9)]
    assert list(lay_out(dataclasses.replace(results, rows=tuple(rows))).footnotes)[25:] == ["z", "aa"]


def test_cited_rows_are_marked():
    """And no others."""
    labels = [row.marked_label for row in lay_out(samples.results_of("1")).rows]
    assert labels[0] == "MNC [10] (cited)"
    assert labels[3] == "Mask R-CNN"


def test_best_values_are_marked_in_both_columns():
    """The paper's and ours, each among its own; the difference and the delta row never."""
    rows = lay_out(samples.table_2b()).rows
    assert [[cell.best for cell in row.numbers] for row in rows] == [[False] * 9, [True, True, False] * 3, [False] * 9]
    assert rows[1].numbers[1] == Cell("36.0", best=True)


def test_facts_name_what_was_run_and_how_far_it_reaches():
    """One version where all data share it, else each; nothing of what there is not."""
    facts = lay_out(samples.table_2b()).facts
    assert "data mini_train -> mini_val; data version v2; seed 0; provider" in facts[0]
    assert "never absolute" in facts[1]
    assert "data versions mini_train sha256:00ff, mini_val v2;" in lay_out(samples.awkward()).facts[0]
    empty = samples.results_of("2b", scale="paper", data="", provider="", coco_backend="", precision="")
    assert lay_out(empty).facts == ("scale paper; seed 0",)


def results_of_one_metric(metric, paper, ours):
    """Two rows and their delta in a table of one metric."""
    results = samples.table_2b()
    rows = [
        dataclasses.replace(row, paper=(p,), ours=samples.values(o), notes=("",))
        for row, p, o in zip(results.rows, paper, ours, strict=True)
    ]
    table = dataclasses.replace(results.table, metrics=(Metric(metric, "X"),))
    return dataclasses.replace(results, table=table, rows=tuple(rows))


def test_the_highest_of_each_column_is_best_and_deltas_do_not_compete():
    """The delta's 99 is no AP."""
    results = results_of_one_metric("segm/AP", (24.8, 30.3, 99.0), (36.0, 24.0, 99.0))
    assert best_values(results) == [(30.3, 36.0)]


def test_values_that_print_alike_tie():
    """36.04 and 35.96 are both 36.0 to a reader."""
    results = results_of_one_metric("segm/AP", (1.0, 2.0, None), (36.04, 35.96, None))
    assert best_values(results) == [(2.0, 36.0)]


def test_a_single_value_is_not_the_best_of_anything():
    """Nor is nothing."""
    results = results_of_one_metric("segm/AP", (24.8, None, 1.0), (None, None, None))
    assert best_values(results) == [(None, None)]


@pytest.mark.parametrize("metric", ["count/person", "bbox/AP - segm/AP", "time/training"])
def test_counts_gaps_and_times_have_no_best(metric):
    """More instances or a larger gap is not better, nor is less time for less work."""
    assert best_values(results_of_one_metric(metric, (1.0, 2.0, None), (3.0, 4.0, None))) == [(None, None)]


def test_counts_have_no_decimals_and_times_have_two():
    """2,640,464 parameters, and 0.72 s."""
    counts = results_of_one_metric("count/parameters", (None, 2.0, 2.0), (2640464.0, 1.0, None))
    assert texts(counts) == ["-", "2640464", "-"]
    times = results_of_one_metric("time/iteration", (0.72, 2.0, 2.0), (0.754, 1.0, None))
    assert texts(times) == ["0.72", "0.75", "+0.03"]


def test_rounding_leaves_no_negative_zero():
    """-0.04 is 0.0."""
    assert str(rounded(Value(-0.04, None, 1))) == "0.0"


def test_zeros_are_not_the_best_of_anything():
    """Where nothing was found, no row is bold."""
    results = results_of_one_metric("segm/AP", (24.8, 30.3, None), (0.0, 0.04, None))
    assert best_values(results) == [(30.3, None)]


def test_own_data_have_neither_cited_rows_nor_columns_of_the_papers_server():
    """Nor the paper's split and notes; rows and columns of ours stay, also without a number."""
    table = lay_out(samples.results_of("7", own_data="pets"))
    assert table.columns == table.kinds == ("ours",)
    assert not {row.mark for row in table.rows} - {""}
    assert [len(row.numbers) for row in table.rows] == [len(table.metrics)] * len(table.rows)
    everything = lay_out(samples.results_of("7"))
    assert len(table.metrics) < len(everything.metrics)
    assert "cityscapes" not in table.title
    assert [fact for fact in lay_out(samples.results_of("1", own_data="pets")).facts if "test-dev" in fact] == []


def test_what_was_trained_by_hand_is_marked():
    """The row by its label, what stands for rows of the table above it; a line of its own is never the best."""
    results = samples.table_2b()
    rows = (dataclasses.replace(results.rows[0], origin=BY_HAND), *results.rows[1:])
    table = lay_out(dataclasses.replace(results, rows=rows, by_hand=("sigmoid, seed 0, in mine",)))
    assert [row.marked_label for row in table.rows] == ["softmax (by hand)", "sigmoid", "sigmoid - softmax"]
    assert "trained by hand: sigmoid, seed 0, in mine" in table.facts
    rows = (
        *results.rows[:2],
        dataclasses.replace(results.rows[1], origin=BY_HAND, ours=samples.values(99.0, 99.0, 9.0)),
    )
    assert best_values(dataclasses.replace(results, rows=rows))[0] == (30.3, 36.0)


def test_descriptors_are_one_text_where_they_have_no_room():
    """What a row has goes by its name, what it has not by nothing."""
    table = lay_out(samples.results_of("2c"))
    assert [row.described for row in table.rows][::4] == ["max", "align, bilinear, ave"]
