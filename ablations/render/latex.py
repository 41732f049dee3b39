r"""Tables in LaTeX with booktabs: one `table` environment each, to be included with \input."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from ablations.evidence.collect import TableResults
from ablations.render.cells import Cell, PrintedRow, PrintedTable, lay_out
from ablations.render.headers import latex_header

PREAMBLE = r"% Needs \usepackage{booktabs,graphicx,amssymb} and UTF-8 input."
# Metrics beside each other, three columns each; more go below, so that nothing is shrunk until nobody can read it.
_MOST_METRICS = 4
# Shrinks what is wider than the line, and leaves the rest as it is.
_FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After \\ these would be taken for its arguments.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "²": "$^2$",
    "→": r"$\to$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "†": r"\dag{}",
    "✓": r"\checkmark{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\dots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
} | {character: f"\\{character}" for character in "&%$#_{}"}
# Those that every TeX font encoding has.
_LETTERS = re.compile(r"[ -~À-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿ]")


def latex_text(results: Sequence[TableResults]) -> str:
    """Tables one after the other, under a comment that names the packages."""
    return "\n".join([PREAMBLE, *(_table(lay_out(result)) for result in results)])


def escape(text: str) -> str:
    """Text as LaTeX prints it; characters that its fonts lack become their code, such as [U+4E2D]."""
    return re.sub("-(?=-)", "-{}", "".join(map(_character, text)))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isspace():
        return " "
    return character if _LETTERS.match(character) else f"{{[}}U+{ord(character):04X}{{]}}"


def _table(table: PrintedTable) -> str:
    below = [escape(fact) for fact in table.facts]
    below += [rf"\textsuperscript{{{letter}}} {escape(reason)}" for letter, reason in table.footnotes.items()]
    lines = [
        r"\begin{table}",
        # LaTeX numbers tables itself.
        rf"\caption{{Mask R-CNN, {escape(table.title)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9.-]', '-', table.id)}}}",
        r"\centering",
        "\n\\par\\medskip\n".join(_tabular(table, *block) for block in _blocks(len(table.metrics))),
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        " \\\\\n".join(below),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _blocks(metrics: int) -> list[tuple[int, int]]:
    """First metric and the one behind the last, for as few tabulars of about the same width as needed."""
    count = math.ceil(metrics / _MOST_METRICS)
    bounds = [math.ceil(n * metrics / count) for n in range(count + 1)]
    return list(itertools.pairwise(bounds))


def _tabular(table: PrintedTable, start: int, end: int) -> str:
    """All rows, with the metrics from `start` to `end`, which is not included."""
    alignment = "l" * (1 + len(table.descriptors)) + "rrr" * (end - start)
    lines = [
        _FIT,
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        *_header(table, table.metrics[start:end]),
        *_body(table.rows, 3 * start, 3 * end),
        r"\bottomrule",
        r"\end{tabular}}",
    ]
    return "\n".join(lines)


def _header(table: PrintedTable, metrics: Sequence[str]) -> list[str]:
    """A row of metrics over a row of paper, ours and difference."""
    first = len(table.descriptors) + 2
    starts = [first + 3 * n for n in range(len(metrics))]
    spanners = [rf"\multicolumn{{3}}{{c}}{{{latex_header(metric, escape)}}}" for metric in metrics]
    rules = " ".join(rf"\cmidrule(lr){{{start}-{start + 2}}}" for start in starts)
    names = ["", *map(escape, table.descriptors), *map(escape, table.columns * len(metrics))]
    return [_row([""] * (first - 1) + spanners), rules, _row(names)]


def _body(rows: Sequence[PrintedRow], start: int, end: int) -> Iterator[str]:
    """The rows with these of their numbers, with a rule above the first and above the first delta."""
    previous = None
    for row in rows:
        if row.is_delta != previous:
            yield r"\midrule"
        previous = row.is_delta
        yield _row([escape(row.marked_label), *map(escape, row.descriptors), *map(_number, row.numbers[start:end])])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number(cell: Cell) -> str:
    text = re.sub(r"-(?=\d)", "$-$", escape(cell.text))
    text = rf"\textbf{{{text}}}" if cell.best else text
    return rf"{text}\textsuperscript{{{cell.letter}}}" if cell.letter else text
