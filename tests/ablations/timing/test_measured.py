"""Metrics of what was measured, and the paper's sentences about them."""

import math

import pytest

from ablations.paper.claims import load_claims
from ablations.paper.tables import load_tables
from ablations.timing.measured import about_time, statements
from mask_rcnn_paper.timing.turns import Spread
from tests.ablations.timing.samples import TEST, times

TABLES = load_tables()
CLAIMS = list(load_claims(TABLES).values())
RUNS = {(table.id, row.id): row.run for table in TABLES.values() for row in table.rows}


def test_metrics_are_in_the_units_of_the_tables():
    """200 ms and 10 ms more, 1/0.21 images a second, 3 s a step; twice of it in the second turn."""
    row = times("r101_fpn")
    assert row.turns("time/inference") == pytest.approx([200.0, 400.0, 300.0])
    assert row.turns("time/resizing") == pytest.approx([10.0, 20.0, 15.0])
    assert row.turns("time/frames") == pytest.approx([1 / 0.21, 1 / 0.42, 1 / 0.315])
    assert row.turns("time/iteration") == [3.0, 6.0, 4.5]


def test_shares_are_of_the_whole_image():
    """Post-processing too, and they do not hang on how slow a turn was."""
    row = times("r101_fpn")
    assert row.share("backbone") == pytest.approx(0.1 / 0.21)
    assert row.share("post-processing") == pytest.approx(0.01 / 0.21)


def test_the_papers_sentences_about_time_are_found():
    """The mask branch, C4, and the depth."""
    assert [claim.id for claim in about_time(CLAIMS)] == ["3.1-mask-branch-time", "4.4-c4-slower", "4.4-deeper-slower"]


def test_ratios_are_turn_by_turn():
    """20 %, 400 ms over 195 and 44 hours over 32; ours has no spread though turns differ, since both rows do alike."""
    found = {s.claim.id: s for s in statements(CLAIMS, RUNS, [times(run) for run in TEST])}
    expected = {"3.1-mask-branch-time": (1.2, 200 / 160), "4.4-c4-slower": (400 / 195, 2.0)}
    expected["4.4-deeper-slower"] = (44 / 32, 1.5)
    assert found.keys() == expected.keys()
    for name, (paper, ours) in expected.items():
        assert found[name].paper == pytest.approx(paper)
        assert vars(found[name].ours) == pytest.approx(vars(Spread(ours, ours, ours)))


def test_half_of_the_turns_lie_within_the_spread():
    """Where one row is slower in some turns: ratios of 2, 4 and 3."""
    rows = [times("r101_fpn_shared", (1, 1, 1)), times("r101_c4", (1.0, 2.0, 1.5))]
    (found,) = statements(CLAIMS, RUNS, rows)
    assert vars(found.ours) == pytest.approx({"median": 3.0, "low": 2.5, "high": 3.5})
    assert found.turns == pytest.approx([math.log(2), math.log(4), math.log(3)])


def test_a_sentence_needs_all_its_rows():
    """Without Faster R-CNN nothing is said of what the mask branch adds."""
    assert statements(CLAIMS, RUNS, [times("r101_fpn")]) == []
