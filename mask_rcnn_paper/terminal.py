"""What commands print: text from files is shown, never obeyed.

Terminals take control characters as orders (to clear, to colour, to retitle), and bidirectional ones turn text around.
Names, labels and messages may come from a stranger's file, so every command prints by `say`, parses by `parse_words`,
and lets the log escape what it says.
"""

import argparse
import codecs
import contextlib
import io
import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

# Control characters but for tab and newline, C1 ones, separators of lines, marks of direction, halves of a surrogate
# pair, which no encoding has.
_ORDERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
# Colours, which libraries put around their own words.
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_CODES = "mask_rcnn_paper.codes"
_BROKEN_PIPE = 141  # 128 and the number of SIGPIPE


def visible(text: str) -> str:
    r"""Text with each character that a terminal would obey as its code, "\u001b"; so JSON stays JSON."""
    return _ORDERS.sub(lambda match: _code(match[0]), text)


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x10000:
        return f"\\u{number:04x}"
    high, low = divmod(number - 0x10000, 0x400)  # as JSON has it
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


codecs.register_error(_CODES, lambda error: ("".join(map(_code, error.object[error.start : error.end])), error.end))


def say(text: object = "", end: str = "\n", file: TextIO | None = None) -> None:
    """Print what is `visible`, at once; characters that the stream's encoding lacks become their code too."""
    stream = file or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = visible(str(text)).encode(encoding, _CODES).decode(encoding)
    try:
        print(shown, end=end, file=stream, flush=True)  # what is left for the end of the process is reported there
    except BrokenPipeError:
        _end_quietly(stream)


def _end_quietly(stream: TextIO) -> NoReturn:
    """End as other programs do whose reader, such as `head`, has read enough: with exit code 141 and no word."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(_BROKEN_PIPE)


def parse_words(parser: argparse.ArgumentParser, words: Sequence[str] | None = None) -> argparse.Namespace:
    """`parser.parse_args`, whose help is said, and whose errors quote the words that were given, by `say`."""
    help_text, said = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(help_text), contextlib.redirect_stderr(said):
            return parser.parse_args(words)
    finally:
        for text, stream in ((help_text, sys.stdout), (said, sys.stderr)):
            if text.getvalue():
                say(text.getvalue(), end="", file=stream)


class _VisibleRecord(logging.LogRecord):
    def getMessage(self) -> str:
        return visible(_COLOURS.sub("", super().getMessage()))


def escape_logs() -> None:
    """Let all that is logged from now on be `visible`, and without the colours that libraries put into messages.

    Where the terminal's encoding lacks a character, as ASCII does, bars and logs show its code as `say` does.
    """
    logging.setLogRecordFactory(_VisibleRecord)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_CODES)
