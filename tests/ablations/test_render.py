"""Printed tables, to the byte."""

import csv
import dataclasses
import io
import json

import pytest

from ablations.render import FORMATS, plain, render
from ablations.results import ResultRow, TableResults, Value
from ablations.tables import load_tables


def values(*means, spread=None, count=1):
    return tuple(None if mean is None else Value(mean, spread, count) for mean in means)


def result_of(table_id, ours, notes=None, **changes):
    """Results of a table of the paper; `ours` by row id (a delta's is "minuend-subtrahend")."""
    table, notes = load_tables()[table_id], notes or {}
    shown = [(row.id, row.label, row.descriptors, row.paper, False) for row in table.rows]
    for delta in table.deltas:
        shown.append((f"{delta.minuend}-{delta.subtrahend}", delta.label, {}, delta.paper, True))
    nothing, no_notes = (None,) * len(table.metrics), ("",) * len(table.metrics)
    rows = tuple(
        ResultRow(i, label, "this_paper", *numbers, ours.get(i, nothing), notes.get(i, no_notes), is_delta)
        for i, label, *numbers, is_delta in shown
    )
    given = {"scale": "mini", "seeds": (0,), "data": "mini_train -> mini_val", "rows": rows}
    given |= {"provider": "embedded 0.6+embedded", "coco_backend": "pycocotools 2.0.11", **changes}
    return TableResults(table=table, **given)


@pytest.fixture
def table_2b():
    ours = {"softmax": values(24.04, 51.6, 16.36), "sigmoid": values(36.0, 71.0, 28.3)}
    return result_of("2b", {**ours, "sigmoid-softmax": values(11.96, 19.4, 11.94)})


GOLDEN_2B = """\
Table 2b. Multinomial vs. Independent Masks (ResNet-50-C4) (Section 4.2; the paper's numbers: coco_minival)\x20\x20
scale mini; data mini_train -> mini_val; seed 0; provider embedded 0.6+embedded; COCO evaluation pycocotools 2.0.11\x20\x20
mini runs claim signs and orders of differences only, never absolute APs

|                   |   AP paper |   AP ours |   diff. |   AP50 paper |   AP50 ours |   diff. |   AP75 paper |   AP75 ours |   diff. |
|:------------------|-----------:|----------:|--------:|-------------:|------------:|--------:|-------------:|------------:|--------:|
| softmax           |       24.8 |      24.0 |    -0.8 |         44.1 |        51.6 |    +7.5 |         25.1 |        16.4 |    -8.7 |
| sigmoid           |       30.3 |      36.0 |    +5.7 |         51.2 |        71.0 |   +19.8 |         31.5 |        28.3 |    -3.2 |
| sigmoid - softmax |       +5.5 |     +12.0 |    +6.5 |         +7.1 |       +19.4 |   +12.3 |         +6.4 |       +11.9 |    +5.5 |
"""  # noqa: E501

GOLDEN_2C = """\
Table 2c. RoIAlign (ResNet-50-C4): mask results with various RoI layers (Section 4.2; the paper's numbers: coco_minival)\x20\x20
scale paper; data mini_train -> mini_val; seeds 0, 1; provider embedded 0.6+embedded; COCO evaluation pycocotools 2.0.11\x20\x20
ours: mean ± standard deviation over seeds

|              | align?   | bilinear?   | agg.   |   AP paper |        AP ours |   diff. |   AP50 paper |   AP50 ours |   diff. |   AP75 paper |   AP75 ours |   diff. |
|:-------------|:---------|:------------|:-------|-----------:|---------------:|--------:|-------------:|------------:|--------:|-------------:|------------:|--------:|
| RoIPool [12] |          |             | max    |       26.9 |     27.0 ± 0.3 |    +0.1 |         48.8 |  48.8 ± 0.3 |    +0.0 |         26.4 |  26.0 ± 0.3 |    -0.4 |
| RoIWarp [10] |          | ✓           | max    |       27.2 |          - [a] |       - |         49.2 |       - [a] |       - |         27.1 |       - [a] |       - |
| RoIWarp [10] |          | ✓           | ave    |       27.1 |          - [a] |       - |         48.9 |       - [a] |       - |         27.1 |       - [a] |       - |
| RoIAlign     | ✓        | ✓           | max    |       30.2 | 30.0 ± 0.5 [b] |    -0.2 |         51.0 |    51.0 [b] |    +0.0 |         31.8 |           - |       - |
| RoIAlign     | ✓        | ✓           | ave    |       30.3 |              - |       - |         51.2 |           - |       - |         31.5 |           - |       - |

[a] failed: exit code 1; last line: the loss is nan\x20\x20
[b] seed 1: not run
"""  # noqa: E501


def test_table_2b_prints_as_in_the_paper_with_ours_beside_it(table_2b):
    """Paper, ours, difference for each metric, the delta row with signs, one decimal, what it was run on."""
    assert render([table_2b]) == GOLDEN_2B


def test_table_2c_prints_descriptors_spreads_and_reasons():
    """Check marks as printed; mean and spread over seeds; "-" with a footnote, equal reasons sharing one."""
    ours = {
        "roipool_max": values(27.0, 48.8, 26.0, spread=0.31, count=2),
        "roialign_max": (Value(30.0, 0.5, 2), Value(51.0, None, 1), None),
    }
    failed = ("failed: exit code 1; last line: the loss is nan",) * 3
    notes = {"roiwarp_max": failed, "roiwarp_ave": failed, "roialign_max": ("seed 1: not run",) * 2 + ("",)}
    text = render([result_of("2c", ours, notes, scale="paper", seeds=(0, 1))])
    assert text == GOLDEN_2C


def test_differences_agree_with_the_printed_numbers(table_2b):
    """A reader who subtracts what is printed gets what is printed, and never -0.0."""
    rows = (dataclasses.replace(table_2b.rows[0], ours=values(24.84, 44.06, 25.149)),)
    line = render([dataclasses.replace(table_2b, rows=rows)]).splitlines()[-1]
    assert [cell.strip() for cell in line.split("|")][4:11:3] == ["+0.0", "+0.0", "+0.0"]


def test_numbers_the_paper_does_not_print_are_dashes(table_2b):
    """A "-" of the paper leaves ours and no difference."""
    rows = (dataclasses.replace(table_2b.rows[0], paper=(None, 44.1, 25.1)),)
    line = render([dataclasses.replace(table_2b, rows=rows)]).splitlines()[-1]
    assert [cell.strip() for cell in line.split("|")][2:5] == ["-", "24.0", "-"]


def test_the_papers_numbers_keep_their_digits():
    """0.72 s is not 0.7 s, and 195 ms is not 195.0 ms; a table of times has no evaluation split."""
    text = render([result_of("text-4.4-timing", {})])
    printed = [line.split("|")[4].strip() for line in text.splitlines() if line.startswith("| ")][1:]
    assert printed == ["195", "15", "400", "32", "0.72", "44", "3", "4", "1", "5"]
    assert text.startswith("Table text-4.4-timing. Times stated in the text (Section 4.4, Appendices A and B)  \n")


def test_columns_of_one_metric_are_told_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    results = result_of("7", {})
    rows = list(csv.DictReader(io.StringIO(render([results], "csv"))))
    assert [(row["metric"], row["printed"]) for row in rows[:2]] == [("segm/AP", "AP [val]"), ("segm/AP", "AP")]
    assert "(Appendix A; the paper's numbers: cityscapes_val, cityscapes_test)" in render([results])


def test_json_has_every_number_unrounded(table_2b):
    """A program can read what a person can, and more digits."""
    (entry,) = json.loads(render([table_2b], "json"))
    assert (entry["id"], entry["scale"], entry["provider"]) == ("2b", "mini", "embedded 0.6+embedded")
    cell = entry["rows"][0]["metrics"][0]
    assert cell["metric"] == "segm/AP"
    assert (cell["paper"], cell["mean"], cell["difference"]) == (24.8, 24.04, -0.76)
    assert entry["rows"][2]["delta"] is True


def test_csv_has_a_line_per_number(table_2b):
    """Two rows and a delta of three metrics: nine lines under the header, empty where there is none."""
    rows = list(csv.DictReader(io.StringIO(render([table_2b, result_of("2c", {})], "csv"))))
    assert len(rows) == 9 + 15
    keys = ("table", "row", "metric", "mean")
    assert [rows[1][key] for key in keys] == ["2b", "softmax", "segm/AP50", "51.6"]
    assert rows[-1]["mean"] == "" and rows[-1]["count"] == "0"


def test_headers_lose_their_tex_marks():
    """AP^bb_50 of the tables file is printed without marks in plain formats."""
    assert (plain("AP^bb_50"), plain("AP_S")) == ("APbb50", "APS")


def test_an_unknown_format_lists_the_legal_ones(table_2b):
    """All formats are in one registry."""
    with pytest.raises(ValueError, match="unknown format 'pdf': choose from " + ", ".join(FORMATS)):
        render([table_2b], "pdf")
