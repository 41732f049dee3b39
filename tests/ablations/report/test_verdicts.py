"""The claims section."""

import xml.etree.ElementTree as ElementTree

import pytest

from ablations.evidence.findings import Finding
from ablations.paper.claims import load_claims
from ablations.paper.judge import INCONCLUSIVE, NOT_REPRODUCED, NOT_RUN, REPRODUCED, Judgement
from ablations.report.verdicts import SIGNS, claims_section, table_anchor
from tests.ablations.render.samples import TABLES
from tests.ablations.report.tiny import golden

JUDGEMENTS = {
    "2b-sigmoid": Judgement(REPRODUCED, 12.05, 11.41, 12.69, 2),
    "2c-roialign": Judgement(NOT_REPRODUCED, -0.95, -1.59, -0.31, 2),
    "2c-aggregation": Judgement(INCONCLUSIVE, -0.2, count=1, note="one seed gives no interval"),
    "2c-roiwarp-max": Judgement(NOT_RUN),
}


@pytest.fixture(scope="module")
def findings():
    """A claim with each verdict."""
    claims = load_claims(TABLES())
    missing = {"2c-roiwarp-max": "2c/roiwarp_max: failed: <b> & more"}
    return [Finding(claims[i], {}, judgement, missing.get(i, "")) for i, judgement in JUDGEMENTS.items()]


def section(findings, on_page=("2b", "2c")):
    """The section as XML."""
    return ElementTree.fromstring(claims_section(findings, TABLES(), on_page))


def text(element):
    """All of its text, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def test_the_section_is_as_stored(findings):
    """Every element of it."""
    assert claims_section(findings, TABLES(), ("2b", "2c")) + "\n" == golden("claims.html")


def test_a_verdict_is_a_word_a_sign_and_a_class(findings):
    """Never a colour alone."""
    marks = [text(li.find("span")) for li in section(findings).iter("li") if li.get("id")]
    assert marks == ["✓ reproduced", "✗ not reproduced", "? inconclusive", "– not run"]
    assert len(set(SIGNS.values())) == len(SIGNS) == 4


def test_a_claim_says_what_is_compared_and_with_what_result(findings):
    """Names of rows, metric, table, the paper's difference and ours, and what stands behind the verdict."""
    by_id = {li.get("id"): text(li) for li in section(findings).iter("li")}
    assert by_id["claim-2b-sigmoid"] == (
        "✓ reproduced sigmoid > softmax mask AP, Table 2b paper +5.5, ours +12.1 [+11.4, +12.7] (2 seeds)"
    )
    assert "RoIAlign, max ≈ RoIAlign, ave (± 1)" in by_id["claim-2c-aggregation"]
    assert by_id["claim-2c-aggregation"].endswith("(1 seed) one seed gives no interval")
    assert by_id["claim-2c-roiwarp-max"].endswith("paper +0.3 2c/roiwarp_max: failed: <b> & more")


def test_what_was_not_run_is_folded_away(findings):
    """Below what was measured, and without a drawing."""
    details = section(findings).find("details")
    assert text(details.find("summary")) == "Claims that were not run: 1"
    assert [li.get("id") for li in details.iter("li")] == ["claim-2c-roiwarp-max"]
    assert details.find(".//svg") is None


def test_only_tables_of_the_page_are_linked(findings):
    """A link that leads nowhere is worse than none."""
    links = {link.get("href") for link in section(findings, on_page=["2c"]).iter("a")}
    assert links == {"#table-2c"} == {f"#{table_anchor('2c')}"}


def test_verdicts_are_counted_first(findings):
    """One line each, also for those that no claim has."""
    counts = [text(li) for li in section(findings[:2]).find("ul")]
    assert [line.split()[0] for line in counts] == ["1", "1", "0", "0"]
    assert counts[0] == "1 ✓ reproduced the whole interval agrees with the claim"


def test_nothing_measured_and_no_claims_are_said(findings):
    """In words, and without a key to drawings that are not there."""
    unmeasured = section(findings[3:])
    assert "None of the claims has been measured" in text(unmeasured) and unmeasured.find(".//svg") is None
    assert "The paper makes no claim about these tables." in text(section([]))
