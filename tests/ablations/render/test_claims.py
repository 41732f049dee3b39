"""Claims and findings in words."""

import pytest

from ablations.evidence.findings import Finding
from ablations.paper.claims import Claim
from ablations.statistics.judge import Judgement
from ablations.render.claims import comparison, counts, number, our_difference, papers_difference


def claim(relation="greater", over=("2b", "softmax"), **changes):
    """A claim about Table 2b."""
    given = {"id": "c", "section": "4.2", "words": "w", "metric": "segm/AP", "paper": 5.5, **changes}
    return Claim(relation=relation, row=("2b", "sigmoid"), over=over, **given)


@pytest.mark.parametrize(
    "subject, text",
    [
        (claim(), "2b/sigmoid > 2b/softmax"),
        (claim("about_equal", margin=1.0), "2b/sigmoid ≈ 2b/softmax (± 1)"),
        (claim(over=None, metric="bbox/AP - segm/AP"), "2b/sigmoid > 0"),
        (claim(over=None, pending="something"), "2b/sigmoid"),
    ],
)
def test_a_comparison_names_both_sides_and_the_relation(subject, text):
    """Of one row alone its metric is compared with 0; what is not measured yet is only named."""
    assert comparison(subject) == text


def test_a_comparison_takes_other_names():
    """Those that a page shows in place of ids."""
    assert comparison(claim(), "sigmoid", "softmax") == "sigmoid > softmax"


def test_differences_have_signs_units_and_intervals():
    """AP with one decimal and without its name; a dash for what is not there; never -0.0."""
    assert papers_difference(claim()) == "+5.5"
    assert papers_difference(claim(paper=None)) == "-"
    assert papers_difference(claim(paper=20, unit="%")) == "+20 %"
    assert our_difference(Judgement("not run"), "AP") == "-"
    assert our_difference(Judgement("inconclusive", 8.84, count=1), "AP") == "+8.8 (1 seed)"
    assert our_difference(Judgement("reproduced", 2.0, 1.04, 2.96, 3), "AP") == "+2.0 [+1.0, +3.0] (3 seeds)"
    assert number(-0.04, "AP") == "+0.0"


def test_every_verdict_is_counted():
    """Also those that no finding has."""
    findings = [Finding(claim(), {}, Judgement(verdict)) for verdict in ("not run", "reproduced", "not run")]
    assert counts(findings) == {"reproduced": 1, "not reproduced": 0, "inconclusive": 0, "not run": 2}
