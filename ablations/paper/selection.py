"""Which tables and rows a command is about, from the words on its line."""

from collections.abc import Mapping, Sequence

from ablations.paper.tables import OURS, Row, Table

# Names all tables "text-..." that have rows to run.
TEXT = "text"

RowKey = tuple[str, str]


def select_tables(tables: Mapping[str, Table], ids: Sequence[str]) -> list[Table]:
    """The tables of these ids, each once; all tables for no ids. `TEXT` stands for a group.

    Raises:
        ValueError: an id is unknown.
    """
    text = [t for t in tables if t.startswith(f"{TEXT}-") and any(row.config for row in tables[t].rows)]
    groups = {table_id: [table_id] for table_id in tables} | {TEXT: text}
    for table_id in ids:
        if table_id not in groups:
            raise ValueError(f"unknown table {table_id!r}: choose from {', '.join(groups)}")
    return [tables[table_id] for table_id in dict.fromkeys(t for i in ids or tables for t in groups[i])]


def select_rows(tables: Sequence[Table], row_ids: Sequence[str]) -> tuple[dict[RowKey, Row], dict[RowKey, Row]]:
    """The rows of this paper, restricted to `row_ids` unless that is empty.

    Returns:
        Those with a config, and those that are not built yet or do not fit the data; by (table id, row id), in printed
        order.

    Raises:
        ValueError: a row id is in none of the tables, or is not of this paper.
    """
    legal = {(table.id, row.id): row for table in tables for row in table.rows if row.origin == OURS}
    names = dict.fromkeys(row_id for _, row_id in legal)
    for row_id in row_ids:
        if row_id not in names:
            where = f"table {', '.join(table.id for table in tables)}"
            raise ValueError(f"unknown row {row_id!r} of {where}: choose from {', '.join(names) or 'none'}")
    chosen = {key: row for key, row in legal.items() if not row_ids or key[1] in row_ids}
    return {k: r for k, r in chosen.items() if r.config}, {k: r for k, r in chosen.items() if not r.config}


def list_pending(pending: Mapping[RowKey, Row]) -> str:
    """One line: tables, rows, and what has to be built for them or why they do not fit the data; "" for no rows."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (table_id, row_id), row in pending.items():
        kind, reason = ("not for this data", row.unfit) if row.unfit else ("not built yet", row.pending)
        groups.setdefault(kind, {}).setdefault((table_id, reason), []).append(row_id)
    lines = []
    for kind, rows_of in groups.items():
        texts = (f"table {table_id} {', '.join(rows)} ({what})" for (table_id, what), rows in rows_of.items())
        lines.append(f"{kind}: {'; '.join(texts)}")
    return "; ".join(lines)
