"""README.md beside the published results: what has been run of each table, and all tables that have a result."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from tabulate import tabulate

from ablations.jobs.folder import FINISHED
from ablations.paper.tables import TEXT, Table, select_tables
from ablations.query import Query, make_query
from ablations.render.plain import markdown_text
from ablations.render.units import gigabytes
from mask_rcnn_paper.files import write_text_atomically

_HEAD = """# Results at {scale} scale

Written by `python -m ablations publish` from the files beside this page, which say of each run what it was: commit,
versions, seed, seconds. To make them anew:

{commands}

{state}
"""
_STATE = ("table", "what", "rows with results", "seeds", "minutes a row", "memory of a row")


def write_page(query: Query) -> Path:
    """Write `published_page` as README.md beside the published results, and return its path."""
    page = make_query(replace(query.asked, tables=(), rows=(), seeds=None, opts=(), published=True))
    path = page.source.folder / "README.md"
    write_text_atomically(path, published_page(page))
    return path


def published_page(query: Query) -> str:
    """All tables that have a published result, each over its published seeds, as a page in Markdown.

    The `query` is about all of them. The user's own data are named without their paths.
    """
    results = [query.results(table) for table in query.shown]
    shown = [result for result in results if not result.is_empty]
    complete: dict[tuple[int, ...], list[str]] = {}
    for table in (result.table for result in shown):
        complete.setdefault(_complete_seeds(table, query), []).append(table.id)
    options = f"--scale {query.scale}{' --data FILE.yaml' if query.data else ''} --seeds"
    commands = "\n".join(
        f"    python -m ablations run {' '.join(_grouped(ids, query))} {options} {' '.join(map(str, seeds))}"
        for seeds, ids in complete.items()
        if seeds
    )
    head = _HEAD.format(scale=query.scale, commands=commands, state=state_text(query))
    return f"{head}\n{markdown_text(shown)}"


def state_text(query: Query) -> str:
    """Of each table with rows that can be run: how many have a result, of which seeds, median time, largest memory.

    Time and memory are those of a row's own job, without the stages before it.
    """
    lines = []
    for table in query.shown:
        can_run = [row for row in table.rows if row.config]
        keys = [(row.id, seed) for row in can_run for seed in query.seeds]
        status = {key: query.statuses[query.plan.job(table.id, *key).identity] for key in keys}
        done = {key: found.result for key, found in status.items() if found.state == FINISHED}
        seeds = ", ".join(map(str, sorted({seed for _, seed in done})))
        seconds = [result["seconds"] for result in done.values() if "seconds" in result]
        minutes = f"{median(seconds) / 60:.0f}" if seconds else ""
        memory = max((result.get("peak_memory", {}).get("process", 0.0) for result in done.values()), default=0.0)
        rows = f"{len({row_id for row_id, _ in done})} of {len(can_run)}"
        memory_text = gigabytes(memory) if memory else ""
        if can_run:
            lines.append((table.id, table.title, rows, seeds, minutes, memory_text))
    return tabulate(lines, _STATE, "pipe", disable_numparse=True)


def _complete_seeds(table: Table, query: Query) -> tuple[int, ...]:
    """The seeds of which every row that can be run has a result."""

    def finished(row_id: str, seed: int) -> bool:
        return query.statuses[query.plan.job(table.id, row_id, seed).identity].state == FINISHED

    return tuple(s for s in query.seeds if all(finished(row.id, s) for row in table.rows if row.config))


def _grouped(ids: Sequence[str], query: Query) -> list[str]:
    """Table ids, with the name of the text's group where all of it is there."""
    text = {table.id for table in select_tables(query.tables, [TEXT])}
    return [*(table_id for table_id in ids if table_id not in text), TEXT] if text <= set(ids) else list(ids)
