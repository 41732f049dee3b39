"""Tables in formats that need no templates: Markdown, which a terminal shows too, and for programs CSV and JSON.

Programs get unrounded numbers, of every seed and also what the table does not print, and in `paper_note` what the
paper's numbers are beside those of the user's own data. Text is shown as it is: in Markdown what would be markup has a
backslash, in CSV what a spreadsheet would compute an apostrophe.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.paper.tables import Metric
from ablations.render.cells import SCRIPT, Cell, PrintedTable, lay_out
from ablations.render.facts import own_data_note
from ablations.render.signature import signature
from ablations.statistics.estimate import Estimate
from mask_rcnn_paper.terminal import visible

_OF_RUNS = ("scale", "data", "paper_note", "data_versions", "provider", "coco_backend", "precision", "by_hand")
_OF_INTERVAL = ("seeds_half_width", "images_half_width")
_OF_NUMBER = ("metric", "printed", "paper", "mean", "std", "count", "difference", "note", *_OF_INTERVAL)
# What begins markup anywhere: code, emphasis, HTML, an entity, math, a strike, and a link's or a picture's text or
# address. An underscore within a word does not.
_MARKUP = re.compile(r"[\\`*<$]|&(?=#?\w+;)|~~|!(?=\[)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])")
# At the start of a line: a heading, a quotation, a list, a rule or underline, a table.
_BLOCK = re.compile(r"[#>+=~|:-]|(?<=\d)[.)]")
# HTML, which not every reader of Markdown lets a backslash keep off.
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
_FORMULA = re.compile(r"\s*[=+@-]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?")
# Of the number of one seed.
_OF_SEED = ("seed", "value")
_CSV = ("table", *_OF_RUNS, "row", "label", "origin", "delta", *_OF_NUMBER, *_OF_SEED)


def markdown_text(results: Sequence[TableResults]) -> str:
    """Tables with pipes, one after the other; best values bold, footnotes below."""
    return "\n\n\n".join(_markdown(lay_out(result)) for result in results) + "\n"


def _markdown(table: PrintedTable) -> str:
    header = ["", *map(escape_cell, table.descriptors)]
    text = len(header)
    for metric in (escape_cell(header_text(header)) for header in table.metrics):
        names = zip(table.kinds, table.columns, strict=True)
        header += [name if kind == "difference" else f"{metric} {name}" for kind, name in names]
    rows = [
        [*map(escape_cell, (row.marked_label, *row.descriptors)), *map(_markdown_cell, row.numbers)]
        for row in table.rows
    ]
    grid = tabulate(
        rows,
        header,
        tablefmt="pipe",
        colalign=["left"] * text + ["right"] * (len(header) - text),
        disable_numparse=True,
    )
    foot = "  \n".join(f"[{letter}] {escape(reason)}" for letter, reason in table.footnotes.items())
    return "\n\n".join(filter(None, ["  \n".join(map(escape_line, (table.title, *table.facts))), grid, foot]))


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in one line; within a line."""
    line = " ".join(visible(text).split())
    return _MARKUP.sub(lambda match: "".join(_ENTITIES.get(c, f"\\{c}") for c in match[0]), line)


def escape_cell(text: str) -> str:
    """As `escape`, of a cell of a table."""
    return escape(text).replace("|", "\\|")


def escape_line(text: str) -> str:
    """As `escape`, of a whole line."""
    line = escape(text)
    digits = re.match(r"\d{0,9}", line).end()
    return f"{line[:digits]}\\{line[digits:]}" if _BLOCK.match(line, digits) else line


def header_text(header: str) -> str:
    """A metric's header without marks: "AP^bb_50" -> "APbb50"."""
    return SCRIPT.sub(r"\2", header)


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    return f"{text} [{cell.letter}]" if cell.letter else text


def csv_text(results: Sequence[TableResults]) -> str:
    """For each table, row and metric a line with the mean, without a seed, and then a line for each seed's value.

    Metrics that the table does not print follow those that it does, and have no `printed`.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _CSV, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for table in map(_entry, results):
        versions = "; ".join(f"{name} {version}" for name, version in table["data_versions"].items())
        by_hand = "; ".join(table["by_hand"])
        for row in table["rows"]:
            about = {**table, **row, "table": table["id"], "row": row["id"], "data_versions": versions}
            about["by_hand"] = by_hand
            for number in (*row["metrics"], *row["others"]):
                writer.writerows({k: defused(v) for k, v in (about | line).items()} for line in _lines_of(number))
    return out.getvalue()


def _lines_of(number: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The mean of a metric, and each of its seeds."""
    yield {key: value for key, value in number.items() if key != "seeds"}
    for seed, value in number["seeds"].items():
        yield {"metric": number["metric"], "printed": number["printed"], "seed": seed, "value": value}


def defused(value: Any) -> Any:
    """A value that a spreadsheet does not compute: text that begins as a formula gets an apostrophe; numbers stay."""
    if not isinstance(value, str):
        return value
    text = visible(value)  # a carriage return would end the line
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def json_text(results: Sequence[TableResults]) -> str:
    """A list of tables."""
    return json.dumps(list(map(_entry, results)), indent=1, ensure_ascii=False) + "\n"


def _entry(result: TableResults) -> dict[str, Any]:
    """A table as plain data."""
    table = result.table
    facts = vars(result) | {"paper_note": own_data_note(result.own_data), "data_versions": dict(result.data_versions)}
    facts["by_hand"] = list(result.by_hand)
    entry = {"id": table.id, "title": table.title, "section": table.section, "split": table.split}
    entry |= {key: facts[key] for key in _OF_RUNS} | {"signature": signature(result)}
    return entry | {"seeds": list(result.seeds), "rows": [_row_entry(row, table.metrics) for row in result.rows]}


def _row_entry(row: ResultRow, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Its numbers: those of the table's columns, and the `others`."""
    estimates = row.estimates or (None,) * len(metrics)
    seeds = row.by_seed or ({},) * len(metrics)
    columns = zip(metrics, row.paper, row.ours, row.notes, estimates, seeds, strict=True)
    numbers = [_number(metric.result, metric.printed, *rest) for metric, *rest in columns]
    others = [
        _number(name, "", None, Value.of(other.by_seed), "", other.estimate, other.by_seed)
        for name, other in row.others.items()
    ]
    described = {"id": row.id, "label": row.label, "origin": row.origin, "delta": row.is_delta}
    return {**described, "descriptors": dict(row.descriptors), "metrics": numbers, "others": others}


def _number(
    metric: str,
    printed: str,
    paper: float | None,
    ours: Value | None,
    note: str,
    estimate: Estimate | None,
    by_seed: Mapping[int, float],
) -> dict[str, Any]:
    """One metric of a row: its mean and what is known of it, and the value of each seed."""
    mean, spread, count = (ours.mean, ours.spread, ours.count) if ours else (None, None, 0)
    difference = round(mean - paper, 4) if ours and paper is not None else None
    sources = (estimate.over_seeds, estimate.over_images) if estimate else (None, None)
    widths = (source and source.half_width() for source in sources)
    number = metric, printed, paper, mean, spread, count, difference, note, *widths
    return dict(zip(_OF_NUMBER, number, strict=True)) | {"seeds": {str(s): value for s, value in by_seed.items()}}
