"""The HTML is XML, says what its cells are, and needs nothing else."""

import ast
import base64
import xml.etree.ElementTree as ElementTree
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import escape

from ablations.render.cells import lay_out
from ablations.render.html import data_uri, header_markup, html_templates, html_text, legal
from tests.ablations.render import samples
from tests.ablations.render.test_plain import hostile_results
from tests.attacks import HOSTILE

ATTRIBUTES = {"class", "scope", "rowspan", "colspan"}


def fragment(results):
    """A table alone."""
    return html_templates().get_template("table.html").module.table_element(lay_out(results))


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
    labels = [label.removesuffix(" 24").removesuffix(" depth_d") for label in labels]
    assert labels[:2] == ['A|B & "C" [10] (cited)', "100% <b>_x_</b>"]
    notes = ["".join(item.itertext()) for item in root.iter("li")]
    assert notes[1] == "b failed: exit code 1; last line: KeyError: 'a_b' & <c> --x \\y\ufffd"


def test_rows_and_deltas_are_apart():
    """In bodies of their own, and the origin of a row is a class."""
    root = ElementTree.fromstring(fragment(samples.awkward()))
    kinds = {body.get("class"): [row.get("class") for row in body] for body in root.iter("tbody")}
    assert kinds == {"rows": ["cited"] + ["this_paper"] * 3, "deltas": ["this_paper"]}
    assert [strong.text for strong in root.iter("strong")][:2] == ["40.0", "36.0 ± 0.3"]


def test_a_document_takes_any_parts():
    """Title, style and parts in one document that is XML as well, in UTF-8."""
    page = """{% extends "document.html" %}{% from "table.html" import table_element %}
        {% block style %}p > em { color: red; }{% endblock %}
        {% block body %}<p>one</p>{{ table_element(table) }}{% endblock %}"""
    text = html_templates().from_string(page).render(title="A & B", table=lay_out(samples.table_2b()))
    root = ElementTree.fromstring(text)
    assert text.startswith("<!DOCTYPE html>\n")
    assert '<meta charset="utf-8"/>' in text
    assert root.find("head/title").text == "A & B"
    assert "p > em" in root.find("head/style").text
    assert [part.tag for part in root.find("body")] == ["p", "div"]


def test_the_format_is_a_page_of_all_tables():
    """It opens in a browser as it is, without anything from elsewhere."""
    text = html_text([samples.awkward(), samples.table_2b()])
    assert len(ElementTree.fromstring(text).findall("body/div")) == 2
    assert "<title>Mask R-CNN: Table 2_x, Table 2b</title>" in text
    assert [word for word in ("http", "url(", "@import") if word in text] == []


def test_characters_that_xml_forbids_are_replaced():
    """Such as the bell of a log line; tabs and letters of any script stay."""
    assert legal("a\x07\tß中\x1b") == "a\ufffd\tß中\ufffd"
    assert header_markup("a\x07_b") == "a\ufffd<sub>b</sub>"


def test_what_a_template_prints_is_legal_escaped_and_there():
    """Without a filter that someone could forget: text, attributes, and a name that nobody gave."""
    template = html_templates().from_string(
        '<p class="{{ value }}">{{ value }}</p>{% if more %}{{ nothing }}{% endif %}'
    )
    element = ElementTree.fromstring(template.render(value='<b> & "c" \x07', more=False))
    assert element.text == element.get("class") == '<b> & "c" \ufffd'
    with pytest.raises(UndefinedError, match="'nothing' is undefined"):
        template.render(value="", more=True)


@pytest.mark.parametrize(
    "header, markup",
    [
        ("AP", "AP"),
        ("AP_50", "AP<sub>50</sub>"),
        ("AP^bb_50", "AP<sup>bb</sup><sub>50</sub>"),
        ("AP^bb - AP", "AP<sup>bb</sup> - AP"),
        ("AP [val] & more", "AP [val] &amp; more"),
    ],
)
def test_scripts_of_headers_become_elements(header, markup):
    """The rest of a header is escaped."""
    assert header_markup(header) == markup


def test_a_data_uri_holds_the_content():
    """As base64 behind its type."""
    head, _, body = data_uri(b"\x00\xff", "image/png").partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == b"\x00\xff"


def test_templates_come_with_the_package():
    """They are read from where the package lies, which may be an archive, and each of them is whole."""
    names = html_templates().list_templates()
    assert {"document.html", "table.html", "tables.css", "tables.html"} <= set(names)
    for name in names:
        source, *_ = html_templates().loader.get_source(html_templates(), name)
        assert source == (files("ablations.render") / "templates" / name).read_text("utf-8")


def test_templates_are_part_of_what_is_installed():
    """Those of every package; a wheel holds only what setup.py names."""
    root = Path(__file__).parents[3]
    (call,) = [node for node in ast.walk(ast.parse((root / "setup.py").read_text())) if _calls(node, "setup")]
    patterns = next(ast.literal_eval(word.value) for word in call.keywords if word.arg == "package_data")["ablations"]
    packaged = {path for pattern in patterns for path in (root / "ablations").glob(pattern)}
    templates = set((root / "ablations").glob("**/templates/*"))
    assert {path.parts[-3] for path in templates} == {"render", "report"}
    assert templates <= packaged


def _calls(node, name):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def test_the_style_loads_nothing_and_needs_no_escapes():
    """No fonts from elsewhere; no marks of XML; braces in pairs."""
    style = (files("ablations.render") / "templates/tables.css").read_text("utf-8")
    assert not {"<", "&"} & set(style)
    assert [word for word in ("url(", "@import") if word in style] == []
    assert style.count("{") == style.count("}")


def test_hostile_text_is_shown():
    """In every field it is text, and no element."""
    page = html_text([hostile_results(HOSTILE)])
    root = ElementTree.fromstring(page.partition("\n")[2])
    assert {element.tag for element in root.iter()} == {element.tag for element in plain_page().iter()}
    assert page.count(str(escape(legal(HOSTILE)))) > 10


def plain_page():
    """The same page of harmless text."""
    return ElementTree.fromstring(html_text([hostile_results("x")]).partition("\n")[2])
