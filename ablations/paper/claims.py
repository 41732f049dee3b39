"""The paper's claims as data: load `claims.yaml`, check it against the tables, and choose from it."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ablations.paper.entries import ClaimEntry, SentenceEntry
from ablations.paper.tables import RowKey, Table
from ablations.paper.terms import AP, Side, Term, from_unit, is_ratio, to_unit, weights
from ablations.paper.yaml_file import check_name, load_list
from ablations.statistics.judge import ABOUT_EQUAL, RELATIONS, holds
from mask_rcnn_paper.schema import parse_entry

CLAIMS_FILE = Path(__file__).with_name("claims.yaml")
_KEY = re.compile(r"\w+/[\w-]+")


@dataclass(frozen=True)
class Claim:
    """A comparison that a sentence of the paper makes.

    The `difference` of `left` and `right` (None: 0) is greater than 0, or about equal to 0 within `margin`. `paper` is
    the paper's own difference, None where it prints no number. `pending`: what has to be built before it is measured.
    Where the unit is that of a ratio, all three are of natural logarithms.
    """

    id: str
    section: str
    words: str
    relation: str
    left: Side
    right: Side | None
    paper: float | None
    margin: float = 0.0
    unit: str = AP
    pending: str = ""

    @property
    def terms(self) -> dict[Term, float]:
        """The weight of each measured value in the difference."""
        terms = dict(self.left.terms)
        for term, weight in (self.right.terms if self.right else {}).items():
            terms[term] = terms.get(term, 0.0) - weight
        return terms

    @property
    def rows(self) -> tuple[RowKey, ...]:
        """All rows that it is about, in the order of the words."""
        return tuple(dict.fromkeys((*self.left.rows, *(self.right.rows if self.right else ()))))

    @property
    def is_ratio(self) -> bool:
        """Whether its values are compared by their ratio."""
        return is_ratio(self.unit)

    def difference(self, values: Mapping[Term, float]) -> float:
        """The weighted sum of these values, one for each term; of their logarithms for a ratio."""
        scale = math.log if self.is_ratio else float
        return sum(weight * scale(values[term]) for term, weight in self.terms.items())


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
        for number, value in enumerate(load_list(file, "sentences"), start=1):
            where = f"{file}, sentence {number}"
            sentence = parse_entry(SentenceEntry, value, where)
            for entry in sentence.claims:
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


def _claim(value: Any, sentence: SentenceEntry, tables: Mapping[str, Table], where: str) -> Claim:
    where += f", claim {value.get('id') if isinstance(value, dict) else value}"
    entry = parse_entry(ClaimEntry, value, where)
    relation, margin, pending, unit = sentence.relation, sentence.margin, sentence.pending, sentence.unit
    if relation not in RELATIONS:
        raise ValueError(f"{where}: unknown relation {relation!r}: choose from {', '.join(RELATIONS)}")
    if (margin > 0) != (relation == ABOUT_EQUAL):
        raise ValueError(f"{where}: margin is {margin!r}: {ABOUT_EQUAL} alone needs one, greater than 0")
    shared = {key: getattr(sentence, key) for key in ("section", "words", "relation", "unit", "pending")}
    left, right = _sides(entry, tables, where)
    claim = Claim(check_name(entry.id, where, "id"), left=left, right=right, paper=None, **shared)
    computed = None
    if not pending:
        _check_terms(claim.terms, tables, where)
        computed = _paper_difference(claim, tables)
    is_given = "paper" in entry.model_fields_set
    if (computed is None) != is_given:
        known = computed is not None and to_unit(computed, unit)
        fault = f"given, but the tables give {known}" if is_given else "missing, and no table gives it"
        raise ValueError(f"{where}: paper, the paper's own difference, is {fault}")
    try:
        paper = computed if entry.paper is None else from_unit(entry.paper, unit)
    except ValueError:
        raise ValueError(f"{where}: paper is {entry.paper:g}, not a number of {unit}") from None
    if margin and (margin := from_unit(margin, unit)) <= 0:
        raise ValueError(f"{where}: margin is {to_unit(margin, unit):g} times: it must be more than once")
    if paper is not None and not holds(relation, paper, paper, margin):
        raise ValueError(f"{where}: the paper's own difference, {to_unit(paper, unit)}, contradicts it")
    return replace(claim, paper=paper, margin=margin)


def _sides(entry: ClaimEntry, tables: Mapping[str, Table], where: str) -> tuple[Side, Side | None]:
    try:
        metrics = _metrics(entry.metric)
        over_metrics = metrics if entry.over_metric is None else _metrics(entry.over_metric)
        left, *right = (weights(side) for side in (entry.row, entry.over) if side is not None)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if over_metrics is not metrics and not right:
        raise ValueError(f"{where}: over_metric is of over, which is missing")
    rows, *over_rows = ({_row_key(name, tables, where): w for name, w in side.items()} for side in (left, *right))
    return Side(rows, metrics), Side(*over_rows, over_metrics) if over_rows else None


def _metrics(text: str) -> dict[str, float]:
    found = weights(text)
    if not all(map(_KEY.fullmatch, found)):
        raise ValueError(f"metric {text!r} is not task/metric, such as segm/AP50, or a difference of means of such")
    return found


def _row_key(name: str, tables: Mapping[str, Table], where: str) -> RowKey:
    table_id, _, row_id = name.partition("/")
    legal = [row.id for row in tables[table_id].rows] if table_id in tables else []
    if row_id not in legal:
        raise ValueError(f"{where}: unknown row {name!r}: choose from {', '.join(legal) or 'table/row of tables.yaml'}")
    return table_id, row_id


def _check_terms(terms: Mapping[Term, float], tables: Mapping[str, Table], where: str) -> None:
    for (table_id, _), metric in terms:
        legal = {key for column in tables[table_id].metrics for key in weights(column.result)}
        if metric not in legal:
            raise ValueError(f"{where}: table {table_id} has no {metric}: choose from {sorted(legal)}")
    if abs(sum(terms.values())) > 1e-9:
        raise ValueError(
            f"{where}: compares {next(iter(terms))[1]!r} with nothing: give over, or a difference as metric"
        )


def _paper_difference(claim: Claim, tables: Mapping[str, Table]) -> float | None:
    """From the numbers of the rows, else from printed differences of two of them; None if the paper has neither."""
    terms = claim.terms
    values = {term: _column(term[1], tables[term[0][0]], tables[term[0][0]].row(term[0][1]).paper) for term in terms}
    for (table_id, row_id), metric in terms:
        for delta in () if claim.is_ratio else tables[table_id].deltas:
            upper, lower = (((table_id, end), metric) for end in (delta.minuend, delta.subtrahend))
            if row_id == delta.minuend and values[upper] is None and terms.get(lower) == -terms[upper]:
                # Only the difference of the two counts.
                values |= {upper: _column(metric, tables[table_id], delta.paper), lower: 0.0}
    return None if None in values.values() else round(claim.difference(values), 12 if claim.is_ratio else 4)


def _column(metric: str, table: Table, numbers: Sequence[float | None]) -> float | None:
    """The number under this metric, among the columns that are measured here too."""
    pairs = zip(table.metrics, numbers, strict=True)
    return next((number for column, number in pairs if column.result == metric and not column.note), None)
