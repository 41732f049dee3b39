"""A claim and its finding in words and numbers, for every place that shows them."""

from collections.abc import Sequence

from ablations.evidence.findings import Finding, row_name
from ablations.paper.claims import Claim
from ablations.paper.judge import GREATER, VERDICTS, Judgement


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings have each of `VERDICTS`."""
    return {verdict: sum(f.judgement.verdict == verdict for f in findings) for verdict in VERDICTS}


def comparison(claim: Claim, left: str = "", right: str = "") -> str:
    """As "2b/sigmoid > 2b/softmax".

    Args:
        claim: The claim.
        left: Name of its row, by default as `claims.yaml` writes it.
        right: Name of the other.
    """
    left = left or row_name(claim.row)
    if claim.over is None:
        if claim.pending:
            return left
        right = "0"
    symbol, margin = (">", "") if claim.relation == GREATER else ("≈", f" (± {claim.margin:g})")
    return f"{left} {symbol} {right or row_name(claim.over)}{margin}"


def papers_difference(claim: Claim) -> str:
    """The paper's own difference with its unit, "-" where it prints none."""
    paper = "-" if claim.paper is None else number(claim.paper, claim.unit)
    return paper if claim.unit == "AP" else f"{paper} {claim.unit}"


def our_difference(judged: Judgement, unit: str) -> str:
    """Mean, interval and number of seeds, "-" without any."""
    if judged.mean is None:
        return "-"
    text = number(judged.mean, unit)
    if judged.low is not None:
        text += f" [{number(judged.low, unit)}, {number(judged.high, unit)}]"
    return f"{text} ({judged.count} seed{'s' * (judged.count > 1)})"


def number(value: float, unit: str) -> str:
    """A signed difference; AP with one decimal."""
    # + 0.0 turns -0.0 into 0.0.
    return f"{round(value, 1) + 0.0:+.1f}" if unit == "AP" else f"{value:+g}"
