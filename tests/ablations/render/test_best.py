"""What is bold."""

import dataclasses

import pytest

from ablations.evidence.collect import Value
from ablations.paper.tables import Metric
from ablations.render.best import best_values, rounded
from tests.ablations.render import samples


def results_of_one_metric(metric, paper, ours, units=None):
    """Two rows and their delta in a table of one metric."""
    results = samples.table_2b()
    rows = [
        dataclasses.replace(row, paper=(p,), ours=samples.values(o), descriptors={"unit": unit})
        for row, p, o, unit in zip(results.rows, paper, ours, units or (None,) * 3, strict=True)
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


@pytest.mark.parametrize("metric", ["count/person", "bbox/AP - segm/AP"])
def test_counts_and_gaps_have_no_best(metric):
    """More instances or a larger gap is not better."""
    assert best_values(results_of_one_metric(metric, (1.0, 2.0, None), (3.0, 4.0, None))) == [(None, None)]


@pytest.mark.parametrize("units, best", [(("ms", "ms", None), (15.0, 3.0)), (("ms", "hours", None), (None, None))])
def test_less_time_is_better_in_one_unit(units, best):
    """Milliseconds and hours are not compared."""
    assert best_values(results_of_one_metric("time/value", (195.0, 15.0, None), (3.0, 4.0, None), units)) == [best]


def test_rounding_leaves_no_negative_zero():
    """-0.04 is 0.0."""
    assert str(rounded(Value(-0.04, None, 1))) == "0.0"
