"""Print a table with our numbers beside the paper's, in several formats: paper | ours | difference for each metric."""

from ablations.render.html import html_text
from ablations.render.latex import latex_text
from ablations.render.plain import csv_text, json_text, markdown_text
from ablations.render.screen import is_terminal, screen_text

# A new format is one function of the results of some tables.
FORMATS = {
    "text": screen_text,
    "md": markdown_text,
    "tex": latex_text,
    "html": html_text,
    "csv": csv_text,
    "json": json_text,
}
# Those that a person reads as they are printed.
FOR_READERS = ("text", "md")
# Those that have every number there is.
FOR_PROGRAMS = ("csv", "json")


def usual_format() -> str:
    """That of tables where none is asked for: readable on a terminal, Markdown elsewhere."""
    return "text" if is_terminal() else "md"
