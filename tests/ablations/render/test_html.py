"""The HTML is XML, says what its cells are, and needs nothing else."""

import xml.etree.ElementTree as ElementTree

import pytest

from ablations.render.html import escape, fragment, html_text, page
from tests.ablations.render import samples

ATTRIBUTES = {"class", "scope", "rowspan", "colspan"}


def widths(rows):
    """Columns that each row of a table part fills, cells that reach down from a row above included."""
    found, hanging = [], 0
    for row in rows:
        found.append(hanging + sum(int(cell.get("colspan", 1)) for cell in row))
        hanging = sum(1 for cell in row if cell.get("rowspan") == "2")
    return found


@pytest.mark.parametrize("table_id", ["awkward", *samples.TABLES()])
def test_every_fragment_is_well_formed_and_has_equal_rows(table_id):
    """Parses as XML; head, body, caption; every header cell has a scope; only classes, nothing to load."""
    results = samples.awkward() if table_id == "awkward" else samples.results_of(table_id)
    root = ElementTree.fromstring(fragment(results))
    (table,) = root.iter("table")
    assert [part.tag for part in table][:3] == ["caption", "thead", "tbody"]
    assert len(set(widths(table.find("thead")) + [w for part in table.iter("tbody") for w in widths(part)])) == 1
    assert all(header.get("scope") in {"col", "colgroup", "row"} for header in table.iter("th"))
    assert {name for element in root.iter() for name in element.attrib} <= ATTRIBUTES
    assert not {element.tag for element in root.iter()} & {"script", "style", "link", "img"}


def test_text_comes_back_as_it_was():
    """What is special in HTML is escaped, once."""
    root = ElementTree.fromstring(fragment(samples.awkward()))
    labels = ["".join(header.itertext()) for header in root.iter("th") if header.get("scope") == "row"]
    assert labels[:2] == ['A|B & "C" [10] (cited)', "100% <b>_x_</b>"]
    notes = ["".join(item.itertext()) for item in root.iter("li")]
    assert notes[1] == "b failed: exit code 1; last line: KeyError: 'a_b' & <c> --x \\y\ufffd"


def test_rows_and_deltas_are_apart():
    """In bodies of their own, and the origin of a row is a class."""
    root = ElementTree.fromstring(fragment(samples.awkward()))
    kinds = {body.get("class"): [row.get("class") for row in body] for body in root.iter("tbody")}
    assert kinds == {"rows": ["cited"] + ["this_paper"] * 3, "deltas": ["this_paper"]}
    assert [strong.text for strong in root.iter("strong")][:2] == ["40.0", "36.0 ± 0.3"]


def test_a_page_takes_any_parts():
    """Title, style and parts in one document that is XML as well, in UTF-8."""
    text = page("A & B", ["<p>one</p>", fragment(samples.table_2b())], style="p > em { color: red; }")
    root = ElementTree.fromstring(text)
    assert text.startswith("<!DOCTYPE html>\n") and '<meta charset="utf-8"/>' in text
    assert root.find("head/title").text == "A & B" and "p > em" in root.find("head/style").text
    assert [part.tag for part in root.find("body")] == ["p", "div"]


def test_the_format_is_a_page_of_all_tables():
    """It opens in a browser as it is, without anything from elsewhere."""
    text = html_text([samples.awkward(), samples.table_2b()])
    assert len(ElementTree.fromstring(text).findall("body/div")) == 2
    assert "<title>Mask R-CNN: Table 2_x, Table 2b</title>" in text
    assert "http" not in text and "url(" not in text and "@import" not in text


def test_characters_that_xml_forbids_are_replaced():
    """Such as the bell of a log line; tabs and letters of any script stay."""
    assert escape("a\x07\tß中\x1b") == "a\ufffd\tß中\ufffd"
