"""Mend what breaks the rules in a COCO file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mask_rcnn_paper.validate_dataset.checker import CocoChecker
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Violation

_MAX_ROUNDS = 50


@dataclass
class Fixed:
    """What `fix` did.

    Attributes:
        mended: by rule, how many entries were changed.
        dropped: by (section, rule), how many entries were dropped.
        left: violations in the result: errors that cannot be mended, and warnings that need not be.
    """

    mended: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    left: list[Violation] = field(default_factory=list)


def fix(data: Any, checker: CocoChecker, violations: list[Violation], drop_only: bool = False) -> Fixed:
    """Change `data` in place until the checker finds nothing more that can be mended.

    Section by section, since dropping an image leaves annotations without one: then everything is checked anew.

    Args:
        data: content of the file.
        checker: what to check.
        violations: in `data` as it is.
        drop_only: instead of mending, leave out the images and annotations that have errors.
    """
    fixed = Fixed(left=violations)
    for _ in range(_MAX_ROUNDS):
        mendable = [v for v in fixed.left if (_can_drop(v) if drop_only else v.rule.repair)]
        if not mendable:
            return fixed
        section = next(s for s in ("", *SECTIONS) if any(violation.section == s for violation in mendable))
        now = [violation for violation in mendable if violation.section == section]
        if section:
            data[section] = _mend_section(data[section], now, checker.dataset(data), drop_only, fixed)
        else:
            for violation in now:
                violation.rule.repair.mend(data, violation, checker.dataset(data))
                fixed.mended[violation.rule.name] += 1
        fixed.left = checker.check(data)
    raise RuntimeError(f"{checker.file}: repairs did not come to an end: {fixed.left[:3]}")


def _can_drop(violation: Violation) -> bool:
    return violation.rule.severity == ERROR and violation.section in ("images", "annotations")


def _mend_section(entries: list, violations: list[Violation], dataset: Dataset, drop_only: bool, fixed: Fixed) -> list:
    """The entries that are kept, changed in place where a rule says so."""
    dropped: set[int] = set()
    for violation in violations:
        if violation.index in dropped:
            continue
        if not drop_only and violation.rule.repair.mend(entries[violation.index], violation, dataset):
            fixed.mended[violation.rule.name] += 1
        else:
            dropped.add(violation.index)
            fixed.dropped[violation.section, violation.rule.name] += 1
    dataset.follow_renames()
    return [entry for index, entry in enumerate(entries) if index not in dropped]
