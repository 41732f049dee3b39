"""Markdown beyond the stored output."""

import pytest

from ablations.render.markdown import header_text, markdown_text
from tests.ablations.render import samples


@pytest.mark.parametrize("table_id", samples.TABLES())
def test_every_row_of_every_table_has_the_same_columns(table_id):
    """Bars of labels and cells are escaped."""
    lines = [line for line in markdown_text([samples.results_of(table_id)]).splitlines() if line[:1] == "|"]
    assert len(lines) > 2 and len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_columns_of_one_metric_are_told_apart():
    """Table 7 has AP on val and on test: one result, two printed headers."""
    text = markdown_text([samples.results_of("7")])
    assert "| training data   |   AP [val] paper |" in text
    assert "|   AP paper |" in text
    assert "(Appendix A; the paper's numbers: cityscapes_val, cityscapes_test)" in text


@pytest.mark.parametrize(
    "header, text",
    [
        ("AP", "AP"),
        ("AP_50", "AP50"),
        ("AP^bb_50", "APbb50"),
        ("AP^bb - AP", "APbb - AP"),
        ("AP [val] & more", "AP [val] & more"),
    ],
)
def test_headers_lose_the_marks_of_their_scripts(header, text):
    """Plain text has none."""
    assert header_text(header) == text
