"""Printed tables, to the byte, in every format."""

import pytest

from ablations.render import FORMATS, render
from tests.ablations.render import samples


@pytest.mark.parametrize("form", FORMATS)
def test_tables_print_as_stored(form):
    """Deltas, cited rows, seeds, footnotes, bold and special characters: golden/tables.* for each format."""
    assert render([samples.awkward(), samples.table_2b()], form) == samples.golden(f"tables.{form}")


def test_markdown_is_the_default_and_comes_first():
    """The order is that of the command line's help."""
    assert list(FORMATS) == ["md", "tex", "html", "csv", "json"]
    assert render([samples.table_2b()]) == render([samples.table_2b()], "md")


def test_an_unknown_format_lists_the_legal_ones():
    """All formats are in one registry."""
    with pytest.raises(ValueError, match="unknown format 'pdf': choose from md, tex, html, csv, json"):
        render([samples.table_2b()], "pdf")
