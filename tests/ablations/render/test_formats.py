"""Printed tables, to the byte, in every format."""

import pytest

from ablations.__main__ import main, make_parser
from ablations.render import FOR_PROGRAMS, FORMATS
from tests.ablations.render import samples

pytestmark = pytest.mark.usefixtures("one_version")


@pytest.fixture(autouse=True)
def screen(monkeypatch):
    """One of 100 characters."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("form", FORMATS)
def test_tables_print_as_stored(form):
    """Deltas, cited rows, seeds, footnotes, bold and special characters: golden/tables.* for each format."""
    assert FORMATS[form]([samples.awkward(), samples.table_2b()]) == samples.golden(f"tables.{form}")


@pytest.mark.parametrize("form", FORMATS)
def test_own_data_are_not_compared_with_the_papers_numbers(form):
    """Readers are shown ours alone, programs are told what the paper's are: golden/own_data.*; only with own data."""
    text = FORMATS[form]([samples.table_2b_of_own_data()])
    assert text == samples.golden(f"own_data.{form}")
    note = f"numbers are of other data, and {'for reference only' if form in FOR_PROGRAMS else 'left out'}"
    assert note in " ".join(text.split())
    assert note not in FORMATS[form]([samples.table_2b()])
    assert ("44.1" in text) == (form in FOR_PROGRAMS)


def test_formats_are_in_the_order_of_the_help():
    """None is the default: that depends on where the text goes."""
    assert list(FORMATS) == ["text", "md", "tex", "html", "csv", "json"]
    assert make_parser().parse_args(["table"]).format is None


def test_the_command_line_knows_every_format(capsys):
    """And lists them for one that there is not."""
    assert [make_parser().parse_args(["table", "--format", form]).format for form in FORMATS] == list(FORMATS)
    with pytest.raises(SystemExit, match="2"):
        main(["table", "--format", "pdf"])
    error = capsys.readouterr().err
    assert "'pdf'" in error
    assert all(form in error for form in FORMATS)
