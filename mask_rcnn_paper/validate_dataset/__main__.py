"""`python -m mask_rcnn_paper.validate_dataset`: the command line of the checks."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_text_atomically
from mask_rcnn_paper.validate_dataset import report
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco
from mask_rcnn_paper.validate_dataset.cityscapes import SPLITS, check_cityscapes
from mask_rcnn_paper.validate_dataset.fix import Fixed, fix
from mask_rcnn_paper.validate_dataset.rule import Violation, errors

PROGRAM = "validate_dataset"
_DESCRIPTION = "Check COCO data (instances, keypoints) or Cityscapes data; exit code 1 where there are errors."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: error: {message}; --help shows the usage\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print, and with --fix write the cleaned copy.

    Returns:
        1 where errors were found or, with --fix, where some are left; otherwise 0. Bad usage exits with 2.
    """
    parser = _arguments()
    args = parser.parse_args(argv)
    _check_usage(parser, args)
    with one_line_errors(PROGRAM, OSError):
        return _check_cityscapes(args) if args.cityscapes else _check_coco(args)


def _arguments() -> _Parser:
    parser = _Parser(prog=f"python -m mask_rcnn_paper.{PROGRAM}", description=_DESCRIPTION)
    parser.add_argument("annotations", nargs="?", type=Path, metavar="ANNOTATIONS.json", help="in COCO's format")
    parser.add_argument("image_dir", nargs="?", type=Path, metavar="IMAGE_DIR", help="not needed with --no-images")
    parser.add_argument("--cityscapes", type=Path, metavar="ROOT", help="folder of leftImg8bit/ and gtFine/")
    parser.add_argument("--split", action="append", help="of Cityscapes; may be repeated (default: train and val)")
    parser.add_argument(
        "--mask-format", choices=["polygon", "bitmask"], help="INPUT.MASK_FORMAT of the training (default: polygon)"
    )
    parser.add_argument("--no-images", action="store_true", help="do not look at the image files")
    parser.add_argument("--fix", type=Path, metavar="OUT.json", help="write a cleaned copy; the input stays as it is")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="json has all findings")
    return parser


def _check_usage(parser: _Parser, args: argparse.Namespace) -> None:
    if args.cityscapes:
        if args.annotations or args.fix or args.mask_format or args.no_images:
            parser.error("--cityscapes ROOT goes with --split and --format only")
        if not args.cityscapes.is_dir():
            parser.error(f"Cityscapes folder {str(args.cityscapes)!r} does not exist")
        return
    if args.split:
        parser.error("--split goes with --cityscapes only")
    if args.annotations is None:
        parser.error("give ANNOTATIONS.json IMAGE_DIR, or --cityscapes ROOT")
    if not args.annotations.is_file():
        parser.error(f"annotation file {str(args.annotations)!r} does not exist")
    if args.image_dir is None and not args.no_images:
        parser.error("give IMAGE_DIR, or --no-images")
    if args.image_dir is not None and not args.image_dir.is_dir():
        parser.error(f"image folder {str(args.image_dir)!r} does not exist")
    if args.fix is not None:
        if args.fix.exists() and os.path.samefile(args.fix, args.annotations):
            parser.error(f"--fix {args.fix} is the input, which is never changed: name another file")
        if args.fix.is_dir():
            parser.error(f"--fix {args.fix} is a folder: name a file")


def _check_cityscapes(args: argparse.Namespace) -> int:
    count, violations = check_cityscapes(args.cityscapes, tuple(args.split or SPLITS))
    _print(args, f"{args.cityscapes}, {count} images with labels", violations)
    return int(any(errors(violations)))


def _check_coco(args: argparse.Namespace) -> int:
    checker = CocoChecker(args.annotations, None if args.no_images else args.image_dir, args.mask_format or "polygon")
    data, violations = check_coco(args.annotations, checker)
    subject = f"{args.annotations}{_counts(data)}"  # before --fix changes the data
    fixed = None if args.fix is None or data is None else fix(data, checker, violations)
    written = fixed is not None and not any(errors(fixed.left))
    if written:
        write_text_atomically(args.fix, json.dumps(data))
    _print(args, subject, violations, fixed if written else None)
    if args.fix is None or written:
        return int(any(errors(violations)) and not written)
    rules = sorted({violation.rule.name for violation in errors(fixed.left if fixed else violations)})
    print(f"{PROGRAM}: {args.fix} is not written: --fix cannot mend {', '.join(rules)}", file=sys.stderr)
    return 1


def _counts(data: Any) -> str:
    sections = ("images", "annotations") if isinstance(data, dict) else ()
    lists = [(name, data.get(name)) for name in sections]
    return "".join(f", {len(entries)} {name}" for name, entries in lists if isinstance(entries, list))


def _print(args: argparse.Namespace, subject: str, violations: list[Violation], fixed: Fixed | None = None) -> None:
    if args.format == "json":
        print(report.render_json(subject, violations, fixed, None if fixed is None else str(args.fix)))
        return
    print(report.render_text(subject, violations))
    if fixed is not None:
        print(report.render_fixed(fixed, str(args.fix)))


if __name__ == "__main__":
    sys.exit(main())
