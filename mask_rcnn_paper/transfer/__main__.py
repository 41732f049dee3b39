"""Make a detector's weights those of a detector of other classes, matched by name.

python -m mask_rcnn_paper.transfer COCO.pth OUT.pth --to cityscapes
python -m mask_rcnn_paper.transfer COCO.pth OUT.pth --to cityscapes --map rider=person
python -m mask_rcnn_paper.transfer PETS.pth OUT.pth --from pets.json --to wild.json --map fox=dog --map lynx=random

OUT.pth is for MODEL.WEIGHTS: it holds weights alone, neither the state of the optimizer nor the iteration.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from mask_rcnn_paper.coco.facts import read_facts
from mask_rcnn_paper.data.registered import read_classes
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_json_atomically
from mask_rcnn_paper.provider import PROVIDER
from mask_rcnn_paper.registration import register_components
from mask_rcnn_paper.terminal import escape_logs, parse_words, say
from mask_rcnn_paper.training.checkpoint import write_checkpoint
from mask_rcnn_paper.training.weights import require_finite
from mask_rcnn_paper.transfer.class_layers import BACKGROUND, count_classes, transfer_weights
from mask_rcnn_paper.transfer.class_map import ALL_RANDOM, RANDOM, class_map, read_map
from mask_rcnn_paper.transfer.weights_file import read_weights

PROGRAM = "mask_rcnn_paper.transfer"
_SETS = {"coco": "coco_2017_train", "cityscapes": "cityscapes_train"}
# What the paper starts anew where its COCO model becomes one of Cityscapes.
_PAPER = {"rider": RANDOM}


def class_names(given: str) -> list[str]:
    """Names in the order of a model's classes: "coco", "cityscapes", a registered dataset, or a COCO file.

    Raises:
        FileNotFoundError, KeyError, ValueError: it is none of these.
    """
    if given.endswith(".json"):
        return list(read_facts(given).classes.values())
    try:
        return list(read_classes(_SETS.get(given, given)).names.values())
    except KeyError:
        legal = "coco, cityscapes, a registered dataset such as mini_train, or an annotation file *.json"
        raise ValueError(f"classes {given!r}: give {legal}") from None


def transfer(checkpoint: str, out: Path, source: str, target: str, words: Sequence[str], seed: int) -> dict[str, Any]:
    """Write `out`, the weights of `checkpoint` for other classes, and return the report.

    Args:
        checkpoint: Weights of a detector of the classes `source`.
        out: `.pth` file.
        source, target: As `class_names` takes them.
        words: What `--map` was given.
        seed: Of what is drawn.

    Raises:
        FileNotFoundError, KeyError, ValueError: bad input.
    """
    old, new = class_names(source), class_names(target)
    given, all_random = read_map(words)
    by_default = _PAPER if target == "cityscapes" and "rider" not in old else {}
    mapped = dict.fromkeys(new) if all_random else class_map(old, new, by_default | given)
    weights = read_weights(checkpoint)
    rows = [None if name is None else old.index(name) for name in mapped.values()]
    with _of(checkpoint):
        if (found := count_classes(weights)) != len(old):
            raise ValueError(f"it has {found} classes, --from {source} has {len(old)}: name those it has")
        transferred, layers = transfer_weights(weights, [*rows, None if all_random else len(old)], seed)
        require_finite(transferred, "what is drawn of its layers")
    write_checkpoint(out, {"model": transferred, "__author__": "mask_rcnn_paper"})
    copied = sum(name is not None for name in mapped.values())
    return {
        "checkpoint": checkpoint,
        "out": str(out),
        "seed": seed,
        "classes": {**mapped, BACKGROUND: None if all_random else BACKGROUND},
        "layers": {name: [list(weights[name].shape), list(transferred[name].shape)] for name in layers},
        "metrics": {"transfer": {"copied": copied, "drawn": len(mapped) - copied, "kept": len(weights) - len(layers)}},
    }


@contextlib.contextmanager
def _of(checkpoint: str) -> Iterator[None]:
    """Name the file in what is said of the weights in it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"checkpoint {checkpoint!r}: {error}") from error


def report_text(report: dict[str, Any]) -> str:
    """For people: where each class comes from, and the shapes of the layers."""
    classes = [(name, f"drawn from N(mean, std), seed {report['seed']}" if source is None else f"copied from {source}")
               for name, source in report["classes"].items()]  # fmt: skip
    layers = [(name, "x".join(map(str, old)), "x".join(map(str, new))) for name, (old, new) in report["layers"].items()]
    tables = tabulate(classes, ("class", "weights")), tabulate(layers, ("class layer", "before", "after"))
    kept = f"{report['metrics']['transfer']['kept']} other tensors are as they were; weights in {report['out']}"
    return "\n\n".join((*tables, kept))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; bad input ends in one line and exit code 2."""
    escape_logs()
    started = time.perf_counter()
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=f"python -m {PROGRAM}", description=__doc__, formatter_class=about)
    parser.add_argument("checkpoint", help="weights of a detector, .pth or .pkl")
    parser.add_argument("out", type=Path, help=".pth file to write")
    lists = "coco, cityscapes, a registered dataset such as mini_train, or a COCO file *.json"
    parser.add_argument("--from", dest="source", default="coco", metavar="CLASSES", help=f"{lists}; default: coco")
    parser.add_argument("--to", dest="target", required=True, metavar="CLASSES", help="likewise")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="TARGET=SOURCE",
        help=f"class to copy from, or {RANDOM}; may be repeated. {ALL_RANDOM}: every row anew, background too. "
        f"Default: by name, and with --to cityscapes rider={RANDOM}, as the paper has it",
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: 0)")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report there too")
    args = parse_words(parser, argv)
    register_components()
    with one_line_errors(PROGRAM):
        if args.out.suffix != ".pth":
            raise ValueError(f"{args.out}: name a .pth file")
        report = transfer(args.checkpoint, args.out, args.source, args.target, args.map, args.seed)
        if args.report:
            about_run = {"seconds": round(time.perf_counter() - started, 1), "provider": {"name": PROVIDER}}
            write_json_atomically(args.report, report | about_run)
    say(report_text(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
