"""Run the paper's tables, print and judge them: `python -m ablations list|run|status|table|claims|predict|publish`.

python -m ablations list --scale mini
python -m ablations run 2b 2c --scale mini --seeds 0 1 --jobs 2 [KEY VALUE ...]
python -m ablations status 2b --scale mini
python -m ablations table 2b --scale mini --format csv
python -m ablations table 2b --scale mini --published
python -m ablations claims 2b 2c-roialign --scale mini
python -m ablations predict 2b/sigmoid photo.jpg folder --scale mini
"""

import argparse
import re
import sys
from collections.abc import Sequence

from ablations import claims_command, commands
from ablations.launch.options import add_launch_options
from ablations.predict import command as predict_command
from ablations.predict.images import IMAGE_SUFFIXES
from ablations.render import FORMATS

_TOP_LEVEL_KEYS = ("OUTPUT_DIR", "SEED", "VIS_PERIOD", "CUDNN_BENCHMARK", "FLOAT32_PRECISION")
_CONFIG_KEY = re.compile("|".join([r"[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)+", *_TOP_LEVEL_KEYS]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Words after `python -m ablations`.

    Returns:
        Exit code: 0; 1 if a job failed; 2 for bad input; 130 after Ctrl-C.
    """
    words, opts = split_opts(sys.argv[1:] if argv is None else argv)
    args = _parser().parse_args(words)
    if opts and args.command == "list":
        print(f"ablations: error: list takes no KEY VALUE: {' '.join(opts)}", file=sys.stderr)
        return 2
    return args.function(args, opts)


def split_opts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off the trailing KEY VALUE list, which starts at the first word that is a config key."""
    words = list(words)
    start = next((n for n, word in enumerate(words) if _is_config_key(word)), len(words))
    return words[:start], words[start:]


def _is_config_key(word: str) -> bool:
    """Whether a word looks like a config key; cameras name their images so too: IMG_0001.JPG."""
    return _CONFIG_KEY.fullmatch(word) is not None and not word.lower().endswith(IMAGE_SUFFIXES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ablations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = parser.add_subparsers(dest="command", required=True)
    for name, function, text, forms in (
        ("list", commands.list_tables, "show the tables, their rows and the state of each", ("text", "json")),
        ("run", commands.run, "run what is not finished yet, then print the tables", tuple(FORMATS)),
        ("status", commands.show_status, "show the state of every job", ("text", "json")),
        ("table", commands.print_tables, "print the tables from the results there are", tuple(FORMATS)),
        ("claims", claims_command.judge_claims, "judge the paper's claims by the results there are", ("text", "json")),
        ("publish", commands.publish_results, "copy finished results into ablations/results/, to be committed", ()),
    ):
        sub = choices.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function, seeds=None, rows=[], published=False, more_tables=[])
        what = ("CLAIM|TABLE", "such as 2b-sigmoid, or 2b") if name == "claims" else ("TABLE", "such as 2b, or text")
        sub.add_argument("tables", nargs="+" if name == "run" else "*", metavar=what[0], help=what[1])
        sub.add_argument("--scale", default="paper", help="paper, mini or smoke (default: paper)")
        sub.add_argument("--output", default="output", help="folder of all jobs (default: output)")
        if forms:
            sub.add_argument("--format", choices=forms, default=forms[0])
        if name != "list":
            sub.epilog = "KEY VALUE pairs at the end override the configs of all jobs."
            default = "0" if name == "run" else "those that have been run"
            sub.add_argument("--seeds", type=int, nargs="+", metavar="SEED", help=f"of detectors (default: {default})")
        if name in ("list", "run", "status", "table"):
            text = "tables of your own, in the form of ablations/tables.yaml; may be given several times"
            sub.add_argument("--tables", dest="more_tables", action="append", default=[], metavar="FILE", help=text)
        if name not in ("list", "claims"):
            sub.add_argument("--rows", nargs="+", metavar="ROW", help="only these rows")
        if name == "run":
            add_launch_options(sub)
        if name in ("list", "table", "claims"):
            text = "show the results kept in ablations/results/ instead of those under --output"
            sub.add_argument("--published", action="store_true", help=text)
    predict_command.add_parser(choices)
    return parser


if __name__ == "__main__":
    sys.exit(main())
