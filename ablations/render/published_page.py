"""README.md beside the published results: all tables that have one."""

from collections.abc import Sequence
from pathlib import Path

from ablations.evidence.collect import collect
from ablations.evidence.publish import published_folder
from ablations.evidence.sources import Source, choose_source, seeds_of
from ablations.jobs.plan import Plan, make_plan
from ablations.jobs.store import FINISHED
from ablations.paper.selection import TEXT, select_rows, select_tables
from ablations.paper.tables import Table, load_tables
from ablations.render import render
from ablations.user_data import fit_to_data, name_of_data
from mask_rcnn_paper.files import write_text_atomically
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash

_HEAD = """# Results at {scale} scale

Written by `python -m ablations publish` from the files beside this page, which say of each run what it was: commit,
versions, seed, seconds. To make them anew:

{commands}
"""


def write_page(scale: str, data: str | None = None) -> Path:
    """Write `published_page` as README.md beside the published results, and return its path."""
    path = published_folder(scale, name_of_data(data)) / "README.md"
    write_text_atomically(path, published_page(scale, data))
    return path


def published_page(scale: str, data: str | None = None) -> str:
    """All tables that have a published result at this scale, each over its published seeds, as a page in Markdown.

    Args:
        scale: Name of the scale.
        data: What `--data` says, for the page of the user's own data; it does not show their paths.
    """
    source = choose_source(Path(), scale, published=True, own_data=name_of_data(data))
    tables = list(load_tables().values())
    own, tables = fit_to_data(data, tables, scale, (), select_rows(tables, [])[0], to_run=False)
    rows = select_rows(tables, [])[0]
    plan = make_plan(rows, source.seeds, scale, Path(), load_cfg, config_hash, own_data=own)
    status_of = source.status_of
    results = [collect(table, plan, seeds_of(table, plan, source.seeds, status_of), status_of) for table in tables]
    shown = [result for result in results if any(value for row in result.rows for value in row.ours)]
    complete: dict[tuple[int, ...], list[str]] = {}
    for table in (result.table for result in shown):
        complete.setdefault(_complete_seeds(table, plan, source), []).append(table.id)
    options = f"--scale {scale}{' --data FILE.yaml' if own else ''}"
    commands = "\n".join(
        f"    python -m ablations run {' '.join(_grouped(ids))} {options} --seeds {' '.join(map(str, seeds))}"
        for seeds, ids in complete.items()
        if seeds
    )
    return f"{_HEAD.format(scale=scale, commands=commands)}\n{render(shown, 'md')}"


def _complete_seeds(table: Table, plan: Plan, source: Source) -> tuple[int, ...]:
    """The seeds of which every row that can be run has a result."""

    def finished(row_id: str, seed: int) -> bool:
        return source.status_of(plan.jobs[plan.rows[table.id, row_id, seed]], plan.jobs).state == FINISHED

    return tuple(s for s in source.seeds if all(finished(row.id, s) for row in table.rows if row.config))


def _grouped(ids: Sequence[str]) -> list[str]:
    """Table ids, with the name of the text's group where all of it is there."""
    text = {table.id for table in select_tables(load_tables(), [TEXT])}
    if not text <= set(ids):
        return list(ids)
    return [*(table_id for table_id in ids if table_id not in text), TEXT]
