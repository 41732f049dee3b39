"""The paper's claims and what became of them, in words and numbers: for every place that shows them, and in full."""

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import TableResults
from ablations.evidence.findings import Finding, row_name
from ablations.paper.claims import Claim
from ablations.paper.tables import RowKey
from ablations.paper.terms import TIMES, Side, is_ratio, to_unit
from ablations.render.facts import SCALE_NOTES, by_hand_line, differing_line, own_data_note, runs_line
from ablations.render.intervals import SOURCES, sources_text
from ablations.render.signature import signature
from ablations.statistics.estimate import CONFIDENCE, Estimate
from ablations.statistics.judge import GREATER, INCONCLUSIVE, VERDICTS
from ablations.statistics.multiplicity import benjamini_hochberg, expected_false, holm


def claims_text(findings: Sequence[Finding], evidence: TableResults) -> str:
    """The sentences by section, and below each a line for every comparison that it makes."""
    parts = ["\n".join(facts_about(evidence))]
    for heading, sentences in by_section(findings):
        cells = [_cells(finding) for _, group in sentences for finding in group]
        aligned = ("left", "left", "left", "right", "right", "left", "left")
        grid = iter(tabulate(cells, tablefmt="plain", disable_numparse=True, colalign=aligned).split("\n"))
        lines = [heading]
        for words, group in sentences:
            lines += [f'  "{words}"', *(f"    {next(grid).rstrip()}" for _ in group)]
        parts.append("\n".join(lines))
    *tail, last = summary(findings, evidence)
    return "\n\n".join([*parts, "\n".join(tail), last]) + "\n"


def facts_about(evidence: TableResults) -> list[str]:
    """What a reader must know before the verdicts."""
    facts = (
        "Claims of the paper: comparison, metric, the paper's difference, ours, verdict",
        runs_line(evidence),
        by_hand_line(evidence),
        differing_line(evidence),
        own_data_note(evidence.own_data),
        SCALE_NOTES.get(evidence.scale, ""),
        f"ours: mean difference over the seeds of all its rows [its {CONFIDENCE:.0%} interval over all sources]",
        SOURCES,
        # See plan.py.
        "only the detector varies with the seed: no interval covers pre-training and RPN",
    )
    return list(filter(None, facts))


def summary(findings: Sequence[Finding], evidence: TableResults) -> list[str]:
    """What stands below the verdicts; the last line counts them."""
    totals = ", ".join(f"{count} {verdict}" for verdict, count in counts(findings).items())
    tail = filter(None, (many_verdicts(findings), signature(evidence)))
    what = "claim" if len(findings) == 1 else "claims"
    return [*tail, f"{len(findings)} {what}: {totals}"]


def _cells(finding: Finding) -> list[str]:
    claim, judged = finding.claim, finding.judgement
    numbers = papers_difference(claim), our_difference(judged.estimate, claim.unit)
    note = f"({finding.note})" if finding.note else ""
    return [claim.id, comparison(claim), metrics_text(claim), *numbers, judged.verdict, note]


def claims_json(findings: Sequence[Finding], evidence: TableResults) -> str:
    """Everything, with unrounded numbers."""
    keys = ("scale", "data", "own_data", "provider", "coco_backend", "precision")
    facts = {key: getattr(evidence, key) for key in keys} | {"signature": signature(evidence)}
    facts |= {"seeds": list(evidence.seeds), "confidence": CONFIDENCE, "counts": counts(findings)}
    judged = _judged(findings)
    facts |= {"judged": len(judged), "false_verdicts_expected": expected_false(len(judged))}
    p_values = [finding.judgement.p for finding in judged]
    adjusted = zip((f.claim.id for f in judged), holm(p_values), benjamini_hochberg(p_values), strict=True)
    corrected = {claim: {"p_holm": of_all, "p_benjamini_hochberg": of_given} for claim, of_all, of_given in adjusted}
    none = dict.fromkeys(("p_holm", "p_benjamini_hochberg"))
    facts["claims"] = [_entry(finding) | corrected.get(finding.claim.id, none) for finding in findings]
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _entry(finding: Finding) -> dict[str, Any]:
    """Numbers in the claim's unit; null for what it has not."""
    claim, judged = finding.claim, finding.judgement
    entry = {key: getattr(claim, key) for key in ("id", "section", "words", "relation", "unit", "pending")}
    over = claim.right and rows_text(claim.right)
    entry |= {"row": rows_text(claim.left), "over": over, "metric": metrics_text(claim)}
    entry["terms"] = [{"row": row_name(key), "metric": m, "weight": w} for (key, m), w in claim.terms.items()]
    estimate = judged.estimate
    numbers = {"margin": claim.margin or None, "paper": claim.paper, "mean": estimate and estimate.mean}
    for prefix, source in (("", "over_both"), ("seeds_", "over_seeds"), ("images_", "over_images")):
        found = estimate and getattr(estimate, source)
        low, high = estimate.interval(found) if found else (None, None)
        numbers |= {f"{prefix}low": low, f"{prefix}high": high}
    entry |= {name: None if value is None else to_unit(value, claim.unit) for name, value in numbers.items()}
    entry["differences"] = {str(seed): to_unit(value, claim.unit) for seed, value in finding.differences.items()}
    count = estimate.count if estimate else 0
    freedom = estimate.over_both.freedom if estimate and estimate.over_both else None
    entry |= {"count": count, "freedom": freedom if freedom != math.inf else None}
    return entry | {"verdict": judged.verdict, "p": judged.p, "note": finding.note}


def many_verdicts(findings: Sequence[Finding]) -> str:
    """How far many verdicts together can be believed; "" without any that could be wrong."""
    judged = _judged(findings)
    given = sum(finding.judgement.verdict != INCONCLUSIVE for finding in judged)
    if not given:
        return ""
    p_values = [finding.judgement.p for finding in judged]
    of_all, of_given = (sum(p <= 1 - CONFIDENCE for p in adjust(p_values)) for adjust in (holm, benjamini_hochberg))
    one_by_one = f"of {len(judged)} judged one by one up to {expected_false(len(judged)):.1f} are wrong on average"
    together = f"of {given} verdicts {of_all} stand by Holm's method for all together"
    return f"{one_by_one}; {together}, {of_given} by Benjamini and Hochberg's"


def _judged(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.judgement.p is not None]


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


def comparison(claim: Claim, name: Callable[[RowKey], str] = row_name) -> str:
    """As "2b/sigmoid > 2b/softmax", or with other names of its rows."""
    left = rows_text(claim.left, name)
    if claim.right is None and claim.pending:
        return left
    right = rows_text(claim.right, name) if claim.right else "0"
    if claim.relation == GREATER:
        return f"{left} > {right}"
    unit = "" if claim.unit == "AP" else f" {claim.unit}"
    return f"{left} ≈ {right} (± {to_unit(claim.margin, claim.unit):g}{unit})"


def rows_text(side: Side, name: Callable[[RowKey], str] = row_name) -> str:
    """The rows of a side as `claims.yaml` writes them."""
    return _sum_text({name(key): weight for key, weight in side.rows.items()})


def metrics_text(claim: Claim) -> str:
    """As "segm/AP"; that of both sides where they differ."""
    sides: list[Side] = [claim.left, *filter(None, (claim.right,))]
    return " vs ".join(dict.fromkeys(_sum_text(side.metrics) for side in sides))


def _sum_text(weights: Mapping[str, float]) -> str:
    """As `claims.yaml` writes it: "a, b - c" is the mean of a and b, minus c."""
    signs = (", ".join(name for name, weight in weights.items() if weight * sign > 0) for sign in (1, -1))
    return " - ".join(filter(None, signs))


def papers_difference(claim: Claim) -> str:
    """The paper's own difference with its unit, "-" where it prints none."""
    return "-" if claim.paper is None else number(claim.paper, claim.unit)


def our_difference(estimate: Estimate | None, unit: str) -> str:
    """Mean, interval, number of seeds, and how much comes from each source; "-" without any.

    What is known exactly has no interval.
    """
    if estimate is None:
        return "-"
    text = number(estimate.mean, unit)
    if estimate.over_both and estimate.over_both.variance:
        low, high = estimate.interval(estimate.over_both)
        text += f" [{number(low, unit)}, {number(high, unit)}]"
    seeds = f"{estimate.count} seed{'s' * (estimate.count > 1)}"
    return f"{text} ({'; '.join(filter(None, (seeds, sources_text(estimate, is_ratio(unit)))))})"


def number(difference: float, unit: str) -> str:
    """A difference with its sign; AP with one decimal and without its name. A number of times has no sign."""
    if unit == "AP":
        # + 0.0 turns -0.0 into 0.0.
        return f"{round(difference, 1) + 0.0:+.1f}"
    return f"{to_unit(difference, unit):{'' if unit == TIMES else '+'}.3g} {unit}"
