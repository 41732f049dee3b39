r"""Tables in LaTeX with booktabs: one `table` environment each, to be included with \input."""

import re
from collections.abc import Iterator, Sequence

from ablations.render.cells import Cell, PrintedRow, PrintedTable, lay_out
from ablations.render.headers import latex_header
from ablations.results import TableResults

PREAMBLE = r"% Needs \usepackage{booktabs,graphicx,amssymb} and UTF-8 input."
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
    alignment = "l" * (1 + len(table.descriptors)) + "rrr" * len(table.metrics)
    below = [escape(fact) for fact in table.facts]
    below += [rf"\textsuperscript{{{letter}}} {escape(reason)}" for letter, reason in table.footnotes.items()]
    lines = [
        r"\begin{table}",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9.-]', '-', table.id)}}}",
        r"\centering",
        _FIT,
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        *_header(table),
        *_body(table.rows),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        " \\\\\n".join(below),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _header(table: PrintedTable) -> list[str]:
    """A row of metrics over a row of paper, ours and difference."""
    first = len(table.descriptors) + 2
    starts = [first + 3 * n for n in range(len(table.metrics))]
    spanners = [rf"\multicolumn{{3}}{{c}}{{{latex_header(metric, escape)}}}" for metric in table.metrics]
    rules = " ".join(rf"\cmidrule(lr){{{start}-{start + 2}}}" for start in starts)
    names = ["", *map(escape, table.descriptors), *map(escape, table.columns * len(table.metrics))]
    return [_row([""] * (first - 1) + spanners), rules, _row(names)]


def _body(rows: Sequence[PrintedRow]) -> Iterator[str]:
    """The rows, with a rule above the first and above the first delta."""
    previous = None
    for row in rows:
        if row.is_delta != previous:
            yield r"\midrule"
        previous = row.is_delta
        yield _row([escape(row.marked_label), *map(escape, row.descriptors), *map(_number, row.numbers)])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number(cell: Cell) -> str:
    text = re.sub(r"-(?=\d)", "$-$", escape(cell.text))
    text = rf"\textbf{{{text}}}" if cell.best else text
    return rf"{text}\textsuperscript{{{cell.letter}}}" if cell.letter else text
