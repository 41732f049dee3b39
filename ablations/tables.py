"""The paper's tables as data: load `tables.yaml` and check it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TABLES_FILE = Path(__file__).with_name("tables.yaml")
ORIGINS = ("this_paper", "cited")


@dataclass(frozen=True)
class Metric:
    """A printed column: `result` is detectron2's "task/metric", `printed` the paper's header in TeX."""

    result: str
    printed: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A printed row. A cited one has neither `config` (relative to configs/) nor `run` (name of a model)."""

    id: str
    label: str
    paper: tuple[float | None, ...]
    config: str = ""
    run: str = ""
    origin: str = "this_paper"
    ref: int | None = None
    descriptors: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delta:
    """A printed difference: row `minuend` minus row `subtrahend`."""

    minuend: str
    subtrahend: str
    paper: tuple[float | None, ...]


@dataclass(frozen=True)
class Table:
    """A table of the paper; `descriptors` maps keys of the rows to printed headers."""

    id: str
    title: str
    section: str
    split: str
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    deltas: tuple[Delta, ...] = ()
    descriptors: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def row(self, row_id: str) -> Row:
        """The row of this id, which exists."""
        return next(row for row in self.rows if row.id == row_id)


def load_tables(path: str | Path = TABLES_FILE) -> dict[str, Table]:
    """Read and check a tables file.

    Args:
        path: YAML as described at its head.

    Returns:
        Table by id, in the order of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it breaks a rule; the message names file, table and row.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not isinstance(content.get("tables"), list):
        raise ValueError(f"{path} has no list 'tables' at its top")
    tables: dict[str, Table] = {}
    for number, entry in enumerate(content["tables"], start=1):
        where = f"{path}, table {entry.get('id', f'number {number}') if isinstance(entry, dict) else number}"
        table = _table(entry, where)
        if table.id in tables:
            raise ValueError(f"{where}: the id is used twice")
        tables[table.id] = table
    return tables


def select_tables(tables: Mapping[str, Table], ids: Sequence[str]) -> list[Table]:
    """The tables of these ids, each once; all tables for no ids.

    Raises:
        ValueError: an id is unknown.
    """
    for table_id in ids:
        if table_id not in tables:
            raise ValueError(f"unknown table {table_id!r}: choose from {', '.join(tables)}")
    return [tables[table_id] for table_id in dict.fromkeys(ids or tables)]


def select_rows(tables: Sequence[Table], row_ids: Sequence[str]) -> dict[tuple[str, str], Row]:
    """The rows that can be run, restricted to `row_ids` unless that is empty.

    Returns:
        Row by (table id, row id), in printed order.

    Raises:
        ValueError: a row id is in none of the tables, or is a cited row.
    """
    legal = {(table.id, row.id): row for table in tables for row in table.rows if row.config}
    names = dict.fromkeys(row_id for _, row_id in legal)
    for row_id in row_ids:
        if row_id not in names:
            where = f"table {', '.join(table.id for table in tables)}"
            raise ValueError(f"unknown row {row_id!r} of {where}: choose from {', '.join(names)}")
    return {key: row for key, row in legal.items() if not row_ids or key[1] in row_ids}


def _table(entry: Any, where: str) -> Table:
    required = {"id", "title", "section", "split", "metrics", "rows"}
    _check_keys(entry, where, required, {"deltas", "descriptors", "note"})
    metrics = tuple(_metric(m, f"{where}, metric {n}") for n, m in enumerate(entry["metrics"], 1))
    width = len(metrics)
    descriptors = {str(key): str(header) for key, header in entry.get("descriptors", {}).items()}
    rows = tuple(_row(r, f"{where}, row {_name(r, n)}", width) for n, r in enumerate(entry["rows"], 1))
    ids = [row.id for row in rows]
    for row in rows:
        if ids.count(row.id) > 1:
            raise ValueError(f"{where}, row {row.id}: the id is used twice")
        if set(row.descriptors) != set(descriptors):
            found, legal = sorted(row.descriptors), sorted(descriptors)
            raise ValueError(f"{where}, row {row.id}: has descriptors {found}, the table {legal}")
    deltas = enumerate(entry.get("deltas", []), 1)
    return Table(
        id=str(entry["id"]),
        title=entry["title"],
        section=str(entry["section"]),
        split=entry["split"],
        metrics=metrics,
        rows=rows,
        deltas=tuple(_delta(d, f"{where}, delta {n}", ids, width) for n, d in deltas),
        descriptors=descriptors,
        note=entry.get("note", ""),
    )


def _delta(entry: Any, where: str, ids: Sequence[str], width: int) -> Delta:
    _check_keys(entry, where, {"minuend", "subtrahend", "paper"}, set())
    for end in (entry["minuend"], entry["subtrahend"]):
        if end not in ids:
            raise ValueError(f"{where}: unknown row {end!r}: choose from {', '.join(ids)}")
    return Delta(entry["minuend"], entry["subtrahend"], _numbers(entry["paper"], width, where))


def _metric(entry: Any, where: str) -> Metric:
    _check_keys(entry, where, {"result", "printed"}, {"note"})
    if entry["result"].count("/") != 1:
        raise ValueError(f"{where}: result {entry['result']!r} is not task/metric, such as segm/AP50")
    return Metric(**entry)


def _row(entry: Any, where: str, width: int) -> Row:
    _check_keys(entry, where, {"id", "label", "paper"}, {"config", "run", "origin", "ref", "descriptors"})
    row = Row(**{**entry, "paper": _numbers(entry["paper"], width, where)})
    if row.origin not in ORIGINS:
        raise ValueError(f"{where}: unknown origin {row.origin!r}: choose from {', '.join(ORIGINS)}")
    ours = row.origin == "this_paper"
    if bool(row.config) != ours or bool(row.run) != ours:
        raise ValueError(f"{where}: a row of this_paper needs config and run, a cited row has neither")
    return row


def _numbers(values: Any, width: int, where: str) -> tuple[float | None, ...]:
    good = isinstance(values, list) and all(v is None or type(v) in (int, float) for v in values)
    if not good or len(values) != width:
        raise ValueError(f"{where}: paper is {values!r}, not {width} numbers (null for '-'), one per metric")
    return tuple(values)


def _check_keys(entry: Any, where: str, required: set[str], optional: set[str]) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: is {entry!r}, not a mapping with {', '.join(sorted(required))}")
    if missing := sorted(required - set(entry)):
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    if unknown := sorted(map(str, set(entry) - required - optional)):
        legal = ", ".join(sorted(required | optional))
        raise ValueError(f"{where}: unknown key {', '.join(unknown)}: choose from {legal}")


def _name(entry: Any, number: int) -> str:
    return str(entry.get("id", f"number {number}")) if isinstance(entry, dict) else f"number {number}"
