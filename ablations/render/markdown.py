"""Tables in Markdown, which is also what a terminal shows."""

from collections.abc import Sequence

from tabulate import tabulate

from ablations.evidence.collect import TableResults
from ablations.render.cells import SCRIPT, Cell, PrintedTable, lay_out


def markdown_text(results: Sequence[TableResults]) -> str:
    """Tables with pipes, one after the other; best values bold, footnotes below."""
    return "\n\n\n".join(_table(lay_out(result)) for result in results) + "\n"


def _table(table: PrintedTable) -> str:
    header = ["", *table.descriptors]
    paper, ours, difference = table.columns
    for metric in map(header_text, table.metrics):
        header += [f"{metric} {paper}", f"{metric} {ours}", difference]
    rows = [[row.marked_label, *row.descriptors, *map(_cell, row.numbers)] for row in table.rows]
    text = len(table.descriptors) + 1
    grid = tabulate(
        [[cell.replace("|", "\\|") for cell in row] for row in rows],
        header,
        tablefmt="pipe",
        colalign=["left"] * text + ["right"] * (len(header) - text),
        disable_numparse=True,
    )
    foot = "  \n".join(f"[{letter}] {reason}" for letter, reason in table.footnotes.items())
    return "\n\n".join(filter(None, ["  \n".join((table.title, *table.facts)), grid, foot]))


def header_text(header: str) -> str:
    """A metric's header without marks: "AP^bb_50" -> "APbb50"."""
    return SCRIPT.sub(r"\2", header)


def _cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    return f"{text} [{cell.letter}]" if cell.letter else text
