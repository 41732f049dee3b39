"""The paper's claims as data: load `claims.yaml`, check it against the tables, and choose from it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.statistics.judge import ABOUT_EQUAL, RELATIONS, holds
from ablations.paper.tables import RowKey, Table
from ablations.paper.yaml_file import check_keys, load_list

CLAIMS_FILE = Path(__file__).with_name("claims.yaml")
_KEY = re.compile(r"\w+/[\w-]+")


@dataclass(frozen=True)
class Claim:
    """A comparison that a sentence of the paper makes.

    `metric` of `row` minus that of `over` (None: minus 0) is greater than 0, or about equal within `margin`. `paper` is
    the paper's own difference, None where it prints no number. `pending`: what has to be built before it is measured.
    """

    id: str
    section: str
    words: str
    relation: str
    row: RowKey
    over: RowKey | None
    metric: str
    paper: float | None
    margin: float = 0.0
    unit: str = "AP"
    pending: str = ""

    @property
    def rows(self) -> tuple[RowKey, ...]:
        """The one or two rows that it is about."""
        return (self.row,) if self.over is None else (self.row, self.over)


def metric_terms(metric: str) -> dict[str, float]:
    """Weights by "task/metric": "a/x, a/y - b/z" is the mean of a/x and a/y, minus b/z; ValueError for other forms."""
    terms: dict[str, float] = {}
    sides = [side.split(", ") for side in metric.split(" - ")]
    if len(sides) > 2 or not all(_KEY.fullmatch(key) for side in sides for key in side):
        raise ValueError(f"metric {metric!r} is not task/metric, such as segm/AP50, or a difference of means of such")
    for sign, side in zip((1, -1), sides, strict=False):
        for key in side:
            terms[key] = terms.get(key, 0.0) + sign / len(side)
    return terms


def load_claims(
    tables: Mapping[str, Table], path: str | Path = CLAIMS_FILE, more: Sequence[str | Path] = ()
) -> dict[str, Claim]:
    """Claims by id, in the order of the files, which are as described at the head of claims.yaml.

    Args:
        tables: The tables that their rows are of.
        path: The paper's claims.
        more: Those that a user adds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it breaks a rule, or the paper's own numbers contradict a claim; the message says where.
    """
    claims: dict[str, Claim] = {}
    for file in (path, *more):
        for number, sentence in enumerate(load_list(file, "sentences"), start=1):
            where = f"{file}, sentence {number}"
            check_keys(sentence, where, {"section", "words", "relation", "claims"}, {"margin", "unit", "pending"})
            for entry in sentence["claims"]:
                claim = _claim(entry, sentence, tables, where)
                if claim.id in claims or claim.id in tables:
                    raise ValueError(f"{where}, claim {claim.id}: the id is used twice, or is a table's")
                claims[claim.id] = claim
    return claims


def select_claims(claims: Mapping[str, Claim], names: Sequence[str]) -> list[Claim]:
    """As `claims_about`, all for no names; ValueError for a name that is neither a claim nor a table with claims."""
    tables = list(dict.fromkeys(table for claim in claims.values() for table, _ in claim.rows))
    for name in names:
        if name not in claims and name not in tables:
            known = f"tables with claims are {', '.join(tables)}; claims are {', '.join(claims)}"
            raise ValueError(f"no claim {name!r}, and none about a table {name!r}: {known}")
    return claims_about(claims, names or claims)


def claims_about(claims: Mapping[str, Claim], names: Collection[str]) -> list[Claim]:
    """The claims of these ids and those about a row of these tables, in the order of the files."""
    return [claim for claim in claims.values() if {claim.id, *(table for table, _ in claim.rows)} & set(names)]


def _claim(entry: Any, sentence: Mapping[str, Any], tables: Mapping[str, Table], where: str) -> Claim:
    where += f", claim {entry.get('id') if isinstance(entry, dict) else entry}"
    check_keys(entry, where, {"id", "row", "metric"}, {"over", "paper"})
    relation, margin, pending = sentence["relation"], sentence.get("margin", 0.0), sentence.get("pending", "")
    if relation not in RELATIONS:
        raise ValueError(f"{where}: unknown relation {relation!r}: choose from {', '.join(RELATIONS)}")
    if type(margin) not in (int, float) or (margin > 0) != (relation == ABOUT_EQUAL):
        raise ValueError(f"{where}: margin is {margin!r}: {ABOUT_EQUAL} alone needs one, greater than 0")
    row = _row_key(entry["row"], tables, where)
    over = _row_key(entry["over"], tables, where) if "over" in entry else None
    metric, computed = entry["metric"], None
    if not pending:
        _check_metric(metric, row, over, tables, where)
        if over is None and " - " not in metric:
            raise ValueError(f"{where}: has no over, so its metric must be a difference, not {metric!r}")
        computed = _paper_difference(metric, row, over, tables)
    if (computed is None) != ("paper" in entry):
        fault = f"given, but the tables give {computed}" if "paper" in entry else "missing, and no table gives it"
        raise ValueError(f"{where}: paper, the paper's own difference, is {fault}")
    paper = entry.get("paper", computed)
    if paper is not None and not holds(relation, paper, paper, margin):
        raise ValueError(f"{where}: the paper's own difference, {paper}, contradicts it")
    shared = {key: str(sentence[key]) for key in ("section", "words", "relation", "unit") if key in sentence}
    measured = {"row": row, "over": over, "metric": metric, "paper": paper, "margin": float(margin)}
    return Claim(id=str(entry["id"]), pending=pending, **measured, **shared)


def _row_key(name: Any, tables: Mapping[str, Table], where: str) -> RowKey:
    table_id, _, row_id = str(name).partition("/")
    legal = [row.id for row in tables[table_id].rows] if table_id in tables else []
    if row_id not in legal:
        raise ValueError(f"{where}: unknown row {name!r}: choose from {', '.join(legal) or 'table/row of tables.yaml'}")
    return table_id, row_id


def _check_metric(metric: str, row: RowKey, over: RowKey | None, tables: Mapping[str, Table], where: str) -> None:
    try:
        keys = metric_terms(metric)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    for table_id, _ in (row, over or row):
        legal = {key for column in tables[table_id].metrics for key in metric_terms(column.result)}
        if unknown := [key for key in keys if key not in legal]:
            raise ValueError(f"{where}: table {table_id} has no {', '.join(unknown)}: choose from {sorted(legal)}")


def _paper_difference(metric: str, row: RowKey, over: RowKey | None, tables: Mapping[str, Table]) -> float | None:
    """From the numbers of the rows, else from a printed difference of the two; None if the paper has neither."""
    ends = [_paper_value(metric, tables[t], tables[t].row(r).paper) for t, r in ((row, over) if over else (row,))]
    if None not in ends:
        return round(ends[0] - sum(ends[1:]), 4)
    for delta in tables[row[0]].deltas:
        if over == (row[0], delta.subtrahend) and row[1] == delta.minuend:
            return _column(metric, tables[row[0]], delta.paper)
    return None


def _paper_value(metric: str, table: Table, numbers: Sequence[float | None]) -> float | None:
    """The number under this metric, or computed from those under its terms."""
    if (printed := _column(metric, table, numbers)) is not None:
        return printed
    parts = [(weight, _column(name, table, numbers)) for name, weight in metric_terms(metric).items()]
    return None if any(value is None for _, value in parts) else sum(weight * value for weight, value in parts)


def _column(metric: str, table: Table, numbers: Sequence[float | None]) -> float | None:
    """The number under this metric, among the columns that are measured here too."""
    pairs = zip(table.metrics, numbers, strict=True)
    return next((number for column, number in pairs if column.result == metric and not column.note), None)
