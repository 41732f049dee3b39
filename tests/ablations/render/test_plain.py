"""Markdown beyond the stored output, and tables for programs."""

import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest

from ablations.evidence.collect import Other
from ablations.paper.tables import Metric
from ablations.render.plain import csv_text, defused, escape_line, header_text, json_text, markdown_text
from mask_rcnn_paper.terminal import visible
from tests.ablations.fakes import estimate
from tests.ablations.render import samples
from tests.attacks import HOSTILE


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


def with_seeds():
    """Table 2b with two seeds of sigmoid, a category, and memory."""
    results = samples.table_2b()
    others = {"segm/AP-cat": Other({0: 40.0, 1: 44.0}, estimate(42.0, 3.0, 2)), "memory/process": Other({0: 1500.0})}
    row = replace(results.rows[1], by_seed=({0: 35.0, 1: 37.0}, {0: 71.0}, {}), others=others)
    return replace(results, rows=(row,), seeds=(0, 1))


def test_csv_has_a_line_for_every_seed():
    """Below the mean's, which has none; metrics that the table does not print have the same lines."""
    rows = list(csv.DictReader(io.StringIO(csv_text([with_seeds()]))))
    assert [(row["metric"], row["printed"], row["seed"], row["value"], row["mean"]) for row in rows] == [
        ("segm/AP", "AP", "", "", "36.0"),
        ("segm/AP", "AP", "0", "35.0", ""),
        ("segm/AP", "AP", "1", "37.0", ""),
        ("segm/AP50", "AP_50", "", "", "71.0"),
        ("segm/AP50", "AP_50", "0", "71.0", ""),
        ("segm/AP75", "AP_75", "", "", "28.3"),
        ("segm/AP-cat", "", "", "", "42.0"),
        ("segm/AP-cat", "", "0", "40.0", ""),
        ("segm/AP-cat", "", "1", "44.0", ""),
        ("memory/process", "", "", "", "1500.0"),
        ("memory/process", "", "0", "1500.0", ""),
    ]
    assert float(rows[6]["seeds_half_width"]) == pytest.approx(3.0)
    assert (rows[6]["std"], rows[6]["count"], rows[9]["std"]) == (str(8**0.5), "2", "")
    assert {(row["table"], row["row"], row["scale"]) for row in rows} == {("2b", "sigmoid", "mini")}


def test_json_has_every_seed_and_what_is_not_printed():
    """Columns under `metrics`, the rest under `others`, all of one form."""
    ((row,),) = [entry["rows"] for entry in json.loads(json_text([with_seeds()]))]
    assert row["metrics"][0]["seeds"] == {"0": 35.0, "1": 37.0}
    assert [other["metric"] for other in row["others"]] == ["segm/AP-cat", "memory/process"]
    assert row["others"][0]["mean"] == 42.0
    assert row["others"][0].keys() == row["metrics"][0].keys()


def test_programs_learn_what_was_trained_by_hand():
    """Which rows, and where."""
    results = replace(samples.table_2b(), by_hand=("sigmoid, seed 0, in a", "softmax, seed 0, in b"))
    assert json.loads(json_text([results]))[0]["by_hand"] == list(results.by_hand)
    row, *_ = csv.DictReader(io.StringIO(csv_text([results])))
    assert row["by_hand"] == "sigmoid, seed 0, in a; softmax, seed 0, in b"


def test_csv_tells_columns_of_one_metric_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    rows = list(csv.DictReader(io.StringIO(csv_text([samples.results_of("7")]))))
    assert [(row["metric"], row["printed"]) for row in rows[:2]] == [("segm/AP", "AP [val]"), ("segm/AP", "AP")]


def test_data_carry_no_marks():
    """What is best is for the reader of the data to find."""
    for text in (csv_text([samples.awkward()]), json_text([samples.awkward()])):
        assert [mark for mark in ("best", "*36.0", "(cited)") if mark in text] == []


def hostile_results(text):
    """A table in which every text is this one."""
    table = samples.awkward().table
    rows = [replace(row, label=text, descriptors={"d": text}) for row in table.rows]
    deltas = [replace(delta, label=text) for delta in table.deltas]
    changes = {"title": text, "metrics": (Metric("segm/AP", text), Metric("bbox/AP", text)), "descriptors": {"d": text}}
    table = replace(table, **changes, note=text, rows=tuple(rows), deltas=tuple(deltas))
    notes = {row.id: (text, text) for row in rows}
    return samples.results_of(table, notes=notes, data=text, own_data=text, data_versions={text: text})


@pytest.mark.parametrize("text", ["<img src=x onerror=a()>", "[a](javascript:1)", "![a](http://x)", "`a`", HOSTILE])
def test_markdown_shows_text_as_it_is(text):
    """In cells, headers, titles, facts and footnotes; read by a reader of Markdown that lets HTML through."""
    markdown = pytest.importorskip("markdown")
    page = markdown.markdown(markdown_text([hostile_results(text)]), extensions=["tables"])
    elements = {tag.partition(" ")[0] for tag in re.findall(r"<(\w[^>]*)>", page)}
    assert elements <= {"p", "br", "table", "thead", "tbody", "tr", "th", "td", "strong"}
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page, flags=re.DOTALL)
    shown = " ".join(visible(text).split())
    assert html.unescape(cells[1]) == shown


@pytest.mark.parametrize("start", ["# a", "> a", "+ a", "- a", "---", "===", "1. a", "12) a", "| a", ":-- a", "~~~"])
def test_no_line_of_markdown_begins_a_block(start):
    """A label may begin as a heading, a list or a table does."""
    line = escape_line(start)
    assert line.replace("\\", "") == start
    assert line[len(re.match(r"\d*", line)[0])] == "\\"
    assert escape_line("R-50: a") == "R-50: a"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", " =1", "-", "+1.5 m"])
def test_a_spreadsheet_computes_nothing(text):
    """What begins as a formula is text there."""
    assert defused(text) == f"'{text}"
    rows = list(csv.DictReader(io.StringIO(csv_text([hostile_results(text)]))))
    assert {rows[0][key] for key in ("label", "printed", "note", "data")} == {f"'{text}"}
    assert not [value for row in rows for value in row.values() if value[:1] in ("=", "+", "@", "\t", "\r")]


def test_text_stays_in_its_field():
    """A line is a line for every reader, whatever the text."""
    rows = list(csv.DictReader(io.StringIO(csv_text([hostile_results('a\r=1,"b\x1b')]))))
    assert {row["scale"] for row in rows} == {"mini"}
    assert rows[0]["label"] == 'a\\u000d=1,"b\\u001b'


@pytest.mark.parametrize("number", [-1.5, "-1.5", "+3", "-1e-05", None, True])
def test_numbers_stay_numbers(number):
    """Also those below zero."""
    assert defused(number) is number
    differences = [row["difference"] for row in csv.DictReader(io.StringIO(csv_text([samples.table_2b()])))]
    assert float(differences[0]) == -0.76
