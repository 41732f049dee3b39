"""A table as it is printed, whatever the format: names, headers, texts of the cells, footnotes, and what is bold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.paper.tables import BY_HAND, OURS, Metric
from ablations.render.facts import facts_of
from ablations.render.names import MARKS, descriptor_text

# A script of a metric's header, which the tables file has in TeX: "AP^bb_50" has two.
SCRIPT = re.compile(r"([\^_])([A-Za-z0-9]+)")
# Printed decimals where they are not those of an AP.
_DECIMALS = {"count": 0, "time": 2, "memory": 0}
_COLUMNS = ("paper", "ours", "difference")


@dataclass(frozen=True)
class Cell:
    """A printed number or "-"; `letter` of its footnote, "" without one; `best` of its column."""

    text: str
    letter: str = ""
    best: bool = False


@dataclass(frozen=True)
class PrintedRow:
    """`numbers` holds the `PrintedTable.columns` of each metric in turn; `origin` is a key of `tables.ORIGINS`.

    `described` is what the descriptors say in one text, for where they have no room.
    """

    label: str
    origin: str
    descriptors: tuple[str, ...]
    numbers: tuple[Cell, ...]
    is_delta: bool
    described: str = ""

    @property
    def mark(self) -> str:
        """What stands behind the label of a row of another work, or that was trained by hand; "" for others."""
        return MARKS.get(self.origin, "")

    @property
    def marked_label(self) -> str:
        """The label with its mark."""
        return f"{self.label} {self.mark}".rstrip()


@dataclass(frozen=True)
class PrintedTable:
    """`metrics` are headers in TeX, each above as many columns as `columns` has headers.

    There are three, the paper's, ours and the difference; on the user's own data ours alone. `kinds` name them.
    """

    id: str
    title: str
    facts: tuple[str, ...]
    descriptors: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[PrintedRow, ...]
    footnotes: Mapping[str, str]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the columns: "paper", "ours", "difference"."""
        return _COLUMNS if len(self.columns) == len(_COLUMNS) else ("ours",)


def lay_out(results: TableResults) -> PrintedTable:
    """Texts of a table and its surroundings."""
    results = _without_the_papers(results) if results.own_data else results
    table, seeds, best = results.table, len(results.seeds), best_values(results)
    kept = slice(1, 2) if results.own_data else slice(None)
    letters: dict[str, str] = {}
    rows = []
    for row in results.rows:
        described = tuple(descriptor_text(row.descriptors.get(key, "")) for key in table.descriptors)
        numbers = [cell for cells in _numbers(row, table.metrics, best, seeds, letters) for cell in cells[kept]]
        pairs = zip(table.descriptors.items(), described, strict=True)
        text = ", ".join(
            name.rstrip("?") if row.descriptors.get(key) is True else text for (key, name), text in pairs if text
        )
        rows.append(PrintedRow(row.label, row.origin, described, tuple(numbers), row.is_delta, text))
    return PrintedTable(
        id=table.id,
        title=f"Table {table.id}. {table.heading}",
        facts=facts_of(results),
        descriptors=tuple(table.descriptors.values()),
        metrics=tuple(metric.printed for metric in table.metrics),
        columns=("paper", f"ours ({seeds} seeds)" if seeds > 1 else "ours", "diff.")[kept],
        rows=tuple(rows),
        footnotes={letter: reason for reason, letter in letters.items()},
    )


def _without_the_papers(results: TableResults) -> TableResults:
    """What there is to show of the user's own data: no rows of other works, no columns of the paper's test server."""
    kept = [n for n, metric in enumerate(results.table.metrics) if not metric.note]

    def of_kept(row: ResultRow) -> ResultRow:
        columns = {name: tuple(getattr(row, name)[n] for n in kept) for name in ("paper", "ours", "notes")}
        return replace(row, **columns, estimates=tuple(row.estimates[n] for n in kept) if row.estimates else ())

    table = replace(results.table, metrics=tuple(results.table.metrics[n] for n in kept), split="", note="")
    rows = tuple(of_kept(row) for row in results.rows if row.origin in (OURS, BY_HAND))
    return replace(results, table=table, rows=rows)


def _numbers(
    row: ResultRow,
    metrics: Sequence[Metric],
    best: Sequence[tuple[float | None, float | None]],
    seeds: int,
    letters: dict[str, str],
) -> Iterable[tuple[Cell, Cell, Cell]]:
    """Paper, ours and difference of each metric; a reason that has no letter yet gets the next of `letters`."""
    sign = "+" if row.is_delta else ""
    columns = zip(metrics, row.paper, row.ours, row.notes, best, strict=True)
    for metric, paper, ours, note, (best_paper, best_ours) in columns:
        digits = _decimals(metric)
        mean = rounded(ours, digits)
        difference = None if paper is None or mean is None else round(mean - paper, digits) + 0.0
        yield (
            Cell("-" if paper is None else f"{paper:{sign}}", best=_wins(paper, best_paper, row)),
            Cell(_value_text(ours, sign, digits, seeds), _letter(note, letters), _wins(mean, best_ours, row)),
            Cell("-" if difference is None else f"{difference:+.{digits}f}"),
        )


def _letter(reason: str, letters: dict[str, str]) -> str:
    """Letter of a footnote, "" for no reason; equal reasons share one, and after z comes aa."""
    if not reason:
        return ""
    number = len(letters)
    return letters.setdefault(reason, chr(ord("a") + number % 26) * (number // 26 + 1))


def _wins(value: float | None, best: float | None, row: ResultRow) -> bool:
    return value is not None and value == best and _competes(row)


def _competes(row: ResultRow) -> bool:
    return not row.is_delta and row.origin != BY_HAND


def _value_text(value: Value | None, sign: str, digits: int, seeds: int) -> str:
    """Mean, spread, and the number of seeds where it is not what the header says."""
    if value is None:
        return "-"
    spread = "" if value.spread is None else f" ± {value.spread:.{digits}f}"
    count = "" if value.count == seeds else f" ({value.count} seed{'s' * (value.count > 1)})"
    return f"{rounded(value, digits):{sign}.{digits}f}{spread}{count}"


def rounded(value: Value | None, digits: int = 1) -> float | None:
    """A mean as printed, so that a reader who compares or subtracts agrees with the table; never -0.0."""
    return value and round(value.mean, digits) + 0.0


def _decimals(metric: Metric) -> int:
    return _DECIMALS.get(metric.result.partition("/")[0], 1)


def best_values(results: TableResults) -> list[tuple[float | None, float | None]]:
    """The best value per metric: of the paper among all rows, and of ours, rounded as printed.

    Neither delta rows nor lines of what was trained by hand compete. None: a single value, or values that have no
    better and worse, such as zeros alone.
    """
    rows = [row for row in results.rows if _competes(row)]
    best = []
    for n, metric in enumerate(results.table.metrics):
        columns = [row.paper[n] for row in rows], [rounded(row.ours[n], _decimals(metric)) for row in rows]
        found = [[value for value in column if value is not None] for column in columns]
        best.append(
            tuple((max(values) or None) if _is_ranked(metric) and len(values) > 1 else None for values in found)
        )
    return best


def _is_ranked(metric: Metric) -> bool:
    """Whether more is better: not of gaps between two metrics, counts, and times, which are of different work."""
    return " - " not in metric.result and metric.result.partition("/")[0] not in _DECIMALS
