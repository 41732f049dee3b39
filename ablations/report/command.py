"""`python -m ablations report`: write everything that was measured as one HTML file."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablations.claims import Claim, load_claims
from ablations.plan import make_plan
from ablations.report.contents import Contents, gather
from ablations.report.page import report_page
from ablations.report.picture import report_picture
from ablations.selection import select_rows, select_tables
from ablations.source import choose_source
from ablations.tables import Table, load_tables
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_bytes_atomically, write_text_atomically
from mask_rcnn_paper.results import config_hash
from mask_rcnn_paper.scales import load_cfg


def write_report(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`report`: write the page and say where."""
    with one_line_errors("ablations"):
        contents = _contents(args, opts)
        if args.picture:
            write_bytes_atomically(args.picture, report_picture(contents))
            print(args.picture)
            return 0
        write_text_atomically(args.out, report_page(contents))
    print(args.out)
    print(f"{Path(args.out).stat().st_size / 1e6:.2f} MB, for any browser", file=sys.stderr)
    return 0


def _contents(args: argparse.Namespace, opts: Sequence[str]) -> Contents:
    output = Path(args.output).resolve()
    source = choose_source(output, args.scale, args.published, fall_back=True)
    seeds = list(dict.fromkeys(source.seeds if args.seeds is None else args.seeds))
    if min(seeds) < 0:
        raise ValueError(f"--seeds {min(seeds)}: must be at least 0")
    tables = load_tables(more=args.more_tables)
    shown = select_tables(tables, args.tables)
    claims = claims_about(load_claims(tables), shown)
    rows, _ = select_rows(shown, [])
    of_claims = {key: tables[key[0]].row(key[1]) for claim in claims if not claim.pending for key in claim.rows}
    rows |= {key: row for key, row in of_claims.items() if row.config}
    plan = make_plan(rows, seeds, args.scale, output, load_cfg, config_hash, opts)
    return gather(shown, claims, tables, plan, seeds, source)


def claims_about(claims: Mapping[str, Claim], tables: Sequence[Table]) -> list[Claim]:
    """The claims about a row of these tables, in the order of the file."""
    ids = {table.id for table in tables}
    return [claim for claim in claims.values() if ids & {table_id for table_id, _ in claim.rows}]
