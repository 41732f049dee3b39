"""Print a table with our numbers beside the paper's: paper | ours | difference for each metric."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from tabulate import tabulate

from ablations.results import ResultRow, TableResults, Value

# What runs of a reduced scale can show.
SCALE_NOTES = {
    "mini": "mini runs claim signs and orders of differences only, never absolute APs",
    "smoke": "smoke runs only show that everything runs; their numbers mean nothing",
}


class _Footnotes:
    """Letters for reasons; equal reasons share one."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """` [a]` for a reason, nothing for no reason."""
        if not text:
            return ""
        number = len(self.letters)
        letter = chr(ord("a") + number % 26) * (number // 26 + 1)
        return f" [{self.letters.setdefault(text, letter)}]"


def render(results: Sequence[TableResults], form: str = "md") -> str:
    """Text of some tables.

    Args:
        results: The tables.
        form: A key of `FORMATS`.

    Raises:
        ValueError: unknown format.
    """
    if form not in FORMATS:
        raise ValueError(f"unknown format {form!r}: choose from {', '.join(FORMATS)}")
    return FORMATS[form](results)


def header_lines(results: TableResults) -> list[str]:
    """What a reader must know before the numbers."""
    table = results.table
    facts = [f"scale {results.scale}"]
    facts += [f"data {results.data}"] if results.data else []
    facts.append(f"seed{'s' * (len(results.seeds) > 1)} {', '.join(map(str, results.seeds))}")
    facts += [f"provider {results.provider}"] if results.provider else []
    facts += [f"COCO evaluation {results.coco_backend}"] if results.coco_backend else []
    lines = [
        f"Table {table.id}. {table.heading}",
        "; ".join(facts),
    ]
    lines += [SCALE_NOTES[results.scale]] if results.scale in SCALE_NOTES else []
    lines += [table.note] if table.note else []
    if len(results.seeds) > 1:
        lines.append("ours: mean ± standard deviation over seeds")
    return lines


def plain(tex: str) -> str:
    """A TeX header without its marks: "AP^bb_50" -> "APbb50"."""
    return tex.replace("^", "").replace("_", "")


def cells(results: TableResults, notes: _Footnotes) -> tuple[list[str], list[list[str]]]:
    """Header and rows as printed."""
    table = results.table
    header = ["", *table.descriptors.values()]
    for metric in table.metrics:
        header += [f"{plain(metric.printed)} paper", f"{plain(metric.printed)} ours", "diff."]
    return header, [_cells(row, results, notes) for row in results.rows]


def _cells(row: ResultRow, results: TableResults, notes: _Footnotes) -> list[str]:
    sign = "+" if row.is_delta else ""
    line = [row.label, *(descriptor_text(row.descriptors.get(key, "")) for key in results.table.descriptors)]
    for paper, ours, note in zip(row.paper, row.ours, row.notes, strict=True):
        line += [
            "-" if paper is None else f"{paper:{sign}}",
            _value(ours, sign) + notes.mark(note),
            "-" if paper is None or ours is None else f"{_difference(ours, paper):+.1f}",
        ]
    return line


def descriptor_text(value: Any) -> str:
    """A descriptor as printed; true is a check mark, false nothing."""
    return "✓" if value is True else "" if value is False else str(value)


def _value(value: Value | None, sign: str) -> str:
    if value is None:
        return "-"
    return f"{value.mean:{sign}.1f}" + ("" if value.spread is None else f" ± {value.spread:.1f}")


def _difference(ours: Value, paper: float) -> float:
    # From what is printed, so that a reader's subtraction agrees; + 0.0 turns -0.0 into 0.0.
    return round(round(ours.mean, 1) - paper, 1) + 0.0


def _markdown(results: Sequence[TableResults]) -> str:
    parts = []
    for result in results:
        notes = _Footnotes()
        header, rows = cells(result, notes)
        text = len(result.table.descriptors) + 1
        align = ["left"] * text + ["right"] * (len(header) - text)
        grid = tabulate(rows, header, tablefmt="pipe", colalign=align, disable_numparse=True)
        foot = "  \n".join(f"[{letter}] {reason}" for reason, letter in notes.letters.items())
        parts.append("\n\n".join(filter(None, ["  \n".join(header_lines(result)), grid, foot])))
    return "\n\n\n".join(parts) + "\n"


def _csv(results: Sequence[TableResults]) -> str:
    """One line per table, row and metric."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    numbers = ("metric", "printed", "paper", "mean", "std", "count", "difference", "note")
    writer.writerow(["table", "scale", "provider", "row", "label", *numbers])
    for entry in _entries(results):
        for row in entry["rows"]:
            start = [entry["id"], entry["scale"], entry["provider"], row["id"], row["label"]]
            writer.writerows([*start, *(cell[key] for key in numbers)] for cell in row["metrics"])
    return out.getvalue()


def _json(results: Sequence[TableResults]) -> str:
    return json.dumps(_entries(results), indent=1, ensure_ascii=False) + "\n"


def _entries(results: Sequence[TableResults]) -> list[dict[str, Any]]:
    """The tables as plain data, with unrounded numbers."""
    entries = []
    for result in results:
        table = result.table
        entry = {"id": table.id, "title": table.title, "section": table.section, "split": table.split}
        entry |= {key: getattr(result, key) for key in ("scale", "data", "provider", "coco_backend")}
        entry |= {"seeds": list(result.seeds), "rows": [_row_entry(row, result) for row in result.rows]}
        entries.append(entry)
    return entries


def _row_entry(row: ResultRow, result: TableResults) -> dict[str, Any]:
    metrics = []
    for metric, paper, ours, note in zip(result.table.metrics, row.paper, row.ours, row.notes, strict=True):
        metrics.append(
            {
                "metric": metric.result,
                "printed": metric.printed,
                "paper": paper,
                "mean": ours.mean if ours else None,
                "std": ours.spread if ours else None,
                "count": ours.count if ours else 0,
                "difference": round(ours.mean - paper, 4) if ours and paper is not None else None,
                "note": note,
            }
        )
    described = {"id": row.id, "label": row.label, "origin": row.origin, "delta": row.is_delta}
    return {**described, "descriptors": dict(row.descriptors), "metrics": metrics}


# A new format is one function here.
FORMATS: dict[str, Callable[[Sequence[TableResults]], str]] = {"md": _markdown, "csv": _csv, "json": _json}
