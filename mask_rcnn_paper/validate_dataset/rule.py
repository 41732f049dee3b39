"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.values import shorten, strict

ERROR, WARNING = "error", "warning"
_LONGEST = 200


@dataclass(frozen=True)
class Rule:
    """Something that data must satisfy.

    Attributes:
        name: identifies the rule in reports.
        severity: `ERROR` or `WARNING`.
        cure: one line: what a user can do.
        fix: what --fix does, such as "drops the annotation"; empty where it can do nothing.
        repair: mends the entry of a finding in place and returns True, or returns False: the entry is to be dropped.
            None where --fix can do nothing.
    """

    name: str
    severity: str
    cure: str
    fix: str = ""
    repair: Callable[[dict, "Finding", Dataset], bool] | None = None

    @property
    def advice(self) -> str:
        """The cure, and what --fix does."""
        return f"{self.cure}; --fix {self.fix}" if self.fix else self.cure


@dataclass(frozen=True)
class Problem:
    """A breach of a rule by one entry of a file, or by a file as a whole.

    Attributes:
        rule: which.
        field: where in the entry, such as "bbox"; empty for the entry itself.
        value: what stands there, or the part of it that matters.
        text: what is wrong, to be read after the field and its value.
    """

    rule: Rule
    field: str
    value: Any
    text: str


@dataclass(frozen=True)
class Finding(Problem):
    """A problem and its place.

    Attributes:
        file: path of the file.
        section: "images", "annotations" or "categories"; empty for the file as a whole.
        index: position of the entry in its section, -1 for the file as a whole.
        id: `id` of the entry; None where it has none.
        image_id: image that an annotation belongs to.
    """

    file: str
    section: str = ""
    index: int = -1
    id: Any = None
    image_id: Any = None

    @property
    def place(self) -> str:
        """Such as `annotation 17 (image 3), bbox=[0, 0, 5]`."""
        words = []
        if self.section:
            kind = {"images": "image", "annotations": "annotation", "categories": "category"}[self.section]
            words.append(f"{kind} {shorten(self.id)}" if self.id is not None else f"{kind} number {self.index + 1}")
            if self.section == "annotations" and self.image_id is not None:
                words[-1] += f" (image {shorten(self.image_id)})"
        if self.field:
            words.append(self.field if self.value is None else f"{self.field}={shorten(self.value)}")
        return ", ".join(words)

    def as_dict(self) -> dict[str, Any]:
        """The finding as values of strict JSON; a long value, such as a mask, is cut to text."""
        value = strict(self.value)
        short = len(shorten(value, _LONGEST + 1)) <= _LONGEST
        return {
            "rule": self.rule.name,
            "severity": self.rule.severity,
            "file": self.file,
            "section": self.section,
            "id": strict(self.id),
            "image_id": strict(self.image_id),
            "field": self.field,
            "value": value if short else shorten(value, _LONGEST),
            "text": self.text,
            "cure": self.rule.advice,
        }


def drop(entry: dict, finding: Finding, dataset: Dataset) -> bool:
    """The repair that drops the entry."""
    return False


def locate(problem: Problem, file: str, section: str, index: int, entry: Any) -> Finding:
    """The finding of a problem of one entry of a section."""
    fields = entry if isinstance(entry, dict) else {}
    image_id = fields.get("image_id") if section == "annotations" else None
    place = (file, section, index, fields.get("id"), image_id)
    return Finding(problem.rule, problem.field, problem.value, problem.text, *place)


def errors(findings: list[Finding]) -> Iterator[Finding]:
    """Those that are no mere warnings."""
    return (finding for finding in findings if finding.rule.severity == ERROR)
