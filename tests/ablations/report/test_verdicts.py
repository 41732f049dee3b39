"""The claims section, and the drawing of a claim with places computed by hand."""

import xml.etree.ElementTree as ElementTree

import pytest

from ablations.evidence.findings import Finding
from ablations.paper.claims import Claim, load_claims
from ablations.paper.judge import CITED, INCONCLUSIVE, NOT_REPRODUCED, NOT_RUN, REPRODUCED, Judgement
from ablations.paper.terms import Side
from ablations.render.html import html_templates
from ablations.report.verdicts import SIGNS, WIDTH, Scale, claims_values, common_scale, drawing_values
from tests.ablations.render.samples import TABLES
from tests.ablations.report.tiny import golden

JUDGEMENTS = {
    "2b-sigmoid": Judgement(REPRODUCED, 12.05, 11.41, 12.69, 2),
    "2c-roialign": Judgement(NOT_REPRODUCED, -0.95, -1.59, -0.31, 2),
    "2c-aggregation": Judgement(INCONCLUSIVE, -0.2, count=1, note="one seed gives no interval"),
    "2c-roiwarp-max": Judgement(NOT_RUN),
    "3-roialign": Judgement(CITED),
}


@pytest.fixture(scope="module")
def findings():
    """A claim with each verdict."""
    claims = load_claims(TABLES())
    missing = {"2c-roiwarp-max": "2c/roiwarp_max: failed: <b> & more"}
    return [Finding(claims[i], {}, judgement, missing.get(i, "")) for i, judgement in JUDGEMENTS.items()]


def markup(findings, on_page=("2b", "2c")):
    """The section as the page has it."""
    template = html_templates("ablations.report").get_template("claims.html")
    return template.render(claims=claims_values(findings, TABLES()), on_page=on_page)


def section(findings, on_page=("2b", "2c")):
    """The section as XML."""
    return ElementTree.fromstring(markup(findings, on_page))


def text(element):
    """All of its text, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def test_the_section_is_as_stored(findings):
    """Every element of it."""
    assert markup(findings) == golden("claims.html")


def test_a_verdict_is_a_word_a_sign_and_a_class(findings):
    """Never a colour alone."""
    marks = [text(li.find("span")) for li in section(findings).iter("li") if li.get("id")]
    assert marks == ["✓ reproduced", "✗ not reproduced", "? inconclusive", "– not run", "† cited"]
    assert len(set(SIGNS.values())) == len(SIGNS) == 5


def test_a_claim_says_what_is_compared_and_with_what_result(findings):
    """Names of rows, metric, table, the paper's difference and ours, and what stands behind the verdict."""
    by_id = {li.get("id"): text(li) for li in section(findings).iter("li")}
    assert by_id["claim-2b-sigmoid"] == (
        "✓ reproduced sigmoid > softmax mask AP, Table 2b paper +5.5, ours +12.1 [+11.4, +12.7] (2 seeds)"
    )
    assert "RoIAlign, max ≈ RoIAlign, ave (± 1)" in by_id["claim-2c-aggregation"]
    assert by_id["claim-2c-aggregation"].endswith("(1 seed) one seed gives no interval")
    assert by_id["claim-2c-roiwarp-max"].endswith("paper +0.3 2c/roiwarp_max: failed: <b> & more")


def test_what_was_not_measured_is_folded_away(findings):
    """Below what was measured, and without a drawing."""
    details = section(findings).find("details")
    assert text(details.find("summary")) == "Claims that were not measured: 2"
    assert [li.get("id") for li in details.iter("li")] == ["claim-2c-roiwarp-max", "claim-3-roialign"]
    assert details.find(".//svg") is None


def test_only_tables_of_the_page_are_linked(findings):
    """A link that leads nowhere is worse than none."""
    links = {link.get("href") for link in section(findings, on_page=["2c"]).iter("a")}
    assert links == {"#table-2c"}


def test_verdicts_are_counted_first(findings):
    """One line each, also for those that no claim has."""
    counts = [text(li) for li in section(findings[:2]).find("ul")]
    assert [line.split()[0] for line in counts] == ["1", "1", "0", "0", "0"]
    assert counts[0] == "1 ✓ reproduced the whole interval agrees with the claim"


def test_nothing_measured_and_no_claims_are_said(findings):
    """In words, and without a key to drawings that are not there."""
    unmeasured = section(findings[3:])
    assert "None of the claims has been measured" in text(unmeasured)
    assert unmeasured.find(".//svg") is None
    assert "The paper makes no claim about these tables." in text(section([]))


def finding(judgement, relation="greater", paper=5.5, margin=0.0):
    """A claim about Table 2b."""
    left, right = (Side({("2b", row): 1.0}, {"segm/AP": 1.0}) for row in ("sigmoid", "softmax"))
    claim = Claim("c", "4.2", "w", relation, left, right, paper, margin)
    return Finding(claim, {}, judgement)


def drawing(subject, low=-10.0, high=10.0):
    """The drawing of a claim, as XML."""
    template = html_templates("ablations.report").get_template("drawing.html")
    return ElementTree.fromstring(template.module.drawing(drawing_values(subject, Scale(low, high))))


def shapes(subject):
    """Attributes of its shapes by class."""
    root = drawing(subject)
    found = {}
    for element in root:
        found.setdefault(element.get("class"), []).append({k: v for k, v in element.items() if k != "class"})
    return found


def test_a_scale_maps_its_ends_to_the_margins():
    """8 of 300 on both sides; what lies beyond stays at the edge."""
    scale = Scale(-10, 10)
    assert [scale.place(v) for v in (-99, -10, 0, 5, 10, 99)] == [8, 8, 150, 221, 292, 292]
    assert scale.covers(10)
    assert not scale.covers(10.1)


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
    assert [cap["x1"] for cap in caps] == ["178.4", "263.6"]
    assert "arrow" not in found


def test_the_ground_shows_where_the_claim_holds():
    """Right of zero, or within the margin."""
    greater = shapes(finding(Judgement("inconclusive", 5.0, count=1)))["holds"][0]
    assert (greater["x"], greater["width"]) == ("150.0", "142.0")
    equal = shapes(finding(Judgement("inconclusive", 5.0, count=1), "about_equal", 0.5, 1.0))["holds"][0]
    assert (equal["x"], equal["width"]) == ("135.8", "28.4")


def test_an_interval_that_goes_on_has_an_arrow():
    """On the side where the drawing ends before it does."""
    found = shapes(finding(Judgement("inconclusive", 1.0, -60.0, 6.0, 2)))
    assert len(found["arrow"]) == 1
    assert found["arrow"][0]["d"].startswith("M1.0 15.0 L8.0")
    assert len(found["interval"]) == 2


def test_one_seed_has_no_interval_and_some_claims_no_number():
    """A dot alone."""
    found = shapes(finding(Judgement("inconclusive", 1.0, count=1), paper=None))
    assert set(found) == {"holds", "zero", "mean"}


def test_words_say_the_same():
    """For those who cannot see it."""
    root = drawing(finding(Judgement("reproduced", 5.0, 2.0, 8.0, 3)))
    assert (root.get("role"), root.get("aria-label")) == ("img", "paper +5.5, ours +5.0 [+2.0, +8.0] (3 seeds)")
    assert root.get("viewBox") == f"0 0 {WIDTH} 30"
