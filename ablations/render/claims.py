"""The paper's claims and what became of them, in words and numbers: for every place that shows them, and in full."""

import dataclasses
import itertools
import json
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import TableResults
from ablations.evidence.findings import Finding, row_name
from ablations.paper.claims import Claim
from ablations.statistics.judge import CONFIDENCE, GREATER, VERDICTS, Judgement
from ablations.render.cells import SCALE_NOTES, own_data_note, runs_line


def claims_text(findings: Sequence[Finding], evidence: TableResults) -> str:
    """The sentences by section, and below each a line for every comparison that it makes."""
    head = (
        "Claims of the paper: comparison, metric, the paper's difference, ours, verdict",
        runs_line(evidence),
        own_data_note(evidence.own_data),
        SCALE_NOTES.get(evidence.scale, ""),
        f"ours: mean difference over the seeds of both rows [its {CONFIDENCE:.0%} interval by Student's t]",
        # See plan.py.
        "only the detector varies with the seed: no interval covers pre-training and RPN",
    )
    parts = ["\n".join(filter(None, head))]
    for heading, sentences in by_section(findings):
        cells = [_cells(finding) for _, group in sentences for finding in group]
        aligned = ("left", "left", "left", "right", "right", "left", "left")
        grid = iter(tabulate(cells, tablefmt="plain", disable_numparse=True, colalign=aligned).split("\n"))
        lines = [heading]
        for words, group in sentences:
            lines += [f'  "{words}"', *(f"    {next(grid).rstrip()}" for _ in group)]
        parts.append("\n".join(lines))
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts(findings).items())
    return "\n\n".join([*parts, f"{len(findings)} claims: {summary}"]) + "\n"


def _cells(finding: Finding) -> list[str]:
    claim, judged = finding.claim, finding.judgement
    numbers = papers_difference(claim), our_difference(judged, claim.unit)
    note = f"({finding.note})" if finding.note else ""
    return [claim.id, comparison(claim), claim.metric, *numbers, judged.verdict, note]


def claims_json(findings: Sequence[Finding], evidence: TableResults) -> str:
    """Everything, with unrounded numbers."""
    facts = {key: getattr(evidence, key) for key in ("scale", "data", "own_data", "provider", "coco_backend")}
    facts |= {"seeds": list(evidence.seeds), "confidence": CONFIDENCE, "counts": counts(findings)}
    facts["claims"] = [_entry(finding) for finding in findings]
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _entry(finding: Finding) -> dict[str, Any]:
    claim = dataclasses.asdict(finding.claim)
    claim |= {"row": row_name(finding.claim.row), "over": finding.claim.over and row_name(finding.claim.over)}
    judged = dataclasses.asdict(finding.judgement) | {"note": finding.note}
    return claim | {"differences": {str(seed): value for seed, value in finding.differences.items()}} | judged


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings have each of `VERDICTS`."""
    return {verdict: sum(f.judgement.verdict == verdict for f in findings) for verdict in VERDICTS}


def by_section(findings: Sequence[Finding]) -> list[tuple[str, list[tuple[str, list[Finding]]]]]:
    """(heading, [(the paper's words, what is found of them)]); an appendix says in its name that it is one."""
    sections = []
    for section, of_section in itertools.groupby(findings, lambda f: f.claim.section):
        sentences = [(words, list(group)) for words, group in itertools.groupby(of_section, lambda f: f.claim.words)]
        sections.append((f"Section {section}" if section[:1].isdigit() else section, sentences))
    return sections


def comparison(claim: Claim, left: str = "", right: str = "") -> str:
    """As "2b/sigmoid > 2b/softmax", or with other names of its rows, `left` and `right`."""
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
