"""What a rule is, how data break it, and what mends them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mask_rcnn_paper.coco.values import shorten, strict
from mask_rcnn_paper.validate_dataset.dataset import Dataset

ERROR, WARNING = "error", "warning"
_LONGEST = 200
_KINDS = {"images": "image", "annotations": "annotation", "categories": "category"}


class Repair(NamedTuple):
    """What --fix does where a rule is broken, in words and in deed.

    `mend` changes an entry in place and returns True, or returns False where the entry is to be dropped.
    """

    text: str
    mend: Callable[[dict, "Violation", Dataset], bool]


@dataclass(frozen=True)
class Rule:
    """Something that data must satisfy; `cure` is a line on what a user can do."""

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

    `field` is where in the entry, such as "bbox", and empty for the entry itself; `value` what stands there, or the
    part of it that matters; `text` what is wrong, to be read after both. `section` is empty and `index`, the position
    of the entry in its section, -1 for the file as a whole; `image_id` is the image that an annotation belongs to.
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
            which = f"number {self.index + 1}" if self.id is None else shorten(self.id)
            image = "" if self.image_id is None else f" (image {shorten(self.image_id)})"
            words.append(f"{_KINDS[self.section]} {which}{image}")
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


def sets(field: str, text: str, value: Callable[[dict, Dataset], Any]) -> Repair:
    """The repair that gives a field of the entry a new value, or drops the entry where that is None."""

    def mend(entry: dict, violation: Violation, dataset: Dataset) -> bool:
        entry[field] = value(entry, dataset)
        return entry[field] is not None

    return Repair(text, mend)


def drops(what: str) -> Repair:
    """The repair that drops the entry."""
    return Repair(f"drops {what}", lambda entry, violation, dataset: False)


def illegal(rule: Rule, field: str, value: Any, legal: str) -> Violation:
    """The violation of a field that is missing, where its value is None, or must be something else."""
    return Violation(rule, field, value, "is missing" if value is None else f"must be {legal}")


def field_check(rule: Rule, field: str, is_legal: Callable[[Any], bool], legal: str) -> Check:
    """The check that a field of an entry is there and legal, for rules that need to know no more."""
    return lambda entry, _: () if is_legal(entry.get(field)) else (illegal(rule, field, entry.get(field), legal),)
