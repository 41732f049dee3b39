"""Markdown beyond the stored output, and tables for programs."""

import csv
import io
import json

import pytest

from ablations.render.plain import csv_text, header_text, json_text, markdown_text
from tests.ablations.render import samples


@pytest.mark.parametrize("table_id", samples.TABLES())
def test_every_row_of_every_table_has_the_same_columns(table_id):
    """Bars of labels and cells are escaped."""
    lines = [line for line in markdown_text([samples.results_of(table_id)]).splitlines() if line[:1] == "|"]
    assert len(lines) > 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_markdown_tells_columns_of_one_metric_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    text = markdown_text([samples.results_of("7")])
    assert "| training data   |   AP [val] paper |" in text
    assert "|   AP paper |" in text
    assert "(Appendix A; the paper's numbers: cityscapes_val, cityscapes_test)" in text


@pytest.mark.parametrize(
    "header, text",
    [
        ("AP", "AP"),
        ("AP_50", "AP50"),
        ("AP^bb_50", "APbb50"),
        ("AP^bb - AP", "APbb - AP"),
        ("AP [val] & more", "AP [val] & more"),
    ],
)
def test_headers_lose_the_marks_of_their_scripts(header, text):
    """Plain text has none."""
    assert header_text(header) == text


def test_json_has_every_number_unrounded():
    """A program can read what a person can, and more digits."""
    (entry,) = json.loads(json_text([samples.table_2b()]))
    assert (entry["id"], entry["scale"], entry["provider"]) == ("2b", "mini", samples.PROVIDER)
    assert entry["data_versions"] == {"mini_train": "v2", "mini_val": "v2"}
    cell = entry["rows"][0]["metrics"][0]
    assert cell["metric"] == "segm/AP"
    assert (cell["paper"], cell["mean"], cell["difference"]) == (24.8, 24.04, -0.76)
    assert entry["rows"][2]["delta"] is True


def test_csv_has_a_line_per_number():
    """Two rows and a delta of three metrics: nine lines under the header, empty where there is none."""
    rows = list(csv.DictReader(io.StringIO(csv_text([samples.table_2b(), samples.results_of("2c")]))))
    assert len(rows) == 9 + 15
    keys = ("table", "row", "delta", "metric", "mean")
    assert [rows[1][key] for key in keys] == ["2b", "softmax", "False", "segm/AP50", "51.6"]
    assert rows[1]["data_versions"] == "mini_train v2; mini_val v2"
    assert (rows[-1]["mean"], rows[-1]["count"]) == ("", "0")


def test_csv_tells_columns_of_one_metric_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    rows = list(csv.DictReader(io.StringIO(csv_text([samples.results_of("7")]))))
    assert [(row["metric"], row["printed"]) for row in rows[:2]] == [("segm/AP", "AP [val]"), ("segm/AP", "AP")]


def test_data_carry_no_marks():
    """What is best is for the reader of the data to find."""
    for text in (csv_text([samples.awkward()]), json_text([samples.awkward()])):
        assert [mark for mark in ("best", "*36.0", "(cited)") if mark in text] == []
