"""What `timing` prints."""

import json

import pytest

from ablations.timing.measured import statements
from ablations.timing.text import Timing, timing_json, timing_text
from tests.ablations.timing.samples import TEST, times
from tests.ablations.timing.test_measured import CLAIMS, RUNS, TABLES

PAPER = {row.run: row.paper for row in TABLES["text-4.4-inference"].rows}


def timing(*runs):
    rows = [times(run) for run in runs]
    return Timing("mini", "cpu", "a machine", "abc", 3, rows, statements(CLAIMS, RUNS, rows), PAPER)


def cells(text, label):
    """Those of the first line that begins so."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {label}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_papers_numbers_stand_beside_ours():
    """195 ms and 15 more, 5 images a second; medians with the middle half of the turns, and shares."""
    text = timing_text(timing(*TEST))
    shared = cells(text, "R101_FPN_SHARED")
    assert shared[1:7] == ["195", "300.0 [250.0, 350.0]", "15", "15.0", "-", "3.17"]
    assert shared[7:] == ["48%", "10%", "14%", "19%", "0%", "5%", "5%"]
    assert cells(text, "R101_FPN (")[5] == "5"
    assert cells(text, "R50_FPN")[1:4:2] == ["-", "-"]


def test_steps_have_images_seconds_and_memory():
    """Of the second table."""
    text = timing_text(timing("r101_fpn")).partition("training step")[2]
    assert cells(text, "R101_FPN")[1:] == ["4", "4.500 [3.750, 5.250]", "900 (process)"]


def test_the_papers_words_have_two_ratios():
    """The paper's and ours."""
    text = timing_text(timing(*TEST))
    words = '3.1: "adds a small overhead to its Faster R-CNN counterpart (e.g., ~20% on typical models)"'
    rows = "text-4.4-inference/r101_fpn / text-4.4-inference/faster_r101_fpn"
    assert cells(text, words)[1:] == [rows, "1.20", "1.25 [1.25, 1.25]"]
    assert "the paper's words" not in timing_text(timing("r101_fpn"))


def test_the_heading_says_how_it_was_measured():
    """Scale, machine, precision, images, weights, turns."""
    heading = timing_text(timing("r101_fpn")).split("\n\n")[0]
    for what in ("scale mini", "a machine", "float32", "192x192", "random", "3 turns after one that does not count"):
        assert what in heading


def test_json_has_every_turn():
    """Unrounded, with medians and quartiles of the metrics and the ratios."""
    found = json.loads(timing_json(timing(*TEST)))
    assert (found["scale"], found["rounds"], found["git_commit"]) == ("mini", 3, "abc")
    row = found["rows"][0]
    assert row["test"][1]["mask"] == 0.08
    assert row["steps"] == [3.0, 6.0, 4.5]
    assert row["metrics"]["time/inference"] == pytest.approx({"median": 300.0, "low": 250.0, "high": 350.0})
    assert (row["run"], row["config_hash"], row["detections"]) == ("r101_fpn", "hash of r101_fpn", 20)
    (first, *_) = found["statements"]
    assert (first["claim"], first["unit"]) == ("3.1-mask-branch-time", "ratio")
    assert first["paper"] == pytest.approx(1.2)
    assert first["ours"]["median"] == pytest.approx(1.25)
