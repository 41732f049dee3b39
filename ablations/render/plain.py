"""Tables in formats that need no templates: Markdown, which a terminal shows too, and for programs CSV and JSON.

Programs get unrounded numbers, and in `paper_note` what the paper's numbers are beside those of the user's own data.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import ResultRow, TableResults
from ablations.paper.tables import Metric
from ablations.render.cells import SCRIPT, Cell, PrintedTable, lay_out, own_data_note
from ablations.render.signature import signature

_OF_RUNS = ("scale", "data", "paper_note", "data_versions", "provider", "coco_backend", "precision")
_OF_INTERVAL = ("seeds_half_width", "images_half_width")
_OF_NUMBER = ("metric", "printed", "paper", "mean", "std", "count", "difference", "note", *_OF_INTERVAL)
_CSV = ("table", *_OF_RUNS, "row", "label", "origin", "delta", *_OF_NUMBER)


def markdown_text(results: Sequence[TableResults]) -> str:
    """Tables with pipes, one after the other; best values bold, footnotes below."""
    return "\n\n\n".join(_markdown(lay_out(result)) for result in results) + "\n"


def _markdown(table: PrintedTable) -> str:
    header = ["", *table.descriptors]
    text = len(header)
    paper, ours, difference = table.columns
    for metric in map(header_text, table.metrics):
        header += [f"{metric} {paper}", f"{metric} {ours}", difference]
    rows = [[row.marked_label, *row.descriptors, *map(_markdown_cell, row.numbers)] for row in table.rows]
    grid = tabulate(
        [[cell.replace("|", "\\|") for cell in row] for row in rows],
        header,
        tablefmt="pipe",
        colalign=["left"] * text + ["right"] * (len(header) - text),
        disable_numparse=True,
    )
    foot = "  \n".join(f"[{letter}] {reason}" for letter, reason in table.footnotes.items())
    return "\n\n".join(filter(None, ["  \n".join((table.title, *table.facts)), grid, foot]))


def header_text(header: str) -> str:
    """A metric's header without marks: "AP^bb_50" -> "APbb50"."""
    return SCRIPT.sub(r"\2", header)


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    return f"{text} [{cell.letter}]" if cell.letter else text


def csv_text(results: Sequence[TableResults]) -> str:
    """One line per table, row and metric."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _CSV, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for table in map(_entry, results):
        versions = "; ".join(f"{name} {version}" for name, version in table["data_versions"].items())
        for row in table["rows"]:
            about = {**table, **row, "table": table["id"], "row": row["id"], "data_versions": versions}
            writer.writerows(about | number for number in row["metrics"])
    return out.getvalue()


def json_text(results: Sequence[TableResults]) -> str:
    """A list of tables."""
    return json.dumps(list(map(_entry, results)), indent=1, ensure_ascii=False) + "\n"


def _entry(result: TableResults) -> dict[str, Any]:
    """A table as plain data."""
    table = result.table
    facts = vars(result) | {"paper_note": own_data_note(result.own_data), "data_versions": dict(result.data_versions)}
    entry = {"id": table.id, "title": table.title, "section": table.section, "split": table.split}
    entry |= {key: facts[key] for key in _OF_RUNS} | {"signature": signature(result)}
    return entry | {"seeds": list(result.seeds), "rows": [_row_entry(row, table.metrics) for row in result.rows]}


def _row_entry(row: ResultRow, metrics: Sequence[Metric]) -> dict[str, Any]:
    numbers = []
    estimates = row.estimates or (None,) * len(metrics)
    for metric, paper, ours, note, found in zip(metrics, row.paper, row.ours, row.notes, estimates, strict=True):
        mean, spread, count = (ours.mean, ours.spread, ours.count) if ours else (None, None, 0)
        difference = round(mean - paper, 4) if ours and paper is not None else None
        sources = (found.over_seeds, found.over_images) if found else (None, None)
        widths = (source and source.half_width() for source in sources)
        number = metric.result, metric.printed, paper, mean, spread, count, difference, note, *widths
        numbers.append(dict(zip(_OF_NUMBER, number, strict=True)))
    described = {"id": row.id, "label": row.label, "origin": row.origin, "delta": row.is_delta}
    return {**described, "descriptors": dict(row.descriptors), "metrics": numbers}
