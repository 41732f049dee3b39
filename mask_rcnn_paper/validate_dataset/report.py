"""Violations as text and as JSON, where they are called findings."""

import json
from collections import Counter
from typing import Any

from mask_rcnn_paper.validate_dataset.fix import Fixed
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Violation

EXAMPLES = 5


def render_text(subject: str, violations: list[Violation]) -> str:
    """Violations by rule, errors first, each rule with its first examples.

    Args:
        subject: what was checked, such as a path; starts the first line.
        violations: of all files.
    """
    by_rule: dict[str, list[Violation]] = {}
    for violation in sorted(violations, key=lambda v: v.rule.severity != ERROR):
        by_rule.setdefault(violation.rule.name, []).append(violation)
    lines = [f"{subject}: {_count(violations, ERROR)}, {_count(violations, WARNING)}"]
    for name, found in by_rule.items():
        rule = found[0].rule
        lines += ["", f"{rule.severity} {name} ({len(found)})"]
        for violation in found[:EXAMPLES]:
            file = "" if violation.section else f"{violation.file} "
            lines.append(f"  {file}{' '.join(filter(None, (violation.place, violation.text)))}")
        if len(found) > EXAMPLES:
            lines.append(f"  and {len(found) - EXAMPLES} more")
        lines.append(f"  cure: {rule.advice}")
    return "\n".join(lines)


def _count(violations: list[Violation], severity: str) -> str:
    count = sum(violation.rule.severity == severity for violation in violations)
    return f"{count} {severity}{'' if count == 1 else 's'}"


def render_fixed(fixed: Fixed, path: str) -> str:
    """What was mended, by rule."""
    lines = [f"  {name}: {count} mended" for name, count in sorted(fixed.mended.items())]
    lines += [f"  {name}: {count} {section} dropped" for (section, name), count in sorted(fixed.dropped.items())]
    return "\n".join(["", f"wrote {path}", *(lines or ["  nothing had to be mended"])])


def render_json(subject: str, violations: list[Violation], fixed: Fixed | None, path: str | None) -> str:
    """All violations, and what was mended if anything was."""
    report: dict[str, Any] = {
        "subject": subject,
        "errors": sum(violation.rule.severity == ERROR for violation in violations),
        "warnings": sum(violation.rule.severity == WARNING for violation in violations),
        "counts": dict(Counter(violation.rule.name for violation in violations)),
        "findings": [violation.as_dict() for violation in violations],
    }
    if fixed is not None:
        dropped: dict[str, dict[str, int]] = {}
        for (section, name), count in fixed.dropped.items():
            dropped.setdefault(section, {})[name] = count
        report["fixed"] = {"file": path, "mended": dict(fixed.mended), "dropped": dropped}
    return json.dumps(report, indent=1, allow_nan=False)
