"""Tables as data for programs, with unrounded numbers: CSV and JSON.

`paper_note` says what the paper's numbers are beside those of the user's own data; it is empty for the paper's data.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from ablations.evidence.collect import ResultRow, TableResults
from ablations.render.cells import own_data_note

_OF_TABLE = ("scale", "data", "paper_note", "data_versions", "provider", "coco_backend")
_OF_ROW = ("id", "label", "origin", "delta")
_OF_NUMBER = ("metric", "printed", "paper", "mean", "std", "count", "difference", "note")


def csv_text(results: Sequence[TableResults]) -> str:
    """One line per table, row and metric."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", *_OF_TABLE, "row", *_OF_ROW[1:], *_OF_NUMBER])
    for entry in table_entries(results):
        entry["data_versions"] = "; ".join(f"{name} {version}" for name, version in entry["data_versions"].items())
        start = [entry[key] for key in ("id", *_OF_TABLE)]
        for row in entry["rows"]:
            middle = [row[key] for key in _OF_ROW]
            writer.writerows([*start, *middle, *(cell[key] for key in _OF_NUMBER)] for cell in row["metrics"])
    return out.getvalue()


def json_text(results: Sequence[TableResults]) -> str:
    """A list of tables."""
    return json.dumps(table_entries(results), indent=1, ensure_ascii=False) + "\n"


def table_entries(results: Sequence[TableResults]) -> list[dict[str, Any]]:
    """The tables as plain data."""
    entries = []
    for result in results:
        table = result.table
        entry = {"id": table.id, "title": table.title, "section": table.section, "split": table.split}
        facts = {"paper_note": own_data_note(result.own_data), "data_versions": dict(result.data_versions)}
        entry |= {key: facts[key] if key in facts else getattr(result, key) for key in _OF_TABLE}
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
