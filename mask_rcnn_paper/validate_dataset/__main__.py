"""`python -m mask_rcnn_paper.validate_dataset`: the command line of the checks."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_text_atomically
from mask_rcnn_paper.terminal import parse_words, say
from mask_rcnn_paper.validate_dataset.checker import CocoChecker, check_coco, fix
from mask_rcnn_paper.validate_dataset.cityscapes_rules import SPLITS, check_cityscapes
from mask_rcnn_paper.validate_dataset.json_rules import not_finite, parse
from mask_rcnn_paper.validate_dataset.report import render_json, render_text
from mask_rcnn_paper.validate_dataset.rule import Violation, errors
from mask_rcnn_paper.validate_dataset.splits import Split, compare

PROGRAM = "validate_dataset"
_DESCRIPTION = "Check COCO data (instances, keypoints) or Cityscapes data; exit code 1 where there are errors."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        say(f"{PROGRAM}: error: {message}; --help shows the usage", file=sys.stderr)
        sys.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print, and with --fix write the cleaned copy.

    Returns:
        1 where errors were found or, with --fix, where some are left; otherwise 0. Bad usage exits with 2.
    """
    with one_line_errors(PROGRAM, OSError):  # of a name that is too long, too
        args = _arguments(argv)
        render = render_json if args.format == "json" else render_text
        if not args.cityscapes:
            return _check_coco(args, render)
        count, violations = check_cityscapes(args.cityscapes, tuple(args.split or SPLITS))
        say(render(f"{args.cityscapes}, {count} images with labels", violations))
        return int(any(errors(violations)))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
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
    parser.add_argument(
        "--against",
        nargs=2,
        type=Path,
        metavar=("OTHER.json", "OTHER_IMAGE_DIR"),
        help="compare with the file that is tested on, or trained on: categories, and images that are in both",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="json has all findings")
    args = parse_words(parser, argv)
    root, file, images, out = args.cityscapes, args.annotations, args.image_dir, args.fix
    alone = not (file or out or args.mask_format or args.no_images or args.against)
    other, other_images = args.against or (None, None)
    is_input = file and out and file.exists() and out.exists() and os.path.samefile(out, file)
    for wrong, message in (
        (root and not alone, "--cityscapes ROOT goes with --split and --format only"),
        (root and not root.is_dir(), f"Cityscapes folder {str(root)!r} does not exist"),
        (args.split and not root, "--split goes with --cityscapes only"),
        (not file and not root, "give ANNOTATIONS.json IMAGE_DIR, or --cityscapes ROOT"),
        (file and not file.is_file(), f"annotation file {str(file)!r} does not exist"),
        (not (images or args.no_images or root), "give IMAGE_DIR, or --no-images"),
        (images and not images.is_dir(), f"image folder {str(images)!r} does not exist"),
        (other and not images, "--against needs IMAGE_DIR: images are the same where their files are"),
        (other and not other.is_file(), f"annotation file {str(other)!r} does not exist"),
        (other and not other_images.is_dir(), f"image folder {str(other_images)!r} does not exist"),
        (is_input, f"--fix {out} is the input, which is never changed: name another file"),
        (out and out.is_dir(), f"--fix {out} is a folder: name a file"),
        (out and out.suffix != ".json", f"--fix {out}: name a .json file, so that no image is written over"),
    ):
        if wrong:
            parser.error(message)
    return args


def _check_coco(args: argparse.Namespace, render: Callable[..., str]) -> int:
    checker = CocoChecker(args.annotations, None if args.no_images else args.image_dir, args.mask_format or "polygon")
    data, violations = check_coco(args.annotations, checker)
    between = _compare(args, data)
    subject = str(args.annotations)
    for section in ("images", "annotations"):
        if isinstance(data, dict) and isinstance(data.get(section), list):
            subject += f", {len(data[section])} {section}"
    fixed = None if args.fix is None or data is None else fix(data, checker, violations)
    left = [*errors(fixed.left if fixed else violations), *between]
    if fixed is not None and not left:
        if place := not_finite(data):
            cure = "leave the field out, or write a finite number"
            text = f"--fix {args.fix} is not written: JSON has no NaN and no infinity, as at {place}: {cure}"
            say(f"{PROGRAM}: error: {text}", file=sys.stderr)
            return 2
        write_text_atomically(args.fix, json.dumps(data, allow_nan=False))
        say(render(subject, violations, fixed, str(args.fix)))
        return 0
    say(render(subject, violations + between))
    if args.fix:
        rules = ", ".join(sorted({violation.rule.name for violation in left}))
        say(f"{PROGRAM}: {args.fix} is not written: --fix cannot mend {rules}", file=sys.stderr)
    return int(bool(left))


def _compare(args: argparse.Namespace, data: Any) -> list[Violation]:
    if not args.against:
        return []
    other, images = args.against
    content, found = parse(other.read_bytes())
    unread = [violation.locate(other) for violation in found if content is None]
    return unread + compare(Split(args.annotations, data, args.image_dir), Split(other, content, images))


if __name__ == "__main__":
    sys.exit(main())
