"""The command line of `python -m ablations`: which command takes which options."""

import argparse
from collections.abc import Callable, Sequence

from ablations import claims_command, commands
from ablations.jobs.options import add_launch_options
from ablations.predict import command as predict_command
from ablations.render import FORMATS
from ablations.report.command import write_report

_Option = Callable[[argparse.ArgumentParser], None]


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """The parser of all commands; what it parses has the command's `function`, to be called with it and KEY VALUE."""
    parser = argparse.ArgumentParser(
        prog="python -m ablations", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = parser.add_subparsers(dest="command", required=True)
    text, tables = ("text", "json"), tuple(FORMATS)
    for name, function, help_text, options in (
        ("list", commands.list_tables, "show the tables, their rows and the state of each",
         (_tables, _own_tables, _published, _format(text))),
        ("run", commands.run, "run what is not finished yet, then print the tables",
         (_tables_to_run, _own_tables, _rows, _seeds("0"), add_launch_options, _format(tables), _overrides)),
        ("status", commands.show_status, "show the state of every job",
         (_tables, _own_tables, _rows, _seeds(), _format(text), _overrides)),
        ("table", commands.print_tables, "print the tables from the results there are",
         (_tables, _own_tables, _rows, _seeds(), _published, _format(tables), _overrides)),
        ("claims", claims_command.judge_claims, "judge the paper's claims by the results there are",
         (_claims, _seeds(), _published, _format(text), _overrides)),
        ("report", write_report, "write claims, tables, plots, curves and predictions as one HTML file",
         (_tables, _own_tables, _seeds(), _published, _page, _overrides)),
        ("publish", commands.publish_results, "copy finished results into ablations/results/, to be committed",
         (_tables, _rows, _seeds(), _overrides)),
    ):  # fmt: skip
        sub = choices.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(function=function, seeds=None, rows=[], published=False, more_tables=[])
        sub.add_argument("--scale", default="paper", help="paper, mini or smoke (default: paper)")
        sub.add_argument("--output", default="output", help="folder of all jobs (default: output)")
        text = "your own data: NAME=train.json:train_images,val.json:val_images, or a .yaml file"
        sub.add_argument("--data", metavar="DATA", help=text)
        for add in options:
            add(sub)
    predict_command.add_parser(choices)
    return parser


def _tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="such as 2b, or text (default: all)")


def _tables_to_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="+", metavar="TABLE", help="such as 2b, or text")


def _claims(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="CLAIM|TABLE", help="such as 2b-sigmoid, or 2b (default: all)")


def _own_tables(parser: argparse.ArgumentParser) -> None:
    text = "tables of your own, in the form of ablations/paper/tables.yaml; may be given several times"
    parser.add_argument("--tables", dest="more_tables", action="append", default=[], metavar="FILE", help=text)


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


def _format(choices: Sequence[str]) -> _Option:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--format", choices=choices, default=choices[0])

    return add


def _overrides(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "KEY VALUE pairs at the end override the configs of all jobs."
