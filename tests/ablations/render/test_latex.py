"""The structure of the LaTeX, by a reader of its own: there may be no LaTeX where the tests run."""

import re

import pytest

from ablations.render.latex import escape, header_text, latex_text
from tests.ablations.render import samples

PREAMBLE = r"% Needs \usepackage{booktabs,graphicx,amssymb} and UTF-8 input."
# LaTeX's own, and those of the packages that the preamble names.
STANDARD = set(
    "begin end caption label centering ifdim width linewidth else fi par smallskip medskip footnotesize raggedright"
    " multicolumn textbf textsuperscript textbackslash textasciitilde textasciicircum textless textgreater textbar"
    " allowbreak textendash textemdash dots dag pm times cdot to leq geq mathrm".split()
)
PACKAGES = {
    "booktabs": {"toprule", "midrule", "bottomrule", "cmidrule"},
    "graphicx": {"resizebox"},
    "amssymb": {"checkmark"},
}


TABULAR = re.compile(r"\\begin\{tabular\}\{([lr]+)\}\n(.*?)\\end\{tabular\}", re.DOTALL)
DOCUMENTS = ["awkward", *samples.TABLES()]


def text_of(document):
    """LaTeX of the awkward sample, or of a table of the paper without results, with its footnotes."""
    if document == "awkward":
        return latex_text([samples.awkward()])
    rows = samples.TABLES()[document].rows
    notes = {row.id: (row.why_not_run,) * len(row.paper) for row in rows}
    return latex_text([samples.results_of(document, notes=notes)])


def columns(row):
    """Columns that a row of a tabular fills."""
    spans = [re.match(r"\s*\\multicolumn\{(\d+)\}", cell) for cell in re.split(r"(?<!\\)&", row)]
    return sum(int(span[1]) if span else 1 for span in spans)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_row_fills_the_columns_that_are_declared(document):
    """Headers, rules under them, rows, deltas."""
    for alignment, body in TABULAR.findall(text_of(document)):
        lines = [line for line in body.splitlines() if not re.match(r"\\(top|mid|bottom|cmid)rule", line)]
        assert all(line.endswith(r" \\") for line in lines)
        assert {columns(line) for line in lines} == {len(alignment)}
        rules = re.findall(r"\\cmidrule\(lr\)\{(\d+)-(\d+)\}", body)
        assert int(rules[-1][1]) == len(alignment)
        assert len(rules) == body.count(r"\multicolumn")


@pytest.mark.parametrize("table, blocks", [("2a", [3]), ("4", [3, 2]), ("1", [3, 3]), ("7", [4, 4, 3])])
def test_many_metrics_stand_in_several_tabulars(table, blocks):
    """Beside each other they would be shrunk until nobody can read them; every number is printed once."""
    found = TABULAR.findall(text_of(table))
    assert [alignment.count("r") // 3 for alignment, _ in found] == blocks
    numbers = re.findall(r"\d+\.\d", "".join(body for _, body in found))
    printed = [str(number) for row in samples.TABLES()[table].rows for number in row.paper if number is not None]
    assert sorted(numbers) == sorted(printed)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_environments_braces_and_math_are_balanced(document):
    """Every \\begin has its \\end, in order; math opens and closes in its line and is never empty."""
    text = text_of(document)
    stack = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    assert text.startswith(PREAMBLE)
    bare = re.sub(r"\\[\\{}$&%#_]", "", text)
    assert bare.count("{") == bare.count("}")
    # Even where two formulas meet, as in $\cdot$$\to$, none is empty, which would open a display.
    assert all(line.count("$") % 2 == 0 and all(line.split("$")[1::2]) for line in bare.splitlines())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_only_standard_commands_and_characters_are_used(document):
    """Those of LaTeX and of the packages that the first line names; a bare %, # or & is nowhere outside its place."""
    text = text_of(document).removeprefix(PREAMBLE)
    commands = set(re.findall(r"(?<!\\)(?:\\\\)*\\([A-Za-z]+)", text))
    assert commands <= STANDARD.union(*PACKAGES.values())
    assert all(name in PREAMBLE for name in PACKAGES)
    bare = re.sub(r"\\[\\{}$&%#_]", "", text)
    assert "#" not in bare
    assert set(re.findall("%.*", bare)) == {"%"}
    assert all(character.isascii() or character == "é" for character in text)
    outside = re.sub(r"\$[^$]*\$", "", bare)
    assert not {"_", "^"} & set(outside)


def test_special_characters_print_as_themselves():
    """Each of TeX's ten, signs, letters with accents; brackets and stars are not taken for arguments of a line end."""
    assert escape("a_b & 5% #1 ${x}$") == r"a\_b \& 5\% \#1 \$\{x\}\$"
    assert escape("\\~^") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}"
    assert escape("[a] *") == "{[}a{]} {*}"
    assert escape("--x ---") == "-{}-x -{}-{}-"
    assert escape("28²±→✓ é\tЖ") == r"28$^2$$\pm$$\to$\checkmark{} é {[}U+0416{]}"


def test_labels_have_no_special_characters():
    """\\label{tab:2_x} would be legal, and a nuisance."""
    assert r"\label{tab:2-x}" in latex_text([samples.awkward()])


@pytest.mark.parametrize(
    "header, tex",
    [
        ("AP", "AP"),
        ("AP_50", r"AP$_{\mathrm{50}}$"),
        ("AP^bb_50", r"AP$^{\mathrm{bb}}_{\mathrm{50}}$"),
        ("AP^bb - AP", r"AP$^{\mathrm{bb}}$ - AP"),
        ("AP [val] & more", r"AP {[}val{]} \& more"),
        ("AP_ --x", r"AP\_ -{}-x"),
    ],
)
def test_scripts_of_headers_become_math(header, tex):
    """The rest of a header is escaped."""
    assert header_text(header) == tex
