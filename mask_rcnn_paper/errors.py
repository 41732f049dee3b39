"""Bad input ends a command with one line and exit code 2; a traceback means a bug."""

import contextlib
import sys
from collections.abc import Iterator

import yaml

from mask_rcnn_paper.terminal import say, visible

# What the libraries below us raise for wrong configs, missing files, unknown names and unreadable data. detectron2
# checks most of its config by assertions.
BAD_INPUT = (ValueError, KeyError, OSError, ImportError, AssertionError, yaml.YAMLError)

# Of a line, in characters: what a file holds may be quoted in it.
_FIRST, _LAST = 1400, 500


def _shortened(text: str) -> str:
    """Without the middle of a text that is too long; the end has the cure."""
    return text if len(text) <= _FIRST + _LAST else f"{text[:_FIRST]} ... {text[-_LAST:]}"


@contextlib.contextmanager
def one_line_errors(program: str, *types: type[Exception]) -> Iterator[None]:
    """Turn bad input into one line on stderr and exit code 2.

    Wrap only the part of a program that reads what the user gave; a ValueError from the middle of training is a bug
    and keeps its traceback.

    Args:
        program: Name that starts the line, such as "train_net.py".
        *types: Exceptions that mean bad input here; `BAD_INPUT` if none are given.
    """
    expected = types or BAD_INPUT
    try:
        yield
    except expected as error:
        # str(KeyError("text")) is quoted.
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        text = _shortened(visible(" ".join(str(message).split()))) or f"{type(error).__name__} without a message"
        say(f"{program}: error: {text}", file=sys.stderr)
        sys.exit(2)
