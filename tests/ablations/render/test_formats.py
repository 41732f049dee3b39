"""Printed tables, to the byte, in every format."""

import pytest

from ablations.render import FORMATS, render
from tests.ablations.render import samples


@pytest.mark.parametrize("form", FORMATS)
def test_tables_print_as_stored(form):
    """Deltas, cited rows, seeds, footnotes, bold and special characters: golden/tables.* for each format."""
    assert render([samples.awkward(), samples.table_2b()], form) == samples.golden(f"tables.{form}")


@pytest.mark.parametrize("form", FORMATS)
def test_own_data_make_the_papers_numbers_a_reference(form):
    """Every format says so above or beside the numbers: golden/own_data.*; without own data none does."""
    text = render([samples.table_2b_of_own_data()], form)
    assert text == samples.golden(f"own_data.{form}")
    assert "for reference only" in text
    assert "for reference only" not in render([samples.table_2b()], form)


def test_markdown_is_the_default_and_comes_first():
    """The order is that of the command line's help."""
    assert list(FORMATS) == ["md", "tex", "html", "csv", "json"]
    assert render([samples.table_2b()]) == render([samples.table_2b()], "md")


def test_an_unknown_format_lists_the_legal_ones():
    """All formats are in one registry."""
    with pytest.raises(ValueError, match="unknown format 'pdf': choose from md, tex, html, csv, json"):
        render([samples.table_2b()], "pdf")
