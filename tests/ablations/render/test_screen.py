"""Tables and claims on terminals of several widths."""

import pytest

from ablations.query import Asked, make_query
from ablations.render import screen, usual_format
from ablations.render.claims import claims_text
from ablations.render.screen import claims_screen, screen_text, screen_width
from tests.ablations.render import samples

pytestmark = pytest.mark.usefixtures("one_version")


def is_code(line):
    """Whether a line is one word that is pasted elsewhere, and so has no line break in it."""
    return " " not in line.strip()


@pytest.mark.parametrize("width", [80, 120])
def test_tables_print_as_stored(width):
    """golden/screen_80.txt and screen_120.txt: a delta, cited rows, footnotes; differences where there is room."""
    text = screen_text([samples.table_2b(), samples.results_of("7"), samples.awkward()], width)
    assert text == samples.golden(f"screen_{width}.txt")


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("table_id", ["2b", "2c", "2d", "2e", "4", "7"])
def test_no_line_is_longer_than_the_screen(table_id, width):
    """And every metric of the table is there once."""
    results = samples.results_of(table_id)
    lines = screen_text([results], width).splitlines()
    assert [line for line in lines if len(line) > width and not is_code(line)] == []
    headers = [line for line in lines if "paper" in line.split()]
    assert sum(line.split().count("paper") for line in headers) == len(results.table.metrics)


def test_differences_need_room():
    """A screen that holds all columns shows them; on a narrower one paper and ours stay side by side."""
    wide, narrow = (screen_text([samples.table_2b()], width) for width in (120, 80))
    assert "diff." in wide
    assert "diff." not in narrow
    assert narrow.count("\n-----") == 1


@pytest.mark.parametrize("width", [80, 120])
def test_claims_fit_the_screen_and_say_what_they_say_elsewhere(width):
    """The same words, with the verdict first and line breaks."""
    query = make_query(Asked("mini", tables=["2b", "2c", "TM-4"], published=True), of_claims=True)
    found = query.findings()
    text = claims_screen(*found, width)
    lines = text.splitlines()
    assert [line for line in lines if len(line) > width and not is_code(line)] == []
    words, elsewhere = (set(t.replace(",", " ").replace(":", " ").replace("(", " ").replace(")", " ").split())
                        for t in (text, claims_text(*found)))  # fmt: skip
    assert elsewhere <= words
    assert lines[-1] == claims_text(*found).splitlines()[-1]


@pytest.mark.parametrize("columns, width", [("20", 60), ("100", 100), ("500", 160)])
def test_the_width_is_that_of_the_terminal(monkeypatch, columns, width):
    """Within limits: below, no table fits; above, no line is read easily."""
    monkeypatch.setenv("COLUMNS", columns)
    assert screen_width() == width


@pytest.mark.parametrize("terminal, form", [(True, "text"), (False, "md")])
def test_markdown_is_for_what_is_no_terminal(monkeypatch, terminal, form):
    """A pipe or a file gets what it got before there was a format for screens."""
    monkeypatch.setattr(screen.sys.stdout, "isatty", lambda: terminal, raising=False)
    assert usual_format() == form
