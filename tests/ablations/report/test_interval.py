"""The drawing of a claim: places computed by hand."""

import xml.etree.ElementTree as ElementTree

import pytest

from ablations.evidence.findings import Finding
from ablations.paper.claims import Claim
from ablations.paper.judge import Judgement
from ablations.report.interval import WIDTH, Scale, common_scale, interval_svg


def finding(judgement, relation="greater", paper=5.5, margin=0.0):
    """A claim about Table 2b."""
    claim = Claim("c", "4.2", "w", relation, ("2b", "sigmoid"), ("2b", "softmax"), "segm/AP", paper, margin)
    return Finding(claim, {}, judgement)


def shapes(subject, low=-10.0, high=10.0):
    """Elements by class, as (tag, attributes)."""
    root = ElementTree.fromstring(interval_svg(subject, Scale(low, high)))
    found = {}
    for element in root:
        found.setdefault(element.get("class"), []).append({k: v for k, v in element.items() if k != "class"})
    return found


def test_a_scale_maps_its_ends_to_the_margins():
    """8 of 300 on both sides; what lies beyond stays at the edge."""
    scale = Scale(-10, 10)
    assert [scale.place(v) for v in (-99, -10, 0, 5, 10, 99)] == [8, 8, 150, 221, 292, 292]
    assert scale.covers(10) and not scale.covers(10.1)


def test_the_scale_covers_zero_means_margins_and_the_papers():
    """With 8 % of room; intervals do not count, since those of two seeds are huge."""
    findings = [
        finding(Judgement("inconclusive", 9.0, -60.0, 78.0, 2)),
        finding(Judgement("inconclusive", 1.0, count=1), "about_equal", paper=None, margin=3.0),
    ]
    assert common_scale(findings) == Scale(pytest.approx(-3 - 0.96), pytest.approx(9 + 0.96))


def test_a_scale_of_nothing_is_not_empty():
    """Where nothing was measured."""
    assert common_scale([]) == Scale(-1.0, 1.0)


def test_mean_paper_zero_and_interval_are_where_they_belong():
    """On a scale from -10 to 10, 14.2 units of the drawing are 1 AP."""
    found = shapes(finding(Judgement("reproduced", 5.0, 2.0, 8.0, 3)))
    assert [mark["cx"] for mark in found["mean"]] == ["221.0"]
    assert found["papers"][0]["d"].startswith("M223.1 15.0 L228.1 9.0")
    assert found["zero"][0]["x1"] == found["zero"][0]["x2"] == "150.0"
    line, *caps = found["interval"]
    assert (line["x1"], line["x2"]) == ("178.4", "263.6")
    assert [cap["x1"] for cap in caps] == ["178.4", "263.6"] and "arrow" not in found


def test_the_ground_shows_where_the_claim_holds():
    """Right of zero, or within the margin."""
    greater = shapes(finding(Judgement("inconclusive", 5.0, count=1)))["holds"][0]
    assert (greater["x"], greater["width"]) == ("150.0", "142.0")
    equal = shapes(finding(Judgement("inconclusive", 5.0, count=1), "about_equal", 0.5, 1.0))["holds"][0]
    assert (equal["x"], equal["width"]) == ("135.8", "28.4")


def test_an_interval_that_goes_on_has_an_arrow():
    """On the side where the drawing ends before it does."""
    found = shapes(finding(Judgement("inconclusive", 1.0, -60.0, 6.0, 2)))
    assert len(found["arrow"]) == 1 and found["arrow"][0]["d"].startswith("M1.0 15.0 L8.0")
    assert len(found["interval"]) == 2


def test_one_seed_has_no_interval_and_some_claims_no_number():
    """A dot alone."""
    found = shapes(finding(Judgement("inconclusive", 1.0, count=1), paper=None))
    assert set(found) == {"holds", "zero", "mean"}


def test_words_say_the_same():
    """For those who cannot see it."""
    root = ElementTree.fromstring(interval_svg(finding(Judgement("reproduced", 5.0, 2.0, 8.0, 3)), Scale(-10, 10)))
    assert (root.get("role"), root.get("aria-label")) == ("img", "paper +5.5, ours +5.0 [+2.0, +8.0] (3 seeds)")
    assert root.get("viewBox") == f"0 0 {WIDTH} 30"
