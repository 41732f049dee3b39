"""What a rule is, how data break it, and what mends them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mask_rcnn_paper.coco.values import shorten, strict
from mask_rcnn_paper.validate_dataset.dataset import Dataset

ERROR, WARNING = "error", "warning"
_LONGEST = 200


@dataclass(frozen=True)
class Repair:
    """What --fix does where a rule is broken; `@repair(text)` makes one of a function.

    Attributes:
        text: says it, such as "drops the annotation".
        mend: changes an entry in place and returns True, or returns False: the entry is to be dropped.
    """

    text: str
    mend: Callable[[dict, "Violation", Dataset], bool]


@dataclass(frozen=True)
class Rule:
    """Something that data must satisfy.

    Attributes:
        name: identifies the rule in reports.
        cure: one line: what a user can do.
        repair: what --fix does; None where it can do nothing.
        severity: `ERROR` or `WARNING`.
    """

    name: str
    cure: str
    repair: Repair | None = None
    severity: str = ERROR

    @property
    def advice(self) -> str:
        """The cure, and what --fix does."""
        return f"{self.cure}; --fix {self.repair.text}" if self.repair else self.cure


@dataclass(frozen=True)
class Violation:
    """A breach of a rule, and its place. A check knows the field; who applies the check adds the rest with `locate`.

    Attributes:
        rule: which.
        field: where in the entry, such as "bbox"; empty for the entry itself.
        value: what stands there, or the part of it that matters.
        text: what is wrong, to be read after the field and its value.
        file: path of the file.
        section: "images", "annotations" or "categories"; empty for the file as a whole.
        index: position of the entry in its section, -1 for the file as a whole.
        id: `id` of the entry; None where it has none.
        image_id: image that an annotation belongs to.
    """

    rule: Rule
    field: str
    value: Any
    text: str
    file: str = ""
    section: str = ""
    index: int = -1
    id: Any = None
    image_id: Any = None

    def locate(self, file: Any, section: str = "", index: int = -1, entry: Any = None) -> "Violation":
        """The same in an entry of a section of a file, or in a file as a whole."""
        fields = entry if isinstance(entry, dict) else {}
        image_id = fields.get("image_id") if section == "annotations" else None
        return replace(self, file=str(file), section=section, index=index, id=fields.get("id"), image_id=image_id)

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
        """The violation as values of strict JSON; a long value, such as a mask, is cut to text."""
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


Check = Callable[[Any, Dataset], Iterable[Violation]]
"""Yields what is wrong with an entry, not located yet."""


def errors(violations: list[Violation]) -> Iterator[Violation]:
    """Those that are no mere warnings."""
    return (violation for violation in violations if violation.rule.severity == ERROR)


def repair(text: str) -> Callable[[Callable[[dict, Violation, Dataset], bool]], Repair]:
    """Make the decorated function, which mends entries, a repair with this text."""
    return partial(Repair, text)


def drops(what: str) -> Repair:
    """The repair that drops the entry."""
    return Repair(f"drops {what}", lambda entry, violation, dataset: False)


def field_check(rule: Rule, field: str, is_legal: Callable[[Any], bool], legal: str) -> Check:
    """The check that a field of an entry is there and legal, for rules that need to know no more."""

    def check(entry: dict, dataset: Dataset) -> Iterator[Violation]:
        value = entry.get(field)
        if not is_legal(value):
            yield Violation(rule, field, value, "is missing" if value is None else f"must be {legal}")

    return check
