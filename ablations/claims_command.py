"""`python -m ablations claims`: judge the paper's claims by the results there are, and print the verdicts."""

import argparse
import dataclasses
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ablations.claims import Claim, load_claims, select_claims
from ablations.findings import Finding, find, row_name
from ablations.judge import CONFIDENCE, GREATER, VERDICTS, Judgement
from ablations.plan import make_plan
from ablations.render.cells import SCALE_NOTES
from ablations.results import TableResults
from ablations.source import choose_source
from ablations.tables import load_tables
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.results import config_hash
from mask_rcnn_paper.scales import load_cfg


def judge_claims(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`claims`: print a verdict for each claim."""
    with one_line_errors("ablations"):
        output = Path(args.output).resolve()
        source = choose_source(output, args.scale, args.published, fall_back=True)
        seeds = list(dict.fromkeys(source.seeds if args.seeds is None else args.seeds))
        if min(seeds) < 0:
            raise ValueError(f"--seeds {min(seeds)}: must be at least 0")
        tables = load_tables()
        claims = select_claims(load_claims(tables), args.tables)
        rows = {key: tables[key[0]].row(key[1]) for claim in claims if not claim.pending for key in claim.rows}
        built = {key: row for key, row in rows.items() if row.config}
        plan = make_plan(built, seeds, args.scale, output, load_cfg, config_hash, opts)
        findings, evidence = find(claims, tables, plan, seeds, source.status_of)
    print({"text": _text, "json": _json}[args.format](findings, evidence), end="")
    return 0


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {verdict: sum(f.judgement.verdict == verdict for f in findings) for verdict in VERDICTS}


def _text(findings: Sequence[Finding], evidence: TableResults) -> str:
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
    counts = ", ".join(f"{count} {verdict}" for verdict, count in _counts(findings).items())
    return "\n\n".join([*parts, f"{len(findings)} claims: {counts}"]) + "\n"


def _header(evidence: TableResults) -> list[str]:
    facts = [f"scale {evidence.scale}", f"data {evidence.data}" if evidence.data else ""]
    facts.append(f"seed{'s' * (len(evidence.seeds) > 1)} {', '.join(map(str, evidence.seeds))}")
    facts.append(f"provider {evidence.provider}" if evidence.provider else "")
    facts.append(f"COCO evaluation {evidence.coco_backend}" if evidence.coco_backend else "")
    lines = ["Claims of the paper: comparison, metric, the paper's difference, ours, verdict"]
    lines += ["; ".join(filter(None, facts)), SCALE_NOTES.get(evidence.scale, "")]
    lines.append(f"ours: mean difference over the seeds of both rows [its {CONFIDENCE:.0%} interval by Student's t]")
    # See plan.py.
    lines.append("only the detector varies with the seed: no interval covers pre-training and RPN")
    return list(filter(None, lines))


def _cells(finding: Finding) -> list[str]:
    claim, judged = finding.claim, finding.judgement
    paper = "-" if claim.paper is None else _number(claim.paper, claim.unit)
    return [
        claim.id,
        _comparison(claim),
        claim.metric,
        paper if claim.unit == "AP" else f"{paper} {claim.unit}",
        _ours(judged, claim.unit),
        judged.verdict,
        f"({finding.note})" if finding.note else "",
    ]


def _comparison(claim: Claim) -> str:
    """As "2b/sigmoid > 2b/softmax"."""
    if claim.pending and claim.over is None:
        return row_name(claim.row)
    other = "0" if claim.over is None else row_name(claim.over)
    symbol, margin = (">", "") if claim.relation == GREATER else ("≈", f" (± {claim.margin:g})")
    return f"{row_name(claim.row)} {symbol} {other}{margin}"


def _ours(judged: Judgement, unit: str) -> str:
    if judged.mean is None:
        return "-"
    text = _number(judged.mean, unit)
    if judged.low is not None:
        text += f" [{_number(judged.low, unit)}, {_number(judged.high, unit)}]"
    return f"{text} ({judged.count} seed{'s' * (judged.count > 1)})"


def _number(value: float, unit: str) -> str:
    # + 0.0 turns -0.0 into 0.0.
    return f"{round(value, 1) + 0.0:+.1f}" if unit == "AP" else f"{value:+g}"


def _json(findings: Sequence[Finding], evidence: TableResults) -> str:
    """Everything, with unrounded numbers."""
    facts = {key: getattr(evidence, key) for key in ("scale", "data", "provider", "coco_backend")}
    facts |= {"seeds": list(evidence.seeds), "confidence": CONFIDENCE, "counts": _counts(findings)}
    facts["claims"] = [_entry(finding) for finding in findings]
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _entry(finding: Finding) -> dict[str, Any]:
    claim = dataclasses.asdict(finding.claim)
    claim |= {"row": row_name(finding.claim.row), "over": finding.claim.over and row_name(finding.claim.over)}
    judged = dataclasses.asdict(finding.judgement) | {"note": finding.note}
    return claim | {"differences": {str(seed): value for seed, value in finding.differences.items()}} | judged
