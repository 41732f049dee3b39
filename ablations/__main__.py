"""Run the paper's tables, print and judge them.

python -m ablations list --scale mini
python -m ablations run 2b 2c --scale mini --seeds 0 1 --jobs 2 [KEY VALUE ...]
python -m ablations run 2b --data NAME=train.json:train_images,val.json:val_images --scale mini
python -m ablations run losses --tables mine/tables.yaml --import mine/dice.py --scale mini
python -m ablations status 2b --scale mini
python -m ablations table 2b --scale mini --format csv
python -m ablations table 2b --scale mini --published
python -m ablations table 2b --scale mini --results output/mini/table2b/sigmoid
python -m ablations claims 2b 2c-roialign --scale mini
python -m ablations report 2b 2c --scale mini --out report.html
python -m ablations predict 2b/sigmoid photo.jpg folder --scale mini
python -m ablations timing --scale mini
python -m ablations publish 2b --scale mini
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from mask_rcnn_paper.config_files import SCALES
from mask_rcnn_paper.cores import IDLE_THREADS_SLEEP
from mask_rcnn_paper.terminal import escape_logs, parse_words, say

_TOP_LEVEL_KEYS = ("OUTPUT_DIR", "SEED", "VIS_PERIOD", "CUDNN_BENCHMARK", "FLOAT32_PRECISION")
_CONFIG_KEY = re.compile("|".join([r"[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)+", *_TOP_LEVEL_KEYS]))
# Cameras name their images as config keys look: IMG_0001.JPG.
_FILE_NAME = re.compile(r".*\.(avif|bmp|gif|jp2|jpe?g|pgm|png|ppm|tiff?|webp|ya?ml|json)", re.IGNORECASE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the words `argv` are; returns 0, 1 if a job failed, 2 for bad input, 130 after Ctrl-C."""
    words, opts = split_opts(sys.argv[1:] if argv is None else argv)
    escape_logs()
    os.environ.update(IDLE_THREADS_SLEEP | os.environ)
    args = parse_words(make_parser(), words)
    # Imported now: `--help` need not wait for what the commands import.
    module, _, function = args.function.partition(":")
    try:
        return getattr(import_module(f"ablations.{module}"), function)(args, opts)
    except KeyboardInterrupt:
        say("\nablations: interrupted", file=sys.stderr)
        return 130


def split_opts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off the KEY VALUE list, which starts at the first word that is a config key; options may follow it."""
    keys = (n for n, word in enumerate(words) if _CONFIG_KEY.fullmatch(word) and not _FILE_NAME.fullmatch(word))
    start = next(keys, len(words))
    end = next((n for n in range(start, len(words), 2) if words[n].startswith("-")), len(words))
    return [*words[:start], *words[end:]], list(words[start:end])


def _option(*names: str, **settings: Any) -> Callable[[argparse.ArgumentParser], object]:
    """What adds an option to a parser; arguments as of `add_argument`."""
    return lambda parser: parser.add_argument(*names, **settings)


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where jobs run, all of which have a default; `jobs.launcher` makes the launcher."""
    add = parser.add_argument_group("where jobs run").add_argument
    add("--launcher", default="local", help="local or slurm (default: local)")
    text = (
        "jobs at once; on a CPU threads of all jobs (default: local: as many as the GPUs allow, or the cores without)"
    )
    add("--jobs", type=int, metavar="N", help=text)
    add("--gpus-per-job", type=int, metavar="N", help="GPUs of a training (default: 1 where there are)")
    add("--jobs-per-gpu", type=int, metavar="N", help="small jobs that share a GPU (default: 1)")
    add("--timeout-min", type=int, metavar="MIN", help="time limit of a job (default: local: none; slurm: 240)")
    add = parser.add_argument_group("with --launcher slurm").add_argument
    add("--partition", help="partition of the cluster")
    add("--cpus-per-job", type=int, metavar="N", help="cores (default: 5 a GPU)")
    add("--mem-gb", type=float, metavar="GB", help="memory")
    text = "further options of sbatch, such as account=vision"
    add("--slurm", nargs="+", default=[], metavar="KEY=VALUE", help=text)


_TABLES = _option("tables", nargs="*", metavar="TABLE", help="such as 2b, text, or all (default: all)")
_TABLES_TO_RUN = _option("tables", nargs="+", metavar="TABLE", help="such as 2b, text, or all")
_CLAIMS = _option("claims", nargs="*", metavar="CLAIM|TABLE", help="such as 2b-sigmoid, or 2b (default: all)")
_ROWS = _option("--rows", nargs="+", metavar="ROW", help="only these rows")
_SEEDS, _SEEDS_TO_RUN = (
    _option("--seeds", type=int, nargs="+", metavar="SEED", help=f"of what --vary says (default: {default})")
    for default in ("those that have been run", "0")
)
_KEPT = "show the results kept in ablations/results/ instead of those under --output"
_PUBLISHED = _option("--published", action="store_true", help=_KEPT)
_BY_HAND = "also show what train_net.py left in these folders, as the rows whose configs they have"
_RESULTS = _option("--results", nargs="+", metavar="FOLDER", help=_BY_HAND)
_TEXT_FORMAT = _option("--format", choices=("text", "json"), default="text")
_TABLE_FORMAT = _option(
    "--format",
    choices=("text", "md", "tex", "html", "csv", "json"),
    help="default: text on a terminal, md elsewhere",
)
_RUNNING = (
    _option("--dry-run", action="store_true", help="print the jobs and what they cost, and run nothing"),
    _option("--force", action="store_true", help="run the jobs anew, from nothing, also finished ones"),
    add_launch_options,
)
_SCORES = (
    _option("--score-threshold", "--threshold", type=float, metavar="SCORE",
            help="lowest score that pictures show (default: 0.6; of raw scores 0.5)"),
    _option("--raw-scores", action="store_true", help="show scores as detectors give them, not calibrated"),
    _option("--calibration-iou", type=float, default=0.5, metavar="IOU",
            help="IoU at which a detection is right in calibration, of keypoints an OKS (default: 0.5)"),
)  # fmt: skip
_PAGE = (
    *_SCORES,
    _option("--out", default="report.html", metavar="FILE", help="page to write (default: report.html)"),
    _option("--picture", metavar="FILE", help="write one picture of the tables as a PNG instead"),
)
_IMAGES = (
    _option("row", metavar="ROW", help="such as 2b/sigmoid, a run such as r50_c4, a training's folder, a checkpoint"),
    _option("images", nargs="+", metavar="IMAGE", help="files, folders, or patterns in quotes"),
    _option("--rpn", default="", help="folder or checkpoint of the RPN, where a folder does not say which it was"),
    _option("--seed", type=int, default=0, help="of the detector (default: 0)"),
    _option("--out", help="folder of pictures and JSON (default: a folder predictions, which the last line names)"),
    *_SCORES,
    _option("--no-labels", dest="labels", action="store_false", help="write no names and scores into the pictures"),
    _option("--allow-partial", action="store_true", help="weights that the checkpoints lack stay random"),
    _option("--format", choices=("png", "jpg"), default="png", help="of the pictures (default: png)"),
)
_TIMING = (
    _option("--rows", nargs="+", default=[], metavar="ROW", help="such as 2b/sigmoid (default: those the paper times)"),
    _option("--rounds", type=int, default=9, metavar="N", help="turns of each row that count (default: 9)"),
    _option("--device", help="cpu or cuda (default: cuda where there is one)"),
    _option("--format", choices=("md", "json"), default="md"),
)
_OWN_DATA = "your own data: NAME=train.json:train_images,val.json:val_images, or a .yaml file"
_VARY = "what seeds vary: detector, whose first stages all seeds share, or all stages (default: detector)"
# What every command takes: whatever it is about was run with them.
_COMMON = (
    _option("--scale", default="paper", help=f"{', '.join(SCALES)} (default: paper)"),
    _option("--output", default="output", help="folder of all jobs (default: output)"),
    _option("--data", metavar="DATA", help=_OWN_DATA),
    _option("--vary", default="detector", help=_VARY),
    *(
        _option(name, dest=dest, action="append", metavar=metavar, help=f"{what}; may be given several times")
        for name, dest, metavar, what in (
            ("--import", "imports", "FILE|MODULE", "a Python file or module that registers your own components"),
            ("--tables", "more_tables", "FILE", "tables of your own, in the form of ablations/paper/tables.yaml"),
            ("--claims", "more_claims", "FILE", "claims of your own, in the form of ablations/paper/claims.yaml"),
        )
    ),
)
_OVERRIDES = "KEY VALUE pairs at the end override the configs of all jobs that read the KEY."


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands.

    What it parses has the command's `function`, "module:name" below `ablations`, to be called with it and KEY VALUE.
    """
    parser = argparse.ArgumentParser(
        prog="python -m ablations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = parser.add_subparsers(dest="command", required=True)
    for name, function, text, options in (
        ("list", "commands:list_tables", "show the tables, their rows and the state of each",
         (_TABLES, _PUBLISHED, _TEXT_FORMAT)),
        ("run", "run:run", "run what is not finished yet, then print the tables",
         (_TABLES_TO_RUN, _ROWS, _SEEDS_TO_RUN, *_RUNNING, _TABLE_FORMAT)),
        ("status", "commands:show_status", "show the state of every job",
         (_TABLES, _ROWS, _SEEDS, _TEXT_FORMAT)),
        ("table", "commands:print_tables", "print the tables from the results there are",
         (_TABLES, _ROWS, _SEEDS, _PUBLISHED, _RESULTS, _TABLE_FORMAT)),
        ("claims", "commands:judge_claims", "judge the paper's claims by the results there are",
         (_CLAIMS, _SEEDS, _PUBLISHED, _RESULTS, _TEXT_FORMAT)),
        ("report", "report.command:write_report", "write claims, tables, plots and predictions as one HTML file",
         (_TABLES, _SEEDS, _PUBLISHED, _RESULTS, *_PAGE)),
        ("predict", "predict.command:predict", "draw and save what a trained row detects in images",
         _IMAGES),
        ("timing", "timing.command:time_rows", "measure images a second, by part, and training steps on this machine",
         _TIMING),
        ("publish", "commands:publish_results", "copy finished results into ablations/results/, to be committed",
         (_TABLES, _ROWS, _SEEDS)),
    ):  # fmt: skip
        sub = choices.add_parser(name, help=text, description=text, epilog=None if name == "list" else _OVERRIDES)
        sub.set_defaults(function=function)
        for add in (*options, *_COMMON):
            add(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
