"""Findings about the paper's claims, for a terminal and for programs."""

import dataclasses
import itertools
import json
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import TableResults
from ablations.evidence.findings import Finding, row_name
from ablations.paper.judge import CONFIDENCE
from ablations.render.cells import SCALE_NOTES, own_data_note
from ablations.render.claim_text import comparison, counts, our_difference, papers_difference


def claims_text(findings: Sequence[Finding], evidence: TableResults) -> str:
    """The sentences by section, and below each a line for every comparison that it makes."""
    parts = ["\n".join(_header(evidence))]
    for section, of_section in itertools.groupby(findings, lambda f: f.claim.section):
        group = list(of_section)
        grid = tabulate(
            [_cells(finding) for finding in group],
            tablefmt="plain",
            disable_numparse=True,
            colalign=("left", "left", "left", "right", "right", "left", "left"),
        ).split("\n")
        lines = [f"Section {section}" if section[:1].isdigit() else section]
        for words, pairs in itertools.groupby(zip(group, grid, strict=True), lambda p: p[0].claim.words):
            lines += [f'  "{words}"', *(f"    {line.rstrip()}" for _, line in pairs)]
        parts.append("\n".join(lines))
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts(findings).items())
    return "\n\n".join([*parts, f"{len(findings)} claims: {summary}"]) + "\n"


def _header(evidence: TableResults) -> list[str]:
    facts = [f"scale {evidence.scale}", f"data {evidence.data}" if evidence.data else ""]
    facts.append(f"seed{'s' * (len(evidence.seeds) > 1)} {', '.join(map(str, evidence.seeds))}")
    facts.append(f"provider {evidence.provider}" if evidence.provider else "")
    facts.append(f"COCO evaluation {evidence.coco_backend}" if evidence.coco_backend else "")
    lines = ["Claims of the paper: comparison, metric, the paper's difference, ours, verdict"]
    lines += ["; ".join(filter(None, facts)), own_data_note(evidence.own_data), SCALE_NOTES.get(evidence.scale, "")]
    lines.append(f"ours: mean difference over the seeds of both rows [its {CONFIDENCE:.0%} interval by Student's t]")
    # See plan.py.
    lines.append("only the detector varies with the seed: no interval covers pre-training and RPN")
    return list(filter(None, lines))


def _cells(finding: Finding) -> list[str]:
    claim, judged = finding.claim, finding.judgement
    return [
        claim.id,
        comparison(claim),
        claim.metric,
        papers_difference(claim),
        our_difference(judged, claim.unit),
        judged.verdict,
        f"({finding.note})" if finding.note else "",
    ]


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
