"""The whole report as one HTML page that needs nothing else."""

from collections.abc import Sequence

from ablations.render.cells import SCALE_NOTES
from ablations.render.html import escape, page
from ablations.report.contents import Contents, TableContent
from ablations.report.sections import empty_tables, table_section
from ablations.report.style import STYLE
from ablations.report.verdicts import claims_section, table_anchor

TITLE = "Mask R-CNN: what was reproduced"
_NO_RESULTS = "There are no results yet: <code>python -m ablations run</code> makes them."
_NO_RUNS = "Made from published results, which hold numbers only: there are no training curves and no predictions here."


def report_page(contents: Contents) -> str:
    """HTML that is XML too: head, claims, then every table."""
    full = [content for content in contents.shown if not content.is_empty]
    empty = [content for content in contents.shown if content.is_empty]
    on_page = {content.results.table.id for content in contents.shown}
    parts = [
        *_head(contents, bool(full)),
        _index(full, bool(empty)),
        "<main>",
        claims_section(contents.findings, contents.tables, on_page),
        *(table_section(content, contents.has_runs) for content in full),
        empty_tables(empty),
        "</main>",
    ]
    return page(f"{TITLE}: scale {contents.scale}", filter(None, parts), STYLE)


def _head(contents: Contents, has_results: bool) -> list[str]:
    facts = [f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in contents.facts.items()]
    note = SCALE_NOTES.get(contents.scale, "")
    notes = [escape(note[:1].upper() + note[1:]), "" if contents.has_runs else _NO_RUNS]
    notes += [] if has_results else [_NO_RESULTS]
    return [
        "<header>",
        f"<h1>{TITLE}</h1>",
        "<p>What the paper (He, Gkioxari, Dollár, Girshick, arXiv:1703.06870) claims and prints, beside what was "
        "measured here.</p>",
        *(f'<p class="important">{note}</p>' for note in notes if note),
        '<dl class="facts">',
        *facts,
        "</dl>",
        "</header>",
    ]


def _index(full: Sequence[TableContent], has_empty: bool) -> str:
    """Links to the sections, which stay in sight."""
    links = [("claims", "Claims")]
    links += [(table_anchor(c.results.table.id), c.results.table.id) for c in full]
    links += [("not-run", "not run")] if has_empty else []
    items = "".join(f'<li><a href="#{anchor}">{escape(name)}</a></li>' for anchor, name in links)
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>'
