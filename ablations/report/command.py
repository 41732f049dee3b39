"""`python -m ablations report`: write everything that was measured as one HTML file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ablations.evidence.shown_scores import ScoreRule
from ablations.query import Asked, make_query
from ablations.report.contents import gather
from ablations.report.page import report_page, report_picture
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_bytes_atomically, write_text_atomically
from mask_rcnn_paper.terminal import say


def write_report(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`report`: write the page and say where."""
    with one_line_errors("ablations"):
        rule = ScoreRule.from_arguments(args)
        # No claim of the paper is about the user's own data.
        query = make_query(Asked.from_arguments(args, opts), of_claims=not args.data, fall_back=True)
        contents = gather(query, rule, Path(args.out))
        if args.picture:
            write_bytes_atomically(args.picture, report_picture(contents))
            say(args.picture)
            return 0
        write_text_atomically(args.out, report_page(contents))
    say(args.out)
    say(f"{Path(args.out).stat().st_size / 1e6:.2f} MB, for any browser", file=sys.stderr)
    return 0
