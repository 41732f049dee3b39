r"""Tables in LaTeX with booktabs: one `table` environment each, to be included with \input."""

import itertools
import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ablations.evidence.collect import TableResults
from ablations.render.cells import SCRIPT, Cell, lay_out

# Metrics beside each other, of three columns each; more go below, so that nothing is shrunk until nobody can read it.
_MOST_METRICS = 4
# Characters, each before what prints it. After \\ a bracket or a star would be taken for its argument.
_COMMANDS = r"""
\ \textbackslash{}   ~ \textasciitilde{}   ^ \textasciicircum{}   < \textless{}   > \textgreater{}
[ {[}   ] {]}   * {*}   ± $\pm$   × $\times$   · $\cdot$   ² $^2$   → $\to$   ≤ $\leq$   ≥ $\geq$   † \dag{}
✓ \checkmark{}   – \textendash{}   — \textemdash{}   … \dots{}   ‘ `   ’ '   “ ``   ” ''
& \&   % \%   $ \$   # \#   _ \_   { \{   } \}   | \textbar\allowbreak{}
""".split()
_ESCAPES = dict(zip(_COMMANDS[::2], _COMMANDS[1::2], strict=True))
# Those that every TeX font encoding has.
_LETTERS = re.compile(r"[ -~À-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿ]")


def latex_text(results: Sequence[TableResults]) -> str:
    """Tables one after the other, under a comment that names the packages."""
    return _templates().get_template("tables.tex").render(tables=list(map(lay_out, results)))


def escape(text: str) -> str:
    """Text as LaTeX prints it; characters that its fonts lack become their code, such as [U+4E2D]."""
    return re.sub("-(?=-)", "-{}", "".join(map(_character, text)))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isspace():
        return " "
    return character if _LETTERS.match(character) else f"{{[}}U+{ord(character):04X}{{]}}"


def header_text(header: str) -> str:
    r"""A metric's header with math for its scripts alone: "AP^bb_50" -> "AP$^{\mathrm{bb}}_{\mathrm{50}}$"."""

    def convert(part: re.Match) -> str:
        scripts = SCRIPT.match(part[0]) and SCRIPT.sub(r"\1{\\mathrm{\2}}", part[0])
        return f"${scripts}$" if scripts else escape(part[0])

    return re.sub(rf"(?:{SCRIPT.pattern})+|[^\^_]+|.", convert, header)


@cache
def _templates() -> Environment:
    """Whatever they print is escaped for LaTeX, and must be there; `Markup` is what has been escaped."""
    environment = Environment(
        loader=PackageLoader(__package__),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else Markup(escape(str(value))),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "blocks": _blocks,
        "label": lambda text: re.sub("[^A-Za-z0-9.-]", "-", text),
        "number": _number,
        "scripts": lambda header: Markup(header_text(header)),
    }
    return environment


def _blocks(metrics: Sequence[Any]) -> list[tuple[int, int]]:
    """First metric and the one behind the last, for as few tabulars of about the same width as needed."""
    count = math.ceil(len(metrics) / _MOST_METRICS)
    bounds = [math.ceil(n * len(metrics) / count) for n in range(count + 1)]
    return list(itertools.pairwise(bounds))


def _number(cell: Cell) -> Markup:
    text = re.sub(r"-(?=\d)", "$-$", escape(cell.text))
    text = rf"\textbf{{{text}}}" if cell.best else text
    return Markup(rf"{text}\textsuperscript{{{cell.letter}}}" if cell.letter else text)
