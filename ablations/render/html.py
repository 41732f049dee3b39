"""Tables in HTML that is XML too: no scripts, nothing loaded from elsewhere, classes in place of styles."""

import re
from collections.abc import Iterable, Sequence
from html import escape as escape_marks

from ablations.evidence.collect import TableResults
from ablations.render.cells import CITED, COLUMN_CLASSES, Cell, PrintedRow, PrintedTable, lay_out
from ablations.render.headers import html_header

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 1.5rem auto; max-width: 80rem; }
.table { margin: 2.5rem 0; padding: 0 1rem; overflow-x: auto; }
table { width: max-content; border-collapse: collapse; border-bottom: 2px solid; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .6rem; }
caption span { display: block; position: sticky; left: 0; max-width: min(75rem, 90vw); }
.title { font-weight: bold; }
.fact, .footnotes { font-size: .85rem; }
.fact, .footnotes, .mark, .paper, .difference { color: #555; }
th, td { padding: .2rem .45rem; text-align: right; font-weight: normal; }
.paper, .ours, .difference { white-space: nowrap; }
th[scope=row], .text { text-align: left; vertical-align: bottom; }
th[scope=row], td.text { max-width: min(14rem, 40vw); }
th[scope=row] { position: sticky; left: 0; background: #fff; }
th[scope=colgroup] { text-align: center; border-bottom: 1px solid; }
thead { border-top: 2px solid; }
tbody { border-top: 1px solid; }
.footnotes { list-style: none; padding: 0; }"""


def html_text(results: Sequence[TableResults]) -> str:
    """A page of tables."""
    return page("Mask R-CNN: " + ", ".join(f"Table {result.table.id}" for result in results), map(fragment, results))


def page(title: str, parts: Iterable[str], style: str = STYLE) -> str:
    """A whole, self-contained page.

    Args:
        title: Shown by the browser, as plain text.
        parts: Content of the body, as HTML.
        style: CSS without "<" and "&".
    """
    head = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style}\n</style>",
        "</head>",
        "<body>",
    ]
    return "\n".join([*head, *(part.rstrip("\n") for part in parts), "</body>", "</html>"]) + "\n"


def fragment(results: TableResults) -> str:
    """One table with its caption and footnotes, as an element to be put into a page."""
    table = lay_out(results)
    deltas = [row for row in table.rows if row.is_delta]
    lines = [
        '<div class="table">',
        "<table>",
        f'<caption><span class="title">{escape(table.title)}</span>',
        *(f'<span class="fact">{escape(fact)}</span>' for fact in table.facts),
        "</caption>",
        *_header(table),
        *_body("rows", [row for row in table.rows if not row.is_delta]),
        *(_body("deltas", deltas) if deltas else ()),
        "</table>",
        *_footnotes(table),
        "</div>",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text for elements and attributes; characters that XML forbids become U+FFFD."""
    return escape_marks(_NOT_XML.sub("\ufffd", text))


def _header(table: PrintedTable) -> list[str]:
    """A row of metrics over a row of paper, ours and difference."""
    stubs = [f'<th scope="col" rowspan="2" class="text">{escape(name)}</th>' for name in ("row", *table.descriptors)]
    spanners = [f'<th scope="colgroup" colspan="3">{html_header(metric, escape)}</th>' for metric in table.metrics]
    columns = zip(COLUMN_CLASSES, table.columns, strict=True)
    names = [f'<th scope="col" class="{kind}">{escape(name)}</th>' for kind, name in columns] * len(table.metrics)
    return ["<thead>", f"<tr>{''.join(stubs + spanners)}</tr>", f"<tr>{''.join(names)}</tr>", "</thead>"]


def _body(kind: str, rows: Sequence[PrintedRow]) -> list[str]:
    return [f'<tbody class="{kind}">', *map(_row, rows), "</tbody>"]


def _row(row: PrintedRow) -> str:
    mark = f' <span class="mark">{CITED}</span>' if row.origin == "cited" else ""
    cells = [f'<th scope="row">{escape(row.label)}{mark}</th>']
    cells += [f'<td class="text">{escape(text)}</td>' for text in row.descriptors]
    kinds = COLUMN_CLASSES * (len(row.numbers) // len(COLUMN_CLASSES))
    cells += [f'<td class="{kind}">{_number(cell)}</td>' for kind, cell in zip(kinds, row.numbers, strict=True)]
    return f'<tr class="{row.origin}">{"".join(cells)}</tr>'


def _number(cell: Cell) -> str:
    text = f"<strong>{escape(cell.text)}</strong>" if cell.best else escape(cell.text)
    return f"{text}<sup>{cell.letter}</sup>" if cell.letter else text


def _footnotes(table: PrintedTable) -> list[str]:
    notes = [f"<li><sup>{letter}</sup> {escape(reason)}</li>" for letter, reason in table.footnotes.items()]
    return ['<ul class="footnotes">', *notes, "</ul>"] if notes else []
