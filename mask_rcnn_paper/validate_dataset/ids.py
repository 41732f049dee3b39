"""Rules of ids: whole numbers, each once."""

from collections.abc import Iterator

from mask_rcnn_paper.validate_dataset.dataset import Dataset
from mask_rcnn_paper.validate_dataset.rule import ERROR, WARNING, Finding, Problem, Rule, drop
from mask_rcnn_paper.validate_dataset.values import as_int


def _renumber(entry: dict, finding: Finding, dataset: Dataset) -> bool:
    old = entry.get("id")
    entry["id"] = dataset.new_id(finding.section, as_int(old) if old != 0 else None)
    if finding.section != "annotations":
        dataset.rename(finding.section, old, entry["id"])
    return True


def _drop_repetition(entry: dict, finding: Finding, dataset: Dataset) -> bool:
    first = dataset.annotations.get(entry["id"])
    return first != entry and _renumber(entry, finding, dataset)


ID_TYPE = Rule(
    "id-type",
    ERROR,
    "write ids as whole numbers, and references to them too",
    "gives a number (12 for '12'), and references follow",
    _renumber,
)
DUPLICATE_ENTRY = Rule("id-duplicate", ERROR, "give every image and category its own id", "drops the later one", drop)
DUPLICATE_ANNOTATION = Rule(
    "annotation-id-duplicate",
    ERROR,
    "give every annotation its own id",
    "renumbers the later annotation, or drops it where it only repeats the first",
    _drop_repetition,
)
ANNOTATION_ZERO = Rule(
    "annotation-id-zero",
    WARNING,
    "count annotations from 1: pycocotools takes a detection matched to annotation 0 for unmatched",
    "renumbers the annotation",
    _renumber,
)


def check_ids(dataset: Dataset, section: str) -> Iterator[tuple[int, Problem]]:
    """Position and problem of the entries of a section with a wrong id."""
    seen: set[int] = set()
    for index, entry in dataset.entries(section):
        value = entry.get("id")
        if type(value) is not int:
            text = "is missing" if "id" not in entry else "must be a whole number"
            yield index, Problem(ID_TYPE, "id", value, text)
        elif value in seen:
            rule = DUPLICATE_ANNOTATION if section == "annotations" else DUPLICATE_ENTRY
            yield index, Problem(rule, "id", value, f"occurs earlier in {section}")
        else:
            seen.add(value)
            if value == 0 and section == "annotations":
                yield index, Problem(ANNOTATION_ZERO, "id", value, "is taken for no match in evaluation")
