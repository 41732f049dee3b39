"""The whole report: what a reader gets as one file."""

import re
import xml.etree.ElementTree as ElementTree

from ablations.evidence.findings import Finding
from ablations.paper.claims import load_claims
from ablations.paper.judge import Judgement
from ablations.report.contents import Contents, TableContent
from ablations.report.page import report_page
from tests.ablations.render import samples
from tests.ablations.report.tiny import golden


def contents(shown, has_runs=False, **changes):
    """A report of these results, and one claim."""
    claim = load_claims(samples.TABLES())["2b-sigmoid"]
    findings = [Finding(claim, {}, Judgement("reproduced", 12.05, 11.41, 12.69, 2))]
    facts = {"scale": "mini", "seeds": "0, 1", "results": "a & b"}
    given = {"facts": facts, "findings": findings, "tables": samples.TABLES(), "has_runs": has_runs, **changes}
    return Contents("mini", [0, 1], shown=[TableContent(results) for results in shown], **given)


def head(report):
    """Text of a page's head."""
    return "".join(ElementTree.fromstring(report_page(report)).find("body/header").itertext())


def without_pictures(page):
    """Plots depend on the version of matplotlib."""
    return re.sub(r'src="data:[^"]+"', 'src="data:"', page)


def test_the_page_is_as_stored():
    """Head, index, claims, a table with results, one without."""
    page = report_page(contents([samples.table_2b(), samples.results_of("6")]))
    assert without_pictures(page) == golden("report.html")


def test_the_page_needs_nothing_else():
    """No scripts, nothing loaded; it is XML, and no id is used twice."""
    page = report_page(contents([samples.table_2b(), samples.results_of("6")], has_runs=True))
    root = ElementTree.fromstring(page)
    assert not {element.tag for element in root.iter()} & {"script", "link", "iframe", "object"}
    assert all(image.get("src").startswith("data:") for image in root.iter("img"))
    assert "url(" not in page and "@import" not in page and "http" not in page
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_every_link_leads_somewhere():
    """Of the index and of the claims."""
    root = ElementTree.fromstring(report_page(contents([samples.table_2b(), samples.results_of("6")])))
    ids = {f"#{element.get('id')}" for element in root.iter() if element.get("id")}
    links = [link.get("href") for link in root.iter("a")]
    assert links[:3] == ["#claims", "#table-2b", "#not-run"] and set(links) <= ids


def test_claims_come_before_tables():
    """They are the headline."""
    root = ElementTree.fromstring(report_page(contents([samples.table_2b()])))
    assert [part.get("id") for part in root.find("body/main")] == ["claims", "table-2b"]


def test_what_the_page_lacks_is_said_in_its_head():
    """Published results have no pictures; nothing may have been run at all."""
    empty = head(contents([samples.results_of("2b")], has_runs=True, findings=[]))
    assert "There are no results yet: python -m ablations run makes them." in empty and "published" not in empty
    published = head(contents([samples.table_2b()]))
    assert "Made from published results" in published and "no results yet" not in published


def test_the_same_contents_give_the_same_bytes():
    """No date of writing, no random ids."""
    assert report_page(contents([samples.awkward()])) == report_page(contents([samples.awkward()]))
