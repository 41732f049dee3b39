"""Claims and findings in words."""

import pytest

from ablations.evidence.findings import Finding
from ablations.paper.claims import Claim
from ablations.paper.judge import Judgement
from ablations.paper.terms import Side, from_unit
from ablations.render.claims import comparison, counts, metrics_text, number, our_difference, papers_difference


def rows(**by_name):
    """Rows of Table 2b with their weights."""
    return {("2b", name): weight for name, weight in by_name.items()}


AP = {"segm/AP": 1.0}
GAP = {"bbox/AP": 1.0, "segm/AP": -1.0}


SIGMOID, SOFTMAX = (rows(sigmoid=1), AP), (rows(softmax=1), AP)


def claim(relation="greater", left=SIGMOID, right=SOFTMAX, **changes):
    """A claim about Table 2b."""
    given = {"id": "c", "section": "4.2", "words": "w", "paper": 5.5, **changes}
    return Claim(relation=relation, left=Side(*left), right=right and Side(*right), **given)


@pytest.mark.parametrize(
    "subject, text",
    [
        (claim(), "2b/sigmoid > 2b/softmax"),
        (claim("about_equal", margin=1.0), "2b/sigmoid ≈ 2b/softmax (± 1)"),
        (claim("about_equal", margin=from_unit(10, "%"), unit="%"), "2b/sigmoid ≈ 2b/softmax (± 10 %)"),
        (claim(left=(rows(sigmoid=1), GAP), right=None), "2b/sigmoid > 0"),
        (claim(right=None, pending="something"), "2b/sigmoid"),
        (claim(left=(rows(a=1, b=-1), AP), right=(rows(c=0.5, d=0.5), AP)), "2b/a - 2b/b > 2b/c, 2b/d"),
    ],
)
def test_a_comparison_names_both_sides_and_the_relation(subject, text):
    """Of one row alone its metric is compared with 0; what is not measured yet is only named."""
    assert comparison(subject) == text


def test_a_comparison_takes_other_names():
    """Those that a page shows in place of ids."""
    assert comparison(claim(), lambda key: key[1].upper()) == "SIGMOID > SOFTMAX"


@pytest.mark.parametrize(
    "subject, text",
    [
        (claim(), "segm/AP"),
        (claim(left=(rows(a=1), GAP), right=None), "bbox/AP - segm/AP"),
        (claim(left=(rows(a=1), {"keypoints/AP": 1.0})), "keypoints/AP vs segm/AP"),
    ],
)
def test_metrics_are_named_once(subject, text):
    """Or one for each side where they differ."""
    assert metrics_text(subject) == text


def test_differences_have_signs_units_and_intervals():
    """AP with one decimal and without its name; a dash for what is not there; never -0.0."""
    assert papers_difference(claim()) == "+5.5"
    assert papers_difference(claim(paper=None)) == "-"
    assert papers_difference(claim(paper=205, unit="ms")) == "+205 ms"
    assert papers_difference(claim(paper=from_unit(20, "%"), unit="%")) == "+20 %"
    assert papers_difference(claim(paper=from_unit(44.2, "times"), unit="times")) == "44.2 times"
    assert our_difference(Judgement("not run"), "AP") == "-"
    assert our_difference(Judgement("inconclusive", 8.84, count=1), "AP") == "+8.8 (1 seed)"
    assert our_difference(Judgement("reproduced", 2.0, 1.04, 2.96, 3), "AP") == "+2.0 [+1.0, +3.0] (3 seeds)"
    assert number(-0.04, "AP") == "+0.0"


def test_every_verdict_is_counted():
    """Also those that no finding has."""
    findings = [Finding(claim(), {}, Judgement(verdict)) for verdict in ("not run", "reproduced", "not run")]
    assert counts(findings) == {"reproduced": 1, "not reproduced": 0, "inconclusive": 0, "cited": 0, "not run": 2}
