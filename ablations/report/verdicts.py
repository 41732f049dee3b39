"""The claims of the paper and what became of them, as values for the template `claims.html`.

Each measured claim has a small drawing: where our difference and its interval lie, the paper's, zero, and where the
claim holds. The template draws it and not matplotlib: there are dozens, and each is a handful of shapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.evidence.findings import Finding
from ablations.paper.tables import RowKey, Table
from ablations.paper.terms import AP
from ablations.render.claims import (
    by_section,
    comparison,
    counts,
    many_verdicts,
    metrics_text,
    our_difference,
    papers_difference,
)
from ablations.render.intervals import SOURCES
from ablations.render.names import metric_label, row_label
from ablations.statistics.estimate import CONFIDENCE
from ablations.statistics.judge import CITED, GREATER, INCONCLUSIVE, NOT_REPRODUCED, NOT_RUN, REPRODUCED

SIGNS = {REPRODUCED: "✓", NOT_REPRODUCED: "✗", INCONCLUSIVE: "?", CITED: "†", NOT_RUN: "–"}
# Of a drawing.
WIDTH, HEIGHT = 300, 30
_MARGIN = 8


@dataclass(frozen=True)
class Scale:
    """The differences at the left and the right end of a drawing."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Horizontal place of a difference, within the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return round(_MARGIN + min(max(share, 0.0), 1.0) * (WIDTH - 2 * _MARGIN), 1)

    def covers(self, value: float) -> bool:
        """Whether it lies within."""
        return self.low <= value <= self.high


def common_scale(findings: Sequence[Finding]) -> Scale:
    """A scale for all of these, so that they can be compared by eye. Intervals may reach beyond it."""
    values = [0.0]
    for finding in findings:
        margin, estimate = finding.claim.margin, finding.judgement.estimate
        values += [v for v in (finding.claim.paper, estimate and estimate.mean, margin, -margin) if v is not None]
    room = 0.08 * (max(values) - min(values)) or 1.0
    return Scale(min(values) - room, max(values) + room)


def claims_values(findings: Sequence[Finding], tables: Mapping[str, Table]) -> dict[str, Any]:
    """What the template shows: claims that were measured apart from those that were not, by section and sentence."""
    measured = [f for f in findings if f.judgement.estimate]
    scale = common_scale([f for f in measured if f.claim.unit == AP])
    return {
        "signs": SIGNS,
        "counts": counts(findings) if findings else {},
        "confidence": f"{CONFIDENCE:.0%}",
        "sources": SOURCES,
        "many": many_verdicts(findings),
        "ends": [f"{end:+.0f}" for end in (scale.low, scale.high)],
        "measured": _sections(measured, tables, scale),
        "unmeasured": _sections([f for f in findings if not f.judgement.estimate], tables, scale),
    }


def _sections(findings: Sequence[Finding], tables: Mapping[str, Table], scale: Scale) -> list[tuple[str, list]]:
    """(heading, [(the paper's words, values of each claim)])."""
    return [
        (heading, [(words, [_claim_values(f, tables, scale) for f in group]) for words, group in sentences])
        for heading, sentences in by_section(findings)
    ]


def _claim_values(finding: Finding, tables: Mapping[str, Table], scale: Scale) -> dict[str, Any]:
    claim, judged = finding.claim, finding.judgement
    ids = list(dict.fromkeys(table_id for table_id, _ in claim.rows))

    def name(key: RowKey) -> str:
        table = tables[key[0]]
        return row_label(table, table.row(key[1])) + (f" ({table.id})" if len(ids) > 1 else "")

    ours = f", ours {our_difference(judged.estimate, claim.unit)}" if judged.estimate else ""
    return {
        "id": claim.id,
        "verdict": judged.verdict,
        "comparison": comparison(claim, name),
        "metric": metric_label(metrics_text(claim)),
        "tables": ids,
        "numbers": f"paper {papers_difference(claim)}{ours}",
        "note": finding.note,
        "drawing": drawing_values(finding, scale) if judged.estimate and claim.unit == AP else None,
    }


def drawing_values(finding: Finding, scale: Scale) -> dict[str, Any]:
    """Horizontal places of the shapes that draw a measured claim, None for what it has not; `words` say the same."""
    claim, estimate = finding.claim, finding.judgement.estimate
    holds = (0.0, scale.high) if claim.relation == GREATER else (-claim.margin, claim.margin)
    ends = estimate.interval(estimate.over_both) if estimate.over_both else ()
    return {
        "size": (WIDTH, HEIGHT),
        "words": f"paper {papers_difference(claim)}, ours {our_difference(estimate, claim.unit)}",
        "holds": tuple(map(scale.place, holds)),
        "zero": scale.place(0),
        "paper": None if claim.paper is None else scale.place(claim.paper),
        "mean": scale.place(estimate.mean),
        # Each end of the interval, and whether it goes on.
        "interval": [(scale.place(end), not scale.covers(end)) for end in ends],
    }
