"""Violations as text and as JSON, where they are called findings."""

import json
from collections import Counter, defaultdict
from typing import Any

from mask_rcnn_paper.validate_dataset.checker import Fixed
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Violation

EXAMPLES = 5


def render_text(subject: str, violations: list[Violation], fixed: Fixed | None = None, path: str | None = None) -> str:
    """Violations by rule, errors first, each rule with its first examples; then what was mended in the copy at `path`.

    The subject is what was checked, such as a path; it starts the first line.
    """
    counts = Counter(violation.rule.severity for violation in violations)
    totals = [f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in (ERROR, WARNING)]
    lines = [f"{subject}: {', '.join(totals)}"]
    by_rule = defaultdict(list)
    for violation in violations:
        by_rule[violation.rule].append(violation)
    for rule, found in sorted(by_rule.items(), key=lambda item: item[0].severity != ERROR):
        lines += ["", f"{rule.severity} {rule.name} ({len(found)})"]
        for violation in found[:EXAMPLES]:
            file = "" if violation.section else f"{violation.file} "
            lines.append(f"  {file}{' '.join(filter(None, (violation.place, violation.text)))}")
        if len(found) > EXAMPLES:
            lines.append(f"  and {len(found) - EXAMPLES} more")
        lines.append(f"  cure: {rule.advice}")
    if fixed is not None:
        changed = [f"  {name}: {count} mended" for name, count in sorted(fixed.mended.items())]
        changed += [f"  {rule}: {count} {section} dropped" for (section, rule), count in sorted(fixed.dropped.items())]
        lines += ["", f"wrote {path}", *(changed or ["  nothing had to be mended"])]
    return "\n".join(lines)


def render_json(subject: str, violations: list[Violation], fixed: Fixed | None = None, path: str | None = None) -> str:
    """All violations, and what was mended if anything was; arguments as `render_text`."""
    counts = Counter(violation.rule.severity for violation in violations)
    report: dict[str, Any] = {
        "subject": subject,
        "errors": counts[ERROR],
        "warnings": counts[WARNING],
        "counts": dict(Counter(violation.rule.name for violation in violations)),
        "findings": [violation.as_dict() for violation in violations],
    }
    if fixed is not None:
        dropped = defaultdict(dict)
        for (section, rule), count in fixed.dropped.items():
            dropped[section][rule] = count
        report["fixed"] = {"file": path, "mended": fixed.mended, "dropped": dropped}
    return json.dumps(report, indent=1, allow_nan=False)
