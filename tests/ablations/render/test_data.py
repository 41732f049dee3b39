"""Tables for programs."""

import csv
import io
import json

from ablations.render.data import csv_text, json_text
from tests.ablations.render import samples


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


def test_columns_of_one_metric_are_told_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    rows = list(csv.DictReader(io.StringIO(csv_text([samples.results_of("7")]))))
    assert [(row["metric"], row["printed"]) for row in rows[:2]] == [("segm/AP", "AP [val]"), ("segm/AP", "AP")]


def test_data_carry_no_marks():
    """What is best is for the reader of the data to find."""
    for text in (csv_text([samples.awkward()]), json_text([samples.awkward()])):
        assert [mark for mark in ("best", "*36.0", "(cited)") if mark in text] == []
