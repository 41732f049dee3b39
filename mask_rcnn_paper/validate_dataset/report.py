"""Findings as text and as JSON."""

import json
from collections import Counter
from typing import Any

from mask_rcnn_paper.validate_dataset.fix import Fixed
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding

EXAMPLES = 5


def render_text(subject: str, findings: list[Finding]) -> str:
    """Findings by rule, errors first, each rule with its first examples.

    Args:
        subject: what was checked, such as a path; starts the first line.
        findings: of all files.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: f.rule.severity != ERROR):
        groups.setdefault(finding.rule.name, []).append(finding)
    lines = [f"{subject}: {_count(findings, ERROR)}, {_count(findings, WARNING)}"]
    for name, found in groups.items():
        rule = found[0].rule
        lines += ["", f"{rule.severity} {name} ({len(found)})"]
        for finding in found[:EXAMPLES]:
            file = "" if finding.section else f"{finding.file} "
            lines.append(f"  {file}{' '.join(filter(None, (finding.place, finding.text)))}")
        if len(found) > EXAMPLES:
            lines.append(f"  and {len(found) - EXAMPLES} more")
        lines.append(f"  cure: {rule.advice}")
    return "\n".join(lines)


def render_fixed(fixed: Fixed, path: str) -> str:
    """What was mended, by rule."""
    lines = ["", f"wrote {path}"]
    lines += [f"  {name}: {count} mended" for name, count in sorted(fixed.mended.items())]
    for (section, name), count in sorted(fixed.dropped.items()):
        lines.append(f"  {name}: {count} {section} dropped")
    return "\n".join(lines if len(lines) > 2 else [*lines, "  nothing had to be mended"])


def render_json(subject: str, findings: list[Finding], fixed: Fixed | None, path: str | None) -> str:
    """All findings, and what was mended if anything was."""
    report: dict[str, Any] = {
        "subject": subject,
        "errors": sum(f.rule.severity == ERROR for f in findings),
        "warnings": sum(f.rule.severity == WARNING for f in findings),
        "counts": dict(Counter(f.rule.name for f in findings)),
        "findings": [finding.as_dict() for finding in findings],
    }
    if fixed is not None:
        dropped: dict[str, dict[str, int]] = {}
        for (section, name), count in fixed.dropped.items():
            dropped.setdefault(section, {})[name] = count
        report["fixed"] = {"file": path, "mended": dict(fixed.mended), "dropped": dropped}
    return json.dumps(report, indent=1, allow_nan=False)


def _count(findings: list[Finding], severity: str) -> str:
    count = sum(finding.rule.severity == severity for finding in findings)
    return f"{count} {severity}{'' if count == 1 else 's'}"
