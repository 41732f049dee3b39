"""A table as it is printed, whatever the format: headers, texts of the cells, footnotes, and what is bold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.render.best import best_values, rounded

# What runs of a reduced scale can show.
SCALE_NOTES = {
    "mini": "mini runs claim signs and orders of differences only, never absolute APs",
    "smoke": "smoke runs only show that everything runs; their numbers mean nothing",
}
CITED = "(cited)"
COLUMN_CLASSES = ("paper", "ours", "difference")


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
    def marked_label(self) -> str:
        """The label, with a mark if the row is another work's."""
        return f"{self.label} {CITED}" if self.origin == "cited" else self.label


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


class _Footnotes:
    """Letters for reasons; equal reasons share one."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def letter(self, text: str) -> str:
        """Letter of a reason, "" for no reason."""
        if not text:
            return ""
        number = len(self.letters)
        return self.letters.setdefault(text, chr(ord("a") + number % 26) * (number // 26 + 1))


def lay_out(results: TableResults) -> PrintedTable:
    """Texts of a table and its surroundings."""
    table, notes, seeds = results.table, _Footnotes(), len(results.seeds)
    best = best_values(results)
    rows = tuple(
        PrintedRow(
            label=row.label,
            origin=row.origin,
            descriptors=tuple(descriptor_text(row.descriptors.get(key, "")) for key in table.descriptors),
            numbers=_numbers(row, best, seeds, notes),
            is_delta=row.is_delta,
        )
        for row in results.rows
    )
    return PrintedTable(
        id=table.id,
        title=f"Table {table.id}. {table.heading}",
        facts=_facts(results),
        descriptors=tuple(table.descriptors.values()),
        metrics=tuple(metric.printed for metric in table.metrics),
        columns=("paper", f"ours ({seeds} seeds)" if seeds > 1 else "ours", "diff."),
        rows=rows,
        footnotes={letter: reason for reason, letter in notes.letters.items()},
    )


def _facts(results: TableResults) -> tuple[str, ...]:
    """What a reader must know before the numbers."""
    parts = [f"scale {results.scale}"]
    parts += [f"data {results.data}"] if results.data else []
    parts += _versions(results.data_versions)
    parts.append(f"seed{'s' * (len(results.seeds) > 1)} {', '.join(map(str, results.seeds))}")
    parts += [f"provider {results.provider}"] if results.provider else []
    parts += [f"COCO evaluation {results.coco_backend}"] if results.coco_backend else []
    spread = "ours: mean ± standard deviation over seeds" if len(results.seeds) > 1 else ""
    scale, own = SCALE_NOTES.get(results.scale, ""), own_data_note(results.own_data)
    lines = ("; ".join(parts), own, scale, results.table.note, spread)
    return tuple(line for line in lines if line)


def own_data_note(name: str) -> str:
    """What the paper's numbers are beside those of other data; "" for the paper's own."""
    return f"own data {name}: the paper's numbers are of other data, and for reference only" if name else ""


def _versions(versions: Mapping[str, str]) -> list[str]:
    """One version where all datasets have the same, else each."""
    if len(set(versions.values())) == 1:
        return [f"data version {next(iter(versions.values()))}"]
    return [f"data versions {', '.join(f'{name} {version}' for name, version in versions.items())}"] if versions else []


def _numbers(row: ResultRow, best: list[tuple[float | None, ...]], seeds: int, notes: _Footnotes) -> tuple[Cell, ...]:
    sign, line = "+" if row.is_delta else "", []
    for paper, ours, note, (best_paper, best_ours) in zip(row.paper, row.ours, row.notes, best, strict=True):
        mean = None if ours is None else rounded(ours)
        difference = None if paper is None or mean is None else round(mean - paper, 1) + 0.0
        line += [
            Cell("-" if paper is None else f"{paper:{sign}}", best=_wins(paper, best_paper, row)),
            Cell(_value_text(ours, sign, seeds), notes.letter(note), _wins(mean, best_ours, row)),
            Cell("-" if difference is None else f"{difference:+.1f}"),
        ]
    return tuple(line)


def _wins(value: float | None, best: float | None, row: ResultRow) -> bool:
    return value is not None and value == best and not row.is_delta


def _value_text(value: Value | None, sign: str, seeds: int) -> str:
    """Mean, spread, and the number of seeds where it is not what the header says."""
    if value is None:
        return "-"
    spread = "" if value.spread is None else f" ± {value.spread:.1f}"
    count = "" if value.count == seeds else f" ({value.count} seed{'s' * (value.count > 1)})"
    return f"{rounded(value):{sign}.1f}{spread}{count}"


def descriptor_text(value: Any) -> str:
    """A descriptor as printed; true is a check mark, false nothing."""
    return "✓" if value is True else "" if value is False else str(value)
