"""Run the paper's tables, print and judge them.

python -m ablations list --scale mini
python -m ablations run 2b 2c --scale mini --seeds 0 1 --jobs 2 [KEY VALUE ...]
python -m ablations run 2b --data NAME=train.json:train_images,val.json:val_images --scale mini
python -m ablations run losses --tables mine/tables.yaml --import mine/dice.py --scale mini
python -m ablations status 2b --scale mini
python -m ablations table 2b --scale mini --format csv
python -m ablations table 2b --scale mini --published
python -m ablations claims 2b 2c-roialign --scale mini
python -m ablations report 2b 2c --scale mini --out report.html
python -m ablations predict 2b/sigmoid photo.jpg folder --scale mini
python -m ablations publish 2b --scale mini
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

_TOP_LEVEL_KEYS = ("OUTPUT_DIR", "SEED", "VIS_PERIOD", "CUDNN_BENCHMARK", "FLOAT32_PRECISION")
_CONFIG_KEY = re.compile("|".join([r"[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)+", *_TOP_LEVEL_KEYS]))
# Cameras name their images as config keys look: IMG_0001.JPG.
_FILE_NAME = re.compile(r".*\.(avif|bmp|gif|jp2|jpe?g|pgm|png|ppm|tiff?|webp|ya?ml|json)", re.IGNORECASE)

_Option = Callable[[argparse.ArgumentParser], None]
_TEXT, _TABLES = ("text", "json"), ("md", "tex", "html", "csv", "json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Words after `python -m ablations`.

    Returns:
        Exit code: 0; 1 if a job failed; 2 for bad input; 130 after Ctrl-C.
    """
    words, opts = split_opts(sys.argv[1:] if argv is None else argv)
    args = make_parser().parse_args(words)
    # Imported now: `--help` need not wait for what the commands import.
    module, _, function = args.function.partition(":")
    return getattr(import_module(f"ablations.{module}"), function)(args, opts)


def split_opts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off the trailing KEY VALUE list, which starts at the first word that is a config key."""
    words = list(words)
    start = next((n for n, word in enumerate(words) if _is_config_key(word)), len(words))
    return words[:start], words[start:]


def _is_config_key(word: str) -> bool:
    return _CONFIG_KEY.fullmatch(word) is not None and not _FILE_NAME.fullmatch(word)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands.

    What it parses has the command's `function`, "module:name" below `ablations`, to be called with it and KEY VALUE.
    """
    parser = argparse.ArgumentParser(
        prog="python -m ablations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = parser.add_subparsers(dest="command", required=True)
    for name, function, help_text, options in (
        ("list", "commands:list_tables", "show the tables, their rows and the state of each",
         (_tables, _published, _format(_TEXT))),
        ("run", "run:run", "run what is not finished yet, then print the tables",
         (_tables_to_run, _rows, _seeds("0"), _running, _format(_TABLES), _overrides)),
        ("status", "commands:show_status", "show the state of every job",
         (_tables, _rows, _seeds(), _format(_TEXT), _overrides)),
        ("table", "commands:print_tables", "print the tables from the results there are",
         (_tables, _rows, _seeds(), _published, _format(_TABLES), _overrides)),
        ("claims", "commands:judge_claims", "judge the paper's claims by the results there are",
         (_claims, _seeds(), _published, _format(_TEXT), _overrides)),
        ("report", "report.command:write_report", "write claims, tables, plots and predictions as one HTML file",
         (_tables, _seeds(), _published, _page, _overrides)),
        ("predict", "predict.command:predict", "draw and save what a trained row detects in images",
         (_images, _overrides)),
        ("publish", "commands:publish_results", "copy finished results into ablations/results/, to be committed",
         (_tables, _rows, _seeds(), _overrides)),
    ):  # fmt: skip
        sub = choices.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(function=function)
        for add in (*options, _common):
            add(sub)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    """What every command takes: whatever it is about was run with them."""
    parser.add_argument("--scale", default="paper", help="paper, mini or smoke (default: paper)")
    parser.add_argument("--output", default="output", help="folder of all jobs (default: output)")
    text = "your own data: NAME=train.json:train_images,val.json:val_images, or a .yaml file"
    parser.add_argument("--data", metavar="DATA", help=text)
    text = "a Python file or module that registers your own components; may be given several times"
    parser.add_argument("--import", dest="imports", action="append", metavar="FILE|MODULE", help=text)
    text = "tables of your own, in the form of ablations/paper/tables.yaml; may be given several times"
    parser.add_argument("--tables", dest="more_tables", action="append", metavar="FILE", help=text)
    text = "claims of your own, in the form of ablations/paper/claims.yaml; may be given several times"
    parser.add_argument("--claims", dest="more_claims", action="append", metavar="FILE", help=text)


def _tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="such as 2b, or text (default: all)")


def _tables_to_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="+", metavar="TABLE", help="such as 2b, or text")


def _claims(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("claims", nargs="*", metavar="CLAIM|TABLE", help="such as 2b-sigmoid, or 2b (default: all)")


def _images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("row", metavar="ROW", help="such as 2b/sigmoid, or the name of a run, such as r50_c4")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="files, folders, or patterns in quotes")
    parser.add_argument("--seed", type=int, default=0, help="of the detector (default: 0)")
    parser.add_argument("--out", help="folder of pictures and JSON (default: <output>/<scale>/predictions/<job>)")
    text = "lowest score that is drawn; predictions.json has all (default: 0.5)"
    parser.add_argument("--score-threshold", type=float, default=0.5, metavar="SCORE", help=text)
    parser.add_argument("--format", choices=("png", "jpg"), default="png", help="of the pictures (default: png)")


def _rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="only these rows")


def _seeds(default: str = "those that have been run") -> _Option:
    def add(parser: argparse.ArgumentParser) -> None:
        text = f"of detectors (default: {default})"
        parser.add_argument("--seeds", type=int, nargs="+", metavar="SEED", help=text)

    return add


def _published(parser: argparse.ArgumentParser) -> None:
    text = "show the results kept in ablations/results/ instead of those under --output"
    parser.add_argument("--published", action="store_true", help=text)


def _page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="report.html", metavar="FILE", help="page to write (default: report.html)")
    parser.add_argument("--picture", metavar="FILE", help="write one picture of the tables as a PNG instead")


def _running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="print the jobs and what they cost, and run nothing")
    parser.add_argument("--force", action="store_true", help="run the jobs anew, from nothing, also finished ones")
    add_launch_options(parser)


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where jobs run, all of which have a default; `jobs.launcher` makes the launcher."""
    group = parser.add_argument_group("where jobs run")
    group.add_argument("--launcher", default="local", help="local or slurm (default: local)")
    group.add_argument(
        "--jobs", type=int, metavar="N", help="jobs at once (default: local: as many as the GPUs allow, 1 without)"
    )
    group.add_argument("--gpus-per-job", type=int, metavar="N", help="GPUs of a training (default: 1 where there are)")
    group.add_argument(
        "--timeout-min", type=int, metavar="MIN", help="time limit of a job (default: local: none; slurm: 240)"
    )
    group = parser.add_argument_group("with --launcher slurm")
    group.add_argument("--partition", help="partition of the cluster")
    group.add_argument("--cpus-per-job", type=int, metavar="N", help="cores (default: 5 a GPU)")
    group.add_argument("--mem-gb", type=float, metavar="GB", help="memory")
    group.add_argument(
        "--slurm", nargs="+", default=[], metavar="KEY=VALUE", help="further options of sbatch, such as account=vision"
    )


def _format(choices: Sequence[str]) -> _Option:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--format", choices=choices, default=choices[0])

    return add


def _overrides(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "KEY VALUE pairs at the end override the configs of all jobs that read the KEY."


if __name__ == "__main__":
    sys.exit(main())
