"""What the commands that judge and report share: where results are read, of which seeds, and the plan of their rows."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ablations.evidence.sources import Source, choose_source
from ablations.jobs.plan import Plan, make_plan
from ablations.paper.selection import RowKey
from ablations.paper.tables import Table
from ablations.user_data import fit_to_data, name_of_data
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash


def choose_evidence(args: argparse.Namespace) -> tuple[Source, list[int]]:
    """Where results are read, and the seeds that were asked for, by default those that there are.

    Raises:
        ValueError: a negative seed, or wrong data.
    """
    source = choose_source(Path(args.output).resolve(), args.scale, args.published, True, name_of_data(args.data))
    seeds = list(dict.fromkeys(source.seeds if args.seeds is None else args.seeds))
    if min(seeds) < 0:
        raise ValueError(f"--seeds {min(seeds)}: must be at least 0")
    return source, seeds


def plan_rows(
    args: argparse.Namespace,
    opts: Sequence[str],
    tables: Mapping[str, Table],
    keys: Collection[RowKey],
    seeds: Sequence[int],
) -> tuple[dict[str, Table], Plan]:
    """Plan those of some rows that can be run.

    Args:
        args: Of the command.
        opts: The user's KEY VALUE list.
        tables: All tables by id.
        keys: (table id, row id) of the rows.
        seeds: Of the detectors.

    Returns:
        The tables, with the rows that do not fit the user's own data without config, and the plan.

    Raises:
        ValueError, FileNotFoundError: as `fit_to_data` and `make_plan`.
    """
    data, fitted = fit_to_data(args.data, tables.values(), args.scale, opts, keys, to_run=False)
    by_id = {table.id: table for table in fitted}
    rows = {key: row for key in keys if (row := by_id[key[0]].row(key[1])).config}
    output = Path(args.output).resolve()
    return by_id, make_plan(rows, seeds, args.scale, output, load_cfg, config_hash, opts, data)
