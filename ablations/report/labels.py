"""Short names for people: of a row within its table, and of a metric."""

from ablations.paper.tables import Row, Table
from ablations.render.cells import CITED, descriptor_text

_TASKS = {"segm": "mask", "bbox": "box", "keypoints": "keypoint", "time": "time", "count": "number of"}


def row_label(table: Table, row: Row) -> str:
    """The printed label, with the descriptors that tell the row from others of the same label: "RoIAlign, max"."""
    same = [other for other in table.rows if other.label == row.label]
    told_apart = [
        text
        for key in table.descriptors
        if len({str(other.descriptors[key]) for other in same}) > 1
        if (text := descriptor_text(row.descriptors[key])) not in ("", descriptor_text(True))
    ]
    return ", ".join([row.label, *told_apart]) + (f" {CITED}" if row.origin == "cited" else "")


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
