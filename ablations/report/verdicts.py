"""The claims of the paper and what became of them, as the first section of a report."""

import itertools
from collections.abc import Collection, Mapping, Sequence

from ablations.evidence.findings import Finding
from ablations.paper.judge import CONFIDENCE, INCONCLUSIVE, NOT_REPRODUCED, NOT_RUN, REPRODUCED
from ablations.paper.tables import RowKey, Table
from ablations.render.claim_text import comparison, counts, our_difference, papers_difference
from ablations.render.html import escape
from ablations.report.interval import Scale, common_scale, interval_svg
from ablations.report.labels import metric_label, row_label

SIGNS = {REPRODUCED: "✓", NOT_REPRODUCED: "✗", INCONCLUSIVE: "?", NOT_RUN: "–"}
_MEANINGS = {
    REPRODUCED: "the whole interval agrees with the claim",
    NOT_REPRODUCED: "no part of the interval agrees with it",
    INCONCLUSIVE: "the interval covers both; a single seed has no interval",
    NOT_RUN: "a row of it has no result",
}


def claims_section(findings: Sequence[Finding], tables: Mapping[str, Table], on_page: Collection[str]) -> str:
    """All claims: first those that were measured, by section and sentence; below them, folded, those that were not.

    Args:
        findings: In the order to be shown; may be empty.
        tables: All tables by id, for the names of rows.
        on_page: Ids of the tables that the page shows, which are linked.
    """
    measured = [f for f in findings if f.judgement.verdict != NOT_RUN]
    rest = [f for f in findings if f.judgement.verdict == NOT_RUN]
    scale = common_scale([f for f in measured if f.claim.unit == "AP"])
    lines = ['<section id="claims">', "<h2>Claims</h2>", summary(findings)]
    if measured:
        lines += [_key(scale), *_sections(measured, tables, on_page, scale)]
    elif findings:
        lines.append('<p class="nothing">None of the claims has been measured: their rows have no results yet.</p>')
    if rest:
        lines += ["<details>", f"<summary>Claims that were not run: {len(rest)}</summary>"]
        lines += [*_sections(rest, tables, on_page, scale), "</details>"]
    return "\n".join([*lines, "</section>"])


def summary(findings: Sequence[Finding]) -> str:
    """How many claims have each verdict, and what the verdicts mean."""
    if not findings:
        return '<p class="nothing">The paper makes no claim about these tables.</p>'
    items = [
        f'<li><span class="count">{count}</span> {verdict_mark(verdict)} '
        f'<span class="meaning">{escape(_MEANINGS[verdict])}</span></li>'
        for verdict, count in counts(findings).items()
    ]
    return "\n".join(['<ul class="counts">', *items, "</ul>"])


def verdict_mark(verdict: str) -> str:
    """A verdict in words, with a sign and a colour."""
    return f'<span class="verdict {verdict.replace(" ", "-")}">{SIGNS[verdict]} {verdict}</span>'


def table_anchor(table_id: str) -> str:
    """The id of a table's section in the page."""
    return f"table-{table_id}"


def _key(scale: Scale) -> str:
    """How to read the drawings."""
    place = 'class="drawing" viewBox="0 0 14 14" aria-hidden="true"'
    ours = f'<svg {place}><circle class="mean" cx="7" cy="7" r="4.5"/></svg>'
    paper = f'<svg {place}><path class="papers" d="M2 7 L7 1 L12 7 L7 13 Z"/></svg>'
    zero = f'<svg {place}><line class="zero" x1="7" x2="7" y1="0" y2="14"/></svg>'
    holds = f'<svg {place}><rect class="holds" x="0" y="0" width="14" height="14"/></svg>'
    return (
        f'<p class="key"><span>{ours} our difference, with its {CONFIDENCE:.0%} interval</span> '
        f"<span>{paper} the paper's</span> <span>{zero} zero</span> <span>{holds} where the claim holds</span> "
        f"<span>all drawings reach from {scale.low:+.0f} to {scale.high:+.0f} AP; "
        "only the detector varies with the seed, so no interval covers pre-training and RPN</span></p>"
    )


def _sections(
    findings: Sequence[Finding], tables: Mapping[str, Table], on_page: Collection[str], scale: Scale
) -> list[str]:
    lines = []
    for section, of_section in itertools.groupby(findings, lambda f: f.claim.section):
        lines.append(f"<h3>{escape(f'Section {section}' if section[:1].isdigit() else section)}</h3>")
        for words, group in itertools.groupby(of_section, lambda f: f.claim.words):
            lines += ['<div class="sentence">', f"<blockquote><p>“{escape(words)}”</p></blockquote>", "<ul>"]
            lines += [_claim(finding, tables, on_page, scale) for finding in group]
            lines += ["</ul>", "</div>"]
    return lines


def _claim(finding: Finding, tables: Mapping[str, Table], on_page: Collection[str], scale: Scale) -> str:
    claim, judged = finding.claim, finding.judgement
    names = [_name(key, tables) for key in claim.rows]
    where = ", ".join(_table_name(table_id, on_page) for table_id in dict.fromkeys(t for t, _ in claim.rows))
    parts = [
        verdict_mark(judged.verdict),
        f'<span class="what"><strong>{escape(comparison(claim, *names))}</strong> '
        f"{escape(metric_label(claim.metric))}, {where}</span>",
    ]
    if judged.mean is not None and claim.unit == "AP":
        parts.append(interval_svg(finding, scale))
    ours = f", ours {our_difference(judged, claim.unit)}" if judged.mean is not None else ""
    parts.append(f'<span class="numbers">paper {escape(papers_difference(claim) + ours)}</span>')
    if finding.note:
        parts.append(f'<span class="note">{escape(finding.note)}</span>')
    return f'<li id="claim-{escape(claim.id)}">{" ".join(parts)}</li>'


def _table_name(table_id: str, on_page: Collection[str]) -> str:
    name = f"Table {escape(table_id)}"
    return f'<a href="#{table_anchor(table_id)}">{name}</a>' if table_id in on_page else name


def _name(key: RowKey, tables: Mapping[str, Table]) -> str:
    table = tables[key[0]]
    return row_label(table, table.row(key[1]))
