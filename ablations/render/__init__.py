"""Print a table with our numbers beside the paper's, in several formats: paper | ours | difference for each metric."""

from collections.abc import Sequence

from ablations.evidence.collect import TableResults
from ablations.render.html import html_text
from ablations.render.latex import latex_text
from ablations.render.plain import csv_text, json_text, markdown_text

# A new format is one function of tables; the first is the default.
FORMATS = {"md": markdown_text, "tex": latex_text, "html": html_text, "csv": csv_text, "json": json_text}


def render(results: Sequence[TableResults], form: str = "md") -> str:
    """Text of some tables in a format of `FORMATS`.

    Raises:
        ValueError: unknown format.
    """
    if form not in FORMATS:
        raise ValueError(f"unknown format {form!r}: choose from {', '.join(FORMATS)}")
    return FORMATS[form](results)
