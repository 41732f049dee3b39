"""Mend what rules find wrong in a COCO file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mask_rcnn_paper.validate_dataset.coco import CocoChecker
from mask_rcnn_paper.validate_dataset.dataset import SECTIONS, Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, Finding

_MAX_ROUNDS = 50


@dataclass
class Fixed:
    """What `fix` did.

    Attributes:
        mended: by rule, how many entries were changed.
        dropped: by (section, rule), how many entries were dropped.
        left: findings of the result: errors that cannot be mended, and warnings that need not be.
    """

    mended: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    left: list[Finding] = field(default_factory=list)


def fix(data: Any, checker: CocoChecker, findings: list[Finding], drop_only: bool = False) -> Fixed:
    """Change `data` in place until the checker finds nothing more that can be mended.

    Section by section, since dropping an image leaves annotations without one: then everything is checked anew.

    Args:
        data: content of the file.
        checker: what to check.
        findings: of `data` as it is.
        drop_only: instead of mending, leave out the images and annotations that have errors.
    """
    fixed = Fixed(left=findings)
    for _ in range(_MAX_ROUNDS):
        mendable = [finding for finding in fixed.left if _can_mend(finding, drop_only)]
        if not mendable:
            return fixed
        first = min(mendable, key=lambda finding: _order(finding.section)).section
        now = [finding for finding in mendable if finding.section == first]
        if first:
            data[first] = _mend_section(data[first], now, checker.dataset(data), drop_only, fixed)
        else:
            for finding in now:
                finding.rule.repair(data, finding, checker.dataset(data))
                fixed.mended[finding.rule.name] += 1
        fixed.left = checker.check(data)
    raise RuntimeError(f"{checker.file}: repairs did not come to an end: {fixed.left[:3]}")


def _can_mend(finding: Finding, drop_only: bool) -> bool:
    if drop_only:
        return finding.rule.severity == ERROR and finding.section in ("images", "annotations")
    return finding.rule.repair is not None


def _order(section: str) -> int:
    return SECTIONS.index(section) if section else -1


def _mend_section(entries: list, findings: list[Finding], dataset: Dataset, drop_only: bool, fixed: Fixed) -> list:
    """The entries that are kept, changed in place where a rule says so."""
    dropped: set[int] = set()
    for finding in findings:
        if finding.index in dropped:
            continue
        if not drop_only and finding.rule.repair(entries[finding.index], finding, dataset):
            fixed.mended[finding.rule.name] += 1
        else:
            dropped.add(finding.index)
            fixed.dropped[finding.section, finding.rule.name] += 1
    dataset.follow_renames()
    return [entry for index, entry in enumerate(entries) if index not in dropped]
