"""The paper's tables as data: load `tables.yaml`, check it, and choose from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablations.paper.entries import DeltaEntry, MetricEntry, RowEntry, TableEntry
from ablations.paper.yaml_file import check_name, load_list
from mask_rcnn_paper.coco.values import is_number
from mask_rcnn_paper.schema import parse_entry

TABLES_FILE = Path(__file__).with_name("tables.yaml")
# Names all tables "text-..." that have rows to run.
TEXT = "text"
ALL = "all"
OURS = "this_paper"
# Never in a file: what a user trained by hand and no row has the config of.
BY_HAND = "by_hand"
# Where a number comes from, in words.
ORIGINS = {
    OURS: "this paper",
    "cited": "cited by the paper",
    "tensormask_paper": "from the TensorMask paper",
    "dataset": "a property of the data set",
}
# (table id, row id).
RowKey = tuple[str, str]


@dataclass(frozen=True)
class Metric:
    """A printed column.

    `result` is detectron2's "task/metric", or a difference "task/metric - task/metric"; `printed` is the paper's
    header in TeX, `own` that on the user's own data, where it is another; `note` says why the column has the paper's
    numbers only, where that is so.
    """

    result: str
    printed: str
    own: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A printed row.

    One of this paper has `run`, the name of its model, and `config` (relative to configs/), or `pending`: what has to
    be built before there is a config. One of another origin has a `source`, and `ref` in the paper's references.
    `unfit` is never in the file: why a row without config cannot run on the user's own data. Nor are rows of origin
    `BY_HAND`, whose `source` says what they are.
    """

    id: str
    label: str
    paper: tuple[float | None, ...]
    config: str = ""
    run: str = ""
    pending: str = ""
    origin: str = OURS
    ref: int | None = None
    source: str = ""
    descriptors: Mapping[str, Any] = field(default_factory=dict)
    unfit: str = ""

    @property
    def can_be_measured(self) -> bool:
        """Whether there may be results of it."""
        return bool(self.config) or self.origin == BY_HAND

    @property
    def why_not_run(self) -> str:
        """Why the row has no number of ours: where the paper's comes from, or what is missing; "" if it can be run."""
        if self.can_be_measured:
            return ""
        if self.origin != OURS:
            reference = f"[{self.ref}] " if self.ref else ""
            return f"{ORIGINS[self.origin]}: {reference}{self.source}"
        if self.unfit:
            return f"not for this data: {self.unfit}"
        return f"not built yet: {self.pending}" if self.pending else ""


@dataclass(frozen=True)
class Delta:
    """A printed difference: row `minuend` minus row `subtrahend`."""

    minuend: str
    subtrahend: str
    paper: tuple[float | None, ...]
    label: str


@dataclass(frozen=True)
class Table:
    """A table of the paper; `descriptors` maps keys of the rows to printed headers.

    `own` is its title on the user's own data, where that is another.
    """

    id: str
    title: str
    section: str
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    split: str = ""
    deltas: tuple[Delta, ...] = ()
    descriptors: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    own: str = ""

    def row(self, row_id: str) -> Row:
        """The row of this id, which exists."""
        return next(row for row in self.rows if row.id == row_id)

    @property
    def heading(self) -> str:
        """Title, where in the paper it stands, and what the paper evaluated on."""
        place = f"Section {self.section}" if self.section[:1].isdigit() else self.section
        split = f"; the paper's numbers: {self.split}" if self.split else ""
        return f"{self.title} ({place}{split})"


def load_tables(path: str | Path = TABLES_FILE, more: Sequence[str | Path] = ()) -> dict[str, Table]:
    """Tables by id, in the order of the files, which are as described at the head of tables.yaml.

    Args:
        path: The paper's tables.
        more: Those that a user adds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it breaks a rule; the message names file, table and row.
    """
    tables: dict[str, Table] = {}
    for file in (path, *more):
        for number, entry in enumerate(load_list(file, "tables"), start=1):
            where = f"{file}, table {entry.get('id', f'number {number}') if isinstance(entry, dict) else number}"
            table = _table(entry, where)
            if table.id in tables:
                raise ValueError(f"{where}: the id is used twice")
            tables[table.id] = table
    return tables


def _table(value: Any, where: str) -> Table:
    entry = parse_entry(TableEntry, value, where)
    metrics = tuple(_metric(m, f"{where}, metric {n}") for n, m in enumerate(entry.metrics, 1))
    width = len(metrics)
    rows = tuple(_row(r, where, n, width) for n, r in enumerate(entry.rows, 1))
    labels = {row.id: row.label for row in rows}
    for row in rows:
        if sum(row.id == other.id for other in rows) > 1:
            raise ValueError(f"{where}, row {row.id}: the id is used twice")
        if set(row.descriptors) != set(entry.descriptors):
            found, legal = sorted(row.descriptors), sorted(entry.descriptors)
            raise ValueError(f"{where}, row {row.id}: has descriptors {found}, the table {legal}")
    deltas = tuple(_delta(d, f"{where}, delta {n}", labels, width) for n, d in enumerate(entry.deltas, 1))
    read = {"metrics": metrics, "rows": rows, "deltas": deltas, "id": check_name(entry.id, where, "id")}
    return Table(**{**dict(entry), **read})


def _delta(value: Any, where: str, labels: Mapping[str, str], width: int) -> Delta:
    entry = parse_entry(DeltaEntry, value, where)
    ends = entry.minuend, entry.subtrahend
    for end in ends:
        if end not in labels:
            raise ValueError(f"{where}: unknown row {end!r}: choose from {', '.join(labels)}")
    label = " - ".join(labels[end] for end in ends) if entry.label is None else entry.label
    return Delta(*ends, _numbers(entry.paper, width, where), label)


def _metric(value: Any, where: str) -> Metric:
    entry = parse_entry(MetricEntry, value, where)
    if any(part.count("/") != 1 for part in entry.result.split(" - ")):
        raise ValueError(f"{where}: result {entry.result!r} is not task/metric, such as segm/AP50")
    return Metric(**dict(entry))


def _row(value: Any, where: str, number: int, width: int) -> Row:
    name = f"number {number}"
    where += f", row {value.get('id', name) if isinstance(value, dict) else name}"
    entry = parse_entry(RowEntry, value, where)
    names = {key: check_name(getattr(entry, key), where, key) for key in ("id", *(["run"] if entry.run else []))}
    row = Row(**{**dict(entry), **names, "paper": _numbers(entry.paper, width, where)})
    if row.origin not in ORIGINS:
        raise ValueError(f"{where}: unknown origin {row.origin!r}: choose from {', '.join(ORIGINS)}")
    if row.origin == OURS and (not row.run or row.source or bool(row.config) == bool(row.pending)):
        raise ValueError(f"{where}: a row of {OURS} needs run, and either config or pending, and has no source")
    if row.origin != OURS and (not row.source or row.run or row.config or row.pending):
        raise ValueError(f"{where}: a row that is {row.origin} needs source, and has neither config, run nor pending")
    return row


def _numbers(values: Any, width: int, where: str) -> tuple[float | None, ...]:
    good = isinstance(values, list) and all(v is None or is_number(v) for v in values)
    if not good or len(values) != width:
        raise ValueError(f"{where}: paper is {values!r}, not {width} numbers (null for '-'), one per metric")
    return tuple(values)


def runs_of(tables: Iterable[Table]) -> dict[str, str]:
    """The run of each config that a row has."""
    return {row.config: row.run for table in tables for row in table.rows if row.config}


def select_tables(tables: Mapping[str, Table], ids: Sequence[str]) -> list[Table]:
    """The tables of these ids, each once; all for no ids. `TEXT` and `ALL` stand for groups; ValueError for others."""
    text = [t for t in tables if t.startswith(f"{TEXT}-") and any(row.config for row in tables[t].rows)]
    groups = {table_id: [table_id] for table_id in tables} | {TEXT: text, ALL: list(tables)}
    for table_id in ids:
        if table_id not in groups:
            raise ValueError(f"unknown table {table_id!r}: choose from {', '.join(groups)}")
    return [tables[table_id] for table_id in dict.fromkeys(t for i in ids or tables for t in groups[i])]


def select_rows(tables: Sequence[Table], row_ids: Sequence[str]) -> dict[RowKey, Row]:
    """The rows of this paper, of these ids or all for none, in printed order; ValueError for an id without a row."""
    legal = {(table.id, row.id): row for table in tables for row in table.rows if row.origin == OURS}
    names = dict.fromkeys(row_id for _, row_id in legal)
    for row_id in row_ids:
        if row_id not in names:
            where = f"table {', '.join(table.id for table in tables)}"
            raise ValueError(f"unknown row {row_id!r} of {where}: choose from {', '.join(names) or 'none'}")
    return {key: row for key, row in legal.items() if not row_ids or key[1] in row_ids}


def list_pending(pending: Mapping[RowKey, Row]) -> str:
    """One line: tables, rows, and what has to be built for them or why they do not fit the data; "" for no rows."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (table_id, row_id), row in pending.items():
        kind, reason = ("not for this data", row.unfit) if row.unfit else ("not built yet", row.pending)
        groups.setdefault(kind, {}).setdefault((table_id, reason), []).append(row_id)
    texts = {
        kind: "; ".join(f"table {table_id} {', '.join(rows)} ({reason})" for (table_id, reason), rows in found.items())
        for kind, found in groups.items()
    }
    return "; ".join(f"{kind}: {text}" for kind, text in texts.items())
