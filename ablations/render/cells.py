"""A table as it is printed, whatever the format: names, headers, texts of the cells, footnotes, and what is bold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.paper.tables import Metric, Row, Table
from ablations.render.intervals import SOURCES, sources_text
from ablations.render.signature import signature

# What runs of a reduced scale can show.
SCALE_NOTES = {
    "mini": "mini runs claim signs and orders of differences only, never absolute APs",
    "smoke": "smoke runs only show that everything runs; their numbers mean nothing",
}
CITED = "(cited)"
# A script of a metric's header, which the tables file has in TeX: "AP^bb_50" has two.
SCRIPT = re.compile(r"([\^_])([A-Za-z0-9]+)")
_TASKS = {"segm": "mask", "bbox": "box", "keypoints": "keypoint", "count": "number of"}
# Printed decimals where they are not those of an AP.
_DECIMALS = {"count": 0, "time": 2}


@dataclass(frozen=True)
class Cell:
    """A printed number or "-"; `letter` of its footnote, "" without one; `best` of its column."""

    text: str
    letter: str = ""
    best: bool = False


@dataclass(frozen=True)
class PrintedRow:
    """`numbers` holds paper, ours and difference of each metric in turn; `origin` is a key of `tables.ORIGINS`."""

    label: str
    origin: str
    descriptors: tuple[str, ...]
    numbers: tuple[Cell, ...]
    is_delta: bool

    @property
    def mark(self) -> str:
        """What stands behind the label of another work's row; "" for others."""
        return CITED if self.origin == "cited" else ""

    @property
    def marked_label(self) -> str:
        """The label with its mark."""
        return f"{self.label} {self.mark}".rstrip()


@dataclass(frozen=True)
class PrintedTable:
    """`metrics` are headers in TeX, one per three columns; `columns` the headers of the three."""

    id: str
    title: str
    facts: tuple[str, ...]
    descriptors: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: tuple[str, str, str]
    rows: tuple[PrintedRow, ...]
    footnotes: Mapping[str, str]


def lay_out(results: TableResults) -> PrintedTable:
    """Texts of a table and its surroundings."""
    table, seeds, best = results.table, len(results.seeds), best_values(results)
    letters: dict[str, str] = {}
    rows = []
    for row in results.rows:
        described = tuple(descriptor_text(row.descriptors.get(key, "")) for key in table.descriptors)
        numbers = tuple(_numbers(row, table.metrics, best, seeds, letters))
        rows.append(PrintedRow(row.label, row.origin, described, numbers, row.is_delta))
    return PrintedTable(
        id=table.id,
        title=f"Table {table.id}. {table.heading}",
        facts=_facts(results),
        descriptors=tuple(table.descriptors.values()),
        metrics=tuple(metric.printed for metric in table.metrics),
        columns=("paper", f"ours ({seeds} seeds)" if seeds > 1 else "ours", "diff."),
        rows=tuple(rows),
        footnotes={letter: reason for reason, letter in letters.items()},
    )


def _facts(results: TableResults) -> tuple[str, ...]:
    """What a reader must know before the numbers."""
    facts = (
        runs_line(results, _versions(results.data_versions)),
        own_data_note(results.own_data),
        differing_line(results),
        "; ".join(f"results {note}" for note in results.other_commits),
        SCALE_NOTES.get(results.scale, ""),
        results.table.note,
        "ours: mean ± standard deviation over seeds" if len(results.seeds) > 1 else "",
        *_intervals(results),
        signature(results),
    )
    return tuple(filter(None, facts))


def _intervals(results: TableResults) -> list[str]:
    """How uncertain the differences of rows are, a line each below an explanation; none where nothing is known."""
    lines = []
    for row in results.rows:
        pairs = zip(results.table.metrics, row.estimates, strict=False)
        known = [(metric, text) for metric, found in pairs if found and (text := sources_text(found))]
        texts = (f"{metric_label(metric.result)} {text}" for metric, text in known)
        lines += [f"{row.label}: {'; '.join(texts)}"] if known else []
    return [SOURCES, *lines] if lines else []


def runs_line(results: TableResults, versions: str = "") -> str:
    """What was run, in a line; `versions` are of the data."""
    facts = (
        f"scale {results.scale}",
        results.data and f"data {results.data}",
        versions,
        f"seed{'s' * (len(results.seeds) > 1)} {', '.join(map(str, results.seeds))}",
        results.provider and f"provider {results.provider}",
        results.coco_backend and f"COCO evaluation {results.coco_backend}",
        results.precision and f"precision {results.precision}",
    )
    return "; ".join(filter(None, facts))


def differing_line(results: TableResults) -> str:
    """What results differ in that stand side by side; "" for nothing."""
    return f"results differ in {'; '.join(results.differing)}" if results.differing else ""


def own_data_note(name: str) -> str:
    """What the paper's numbers are beside those of other data; "" for the paper's own."""
    return f"own data {name}: the paper's numbers are of other data, and for reference only" if name else ""


def _versions(versions: Mapping[str, str]) -> str:
    """One version where all datasets have the same, else each."""
    if len(set(versions.values())) == 1:
        return f"data version {next(iter(versions.values()))}"
    return f"data versions {', '.join(f'{name} {version}' for name, version in versions.items())}" if versions else ""


def _numbers(
    row: ResultRow,
    metrics: Sequence[Metric],
    best: Sequence[tuple[float | None, float | None]],
    seeds: int,
    letters: dict[str, str],
) -> Iterable[Cell]:
    """Paper, ours and difference of each metric; a reason that has no letter yet gets the next of `letters`."""
    sign = "+" if row.is_delta else ""
    columns = zip(metrics, row.paper, row.ours, row.notes, best, strict=True)
    for metric, paper, ours, note, (best_paper, best_ours) in columns:
        digits = _decimals(metric)
        mean = rounded(ours, digits)
        difference = None if paper is None or mean is None else round(mean - paper, digits) + 0.0
        yield Cell("-" if paper is None else f"{paper:{sign}}", best=_wins(paper, best_paper, row))
        yield Cell(_value_text(ours, sign, digits, seeds), _letter(note, letters), _wins(mean, best_ours, row))
        yield Cell("-" if difference is None else f"{difference:+.{digits}f}")


def _letter(reason: str, letters: dict[str, str]) -> str:
    """Letter of a footnote, "" for no reason; equal reasons share one, and after z comes aa."""
    if not reason:
        return ""
    number = len(letters)
    return letters.setdefault(reason, chr(ord("a") + number % 26) * (number // 26 + 1))


def _wins(value: float | None, best: float | None, row: ResultRow) -> bool:
    return value is not None and value == best and not row.is_delta


def _value_text(value: Value | None, sign: str, digits: int, seeds: int) -> str:
    """Mean, spread, and the number of seeds where it is not what the header says."""
    if value is None:
        return "-"
    spread = "" if value.spread is None else f" ± {value.spread:.{digits}f}"
    count = "" if value.count == seeds else f" ({value.count} seed{'s' * (value.count > 1)})"
    return f"{rounded(value, digits):{sign}.{digits}f}{spread}{count}"


def descriptor_text(value: Any) -> str:
    """A descriptor as printed; true is a check mark, false nothing."""
    return "✓" if value is True else "" if value is False else str(value)


def rounded(value: Value | None, digits: int = 1) -> float | None:
    """A mean as printed, so that a reader who compares or subtracts agrees with the table; never -0.0."""
    return value and round(value.mean, digits) + 0.0


def _decimals(metric: Metric) -> int:
    return _DECIMALS.get(metric.result.partition("/")[0], 1)


def best_values(results: TableResults) -> list[tuple[float | None, float | None]]:
    """The best value per metric: of the paper among all rows, and of ours, rounded as printed.

    Delta rows do not compete. None: a single value, or values that have no better and worse.
    """
    rows = [row for row in results.rows if not row.is_delta]
    best = []
    for n, metric in enumerate(results.table.metrics):
        columns = [row.paper[n] for row in rows], [rounded(row.ours[n], _decimals(metric)) for row in rows]
        found = [[value for value in column if value is not None] for column in columns]
        best.append(tuple(max(values) if _is_ranked(metric) and len(values) > 1 else None for values in found))
    return best


def _is_ranked(metric: Metric) -> bool:
    """Whether more is better: not of gaps between two metrics, counts, and times, which are of different work."""
    return " - " not in metric.result and metric.result.partition("/")[0] not in _DECIMALS


def row_label(table: Table, row: Row) -> str:
    """A row's short name: its label, with the descriptors that tell it from others of that label: "RoIAlign, max".

    What a row has or has not goes by the name of the descriptor: "TensorMask, box head, mask-bb".
    """
    same = [other for other in table.rows if other.label == row.label]
    differing = [key for key in table.descriptors if len({str(other.descriptors[key]) for other in same}) > 1]
    found = {name: row.descriptors[key] for key, name in table.descriptors.items() if key in differing}
    told_apart = [name if value is True else text for name, value in found.items() if (text := descriptor_text(value))]
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
