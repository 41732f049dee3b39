"""A small drawing of a claim: where our difference and its interval lie, the paper's, zero, and where the claim holds.

Drawn here and not by matplotlib: there are dozens, and each is a handful of shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ablations.evidence.findings import Finding
from ablations.paper.judge import GREATER
from ablations.render.claim_text import our_difference, papers_difference

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
        margin = finding.claim.margin
        values += [v for v in (finding.claim.paper, finding.judgement.mean, margin, -margin) if v is not None]
    room = 0.08 * (max(values) - min(values)) or 1.0
    return Scale(min(values) - room, max(values) + room)


def interval_svg(finding: Finding, scale: Scale) -> str:
    """The drawing as an SVG element that takes its colours from the page's style.

    Args:
        finding: One that was measured.
        scale: What its width stands for.
    """
    claim, judged = finding.claim, finding.judgement
    middle = HEIGHT / 2
    left = 0.0 if claim.relation == GREATER else -claim.margin
    right = scale.high if claim.relation == GREATER else claim.margin
    start, end = scale.place(left), scale.place(right)
    shapes = [
        f'<rect class="holds" x="{start}" y="1" width="{round(end - start, 1)}" height="{HEIGHT - 2}"/>',
        f'<line class="zero" x1="{scale.place(0)}" x2="{scale.place(0)}" y1="1" y2="{HEIGHT - 1}"/>',
    ]
    if judged.low is not None and judged.high is not None:
        ends = [scale.place(judged.low), scale.place(judged.high)]
        shapes.append(f'<line class="interval" x1="{ends[0]}" x2="{ends[1]}" y1="{middle}" y2="{middle}"/>')
        for value, x, outwards in ((judged.low, ends[0], -7), (judged.high, ends[1], 7)):
            shapes.append(_cap(x, middle) if scale.covers(value) else _arrow(x, middle, outwards))
    if claim.paper is not None:
        shapes.append(_diamond(scale.place(claim.paper), middle))
    if judged.mean is not None:
        shapes.append(f'<circle class="mean" cx="{scale.place(judged.mean)}" cy="{middle}" r="4.5"/>')
    words = f"paper {papers_difference(claim)}, ours {our_difference(judged, claim.unit)}"
    head = f'<svg class="drawing" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
    return f"{head}{''.join(shapes)}</svg>"


def _cap(x: float, y: float) -> str:
    return f'<line class="interval" x1="{x}" x2="{x}" y1="{y - 5}" y2="{y + 5}"/>'


def _arrow(x: float, y: float, outwards: float) -> str:
    """Says that the interval goes on."""
    return f'<path class="arrow" d="M{round(x + outwards, 1)} {y} L{x} {y - 5} L{x} {y + 5} Z"/>'


def _diamond(x: float, y: float) -> str:
    return f'<path class="papers" d="M{round(x - 5, 1)} {y} L{x} {y - 6} L{round(x + 5, 1)} {y} L{x} {y + 6} Z"/>'
