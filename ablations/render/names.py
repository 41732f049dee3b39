"""Names of rows, of what describes them, and of metrics."""

from typing import Any

from ablations.paper.tables import BY_HAND, Row, Table

CITED = "(cited)"
# What stands behind the label of a row that is not of this paper's recipes, by its origin.
MARKS = {"cited": CITED, BY_HAND: "(by hand)"}
_TASKS = {"segm": "mask", "bbox": "box", "keypoints": "keypoint", "count": "number of"}


def descriptor_text(value: Any) -> str:
    """A descriptor as printed; true is a check mark, false nothing."""
    return "✓" if value is True else "" if value is False else str(value)


def row_label(table: Table, row: Row) -> str:
    """A row's short name: its label, with the descriptors that tell it from others of that label: "RoIAlign, max".

    What a row has or has not goes by the name of the descriptor: "TensorMask, box head, mask-bb".
    """
    same = [other for other in table.rows if other.label == row.label]
    differing = [key for key in table.descriptors if len({str(other.descriptors[key]) for other in same}) > 1]
    found = {name: row.descriptors[key] for key, name in table.descriptors.items() if key in differing}
    told_apart = [name if value is True else text for name, value in found.items() if (text := descriptor_text(value))]
    return ", ".join([row.label, *told_apart]) + (f" {MARKS[row.origin]}" if row.origin in MARKS else "")


def metric_label(metric: str) -> str:
    """As "mask AP75" for "segm/AP75", "mask AP75 - AP50" for a difference, "mask AP-bus, AP-car" for a mean."""
    words: list[str] = []
    task = ""
    for word in metric.split(" "):
        if "/" not in word:
            words.append(word)
            continue
        previous, (task, _, name) = task, word.partition("/")
        words.append(name if task == previous else f"{_TASKS.get(task, task)} {name}")
    return " ".join(words)
