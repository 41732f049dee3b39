"""Tables and claims for a terminal: as many columns side by side as its width holds, and no longer line of words."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ablations.evidence.collect import TableResults
from ablations.evidence.findings import Finding
from ablations.render.cells import Cell, PrintedRow, PrintedTable, lay_out
from ablations.render.claims import (
    by_section,
    comparison,
    facts_about,
    metrics_text,
    our_difference,
    papers_difference,
    summary,
)
from ablations.render.plain import header_text

_NARROWEST, _WIDEST = 60, 160
# Of a line, for the label; and characters of a descriptor.
_LABEL_SHARE, _DESCRIPTOR = 0.3, 16
_VERDICT = 16


def is_terminal() -> bool:
    """Whether what is printed is shown on one."""
    return sys.stdout.isatty()


def screen_width() -> int:
    """Characters of a line: of the terminal, COLUMNS, or 80."""
    return min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size().columns))


def screen_text(results: Sequence[TableResults], width: int | None = None) -> str:
    """Tables one after the other, best values with an asterisk, footnotes below.

    Where all columns are wider than the screen, differences are left out, and then metrics go below each other.

    Args:
        results: Of the tables.
        width: Characters of a line; by default `screen_width`.
    """
    width = width or screen_width()
    return "\n\n\n".join("\n".join(_lines(lay_out(result), width)) for result in results) + "\n"


def _lines(table: PrintedTable, width: int) -> Iterator[str]:
    yield from textwrap.wrap(table.title, width)
    for fact in table.facts:
        yield from _wrapped(fact, width)
    first, count = 0, len(table.metrics)
    columns = len(table.columns)
    if columns > 2 and _width(_grid(table, 0, count, columns, width)) > width:
        columns = 2
    while first < count:
        end = next(n for n in range(count, first, -1) if n == first + 1 or _fits(table, first, n, columns, width))
        yield ""
        yield from _grid(table, first, end, columns, width)
        first = end
    if any(cell.best for row in table.rows for cell in row.numbers):
        yield "\n* the best of its column"
    for letter, reason in table.footnotes.items():
        yield from _wrapped(f"[{letter}] {reason}", width)


def _wrapped(text: str, width: int) -> list[str]:
    """A long word stays whole: what is pasted elsewhere, such as the signature, has no line break in it."""
    return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _fits(table: PrintedTable, first: int, end: int, columns: int, width: int) -> bool:
    return _width(_grid(table, first, end, columns, width)) <= width


def _width(lines: Sequence[str]) -> int:
    return max(map(len, lines))


def _grid(table: PrintedTable, first: int, end: int, columns: int, width: int) -> list[str]:
    """The metrics from `first` to before `end` with their first `columns`, under two lines of headers."""
    each, names = len(table.columns), [name.partition(" ")[0] for name in table.columns[:columns]]
    header = ["", *(f"\n{name}" for name in table.descriptors)]
    words = len(header)
    for metric in map(header_text, table.metrics[first:end]):
        header += [f"{metric}\n{names[0]}", *(f"\n{name}" for name in names[1:])]
    rows = [
        [*_words(row, width), *(_cell(row.numbers[each * n + c]) for n in range(first, end) for c in range(columns))]
        for row in table.rows
    ]
    aligned = ["left"] * words + ["right"] * (len(header) - words)
    return tabulate(rows, header, "simple", disable_numparse=True, colalign=aligned).split("\n")


def _words(row: PrintedRow, width: int) -> list[str]:
    """Label and descriptors, in several lines each where they would crowd out the numbers."""
    texts = ((row.marked_label, int(width * _LABEL_SHARE)), *((text, _DESCRIPTOR) for text in row.descriptors))
    return ["\n".join(textwrap.wrap(text, share) or [""]) for text, share in texts]


def _cell(cell: Cell) -> str:
    return f"{cell.text}{'*' * cell.best}" + (f" [{cell.letter}]" if cell.letter else "")


def claims_screen(findings: Sequence[Finding], evidence: TableResults, width: int | None = None) -> str:
    """As `claims_text`, each comparison in as many lines as it takes, its verdict first."""
    width = width or screen_width()
    lines = [line for fact in facts_about(evidence) for line in _wrapped(fact, width)]
    for heading, sentences in by_section(findings):
        lines += ["", heading]
        for words, group in sentences:
            lines += textwrap.wrap(f'"{words}"', width, initial_indent="  ", subsequent_indent="  ")
            for finding in group:
                lines += _comparison_lines(finding, width)
    lines += ["", *(line for text in summary(findings, evidence) for line in _wrapped(text, width))]
    return "\n".join(lines) + "\n"


def _comparison_lines(finding: Finding, width: int) -> Iterator[str]:
    claim, judged = finding.claim, finding.judgement
    indent = " " * (4 + _VERDICT)
    what = f"{claim.id}: {comparison(claim)}, {metrics_text(claim)}"
    numbers = f"paper {papers_difference(claim)}, ours {our_difference(judged.estimate, claim.unit)}"
    first = f"    {judged.verdict:<{_VERDICT}}"
    yield from textwrap.wrap(what, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    for text in filter(None, (numbers, finding.note)):
        yield from textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
