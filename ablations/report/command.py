"""`python -m ablations report`: write everything that was measured as one HTML file."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablations.paper.claims import Claim, load_claims
from ablations.paper.selection import select_rows, select_tables
from ablations.paper.tables import Table, load_tables
from ablations.query import choose_evidence, plan_rows
from ablations.report.contents import Contents, gather
from ablations.report.html_page import report_page
from ablations.report.picture import report_picture
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_bytes_atomically, write_text_atomically


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
    source, seeds = choose_evidence(args)
    tables = load_tables(more=args.more_tables)
    shown = select_tables(tables, args.tables)
    claims = claims_about(load_claims(tables), shown)
    keys = [*select_rows(shown, [])[0], *(key for claim in claims if not claim.pending for key in claim.rows)]
    tables, plan = plan_rows(args, opts, tables, keys, seeds)
    return gather([tables[table.id] for table in shown], claims, tables, plan, seeds, source)


def claims_about(claims: Mapping[str, Claim], tables: Sequence[Table]) -> list[Claim]:
    """The claims about a row of these tables, in the order of the file."""
    ids = {table.id for table in tables}
    return [claim for claim in claims.values() if ids & {table_id for table_id, _ in claim.rows}]
