"""Logging to the terminal and to `log.txt`, and messages that do not repeat."""

import logging
import os
import sys
import time

from termcolor import colored

_PLAIN = "[%(asctime)s] %(name)s %(levelname)s: %(message)s"
_DATE = "%m/%d %H:%M:%S"


class _Formatter(logging.Formatter):
    """Writes `abbrev` instead of the root name `name`; with `mark`, puts a red level name before warnings."""

    def __init__(self, fmt: str, name: str, abbrev: str, mark: bool = False) -> None:
        super().__init__(fmt, datefmt=_DATE)
        self._name, self._abbrev, self._mark = name, abbrev, mark

    def formatMessage(self, record: logging.LogRecord) -> str:
        full = record.name
        if (full + ".").startswith(self._name + "."):
            record.name = self._abbrev + full[len(self._name) :]
        text = super().formatMessage(record)
        record.name = full
        if self._mark and record.levelno >= logging.WARNING:
            return f"{colored(record.levelname, 'red')} {text}"
        return text


class _StdoutHandler(logging.StreamHandler):
    """Write to whatever `sys.stdout` is at the time of the message."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self):
        return sys.stdout


def setup_logger(
    output: str | None = None,
    distributed_rank: int = 0,
    *,
    color: bool = True,
    name: str = "detectron2",
    abbrev_name: str | None = None,
    enable_propagation: bool = False,
    configure_stdout: bool = True,
) -> logging.Logger:
    """Let a logger write to the terminal (rank 0 only) and to a file; calling it again adds nothing twice.

    Args:
        output: A folder, which gets `log.txt`, or a file that ends in `.txt` or `.log`; None writes no file.
            Ranks above 0 append `.rank<N>` to the file's name.
        distributed_rank: Rank of this process.
        color: Colour the terminal's lines.
        name: Root name of the logger.
        abbrev_name: How messages spell `name`; by default "d2" for "detectron2", else the name itself.
        enable_propagation: Pass messages on to the parent loggers too.
        configure_stdout: Write to the terminal.

    Returns:
        The logger, at level DEBUG.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.propagate = enable_propagation
    abbrev = abbrev_name if abbrev_name is not None else ("d2" if name == "detectron2" else name)

    has_stdout = any(isinstance(handler, _StdoutHandler) for handler in logger.handlers)
    if configure_stdout and distributed_rank == 0 and not has_stdout:
        handler = _StdoutHandler()
        coloured = colored("[%(asctime)s %(name)s]: ", "green") + "%(message)s"
        handler.setFormatter(_Formatter(coloured if color else _PLAIN, name, abbrev, mark=color))
        logger.addHandler(handler)

    if output is not None:
        path = output if output.endswith((".txt", ".log")) else os.path.join(output, "log.txt")
        path = os.path.abspath(path if distributed_rank == 0 else f"{path}.rank{distributed_rank}")
        if all(getattr(handler, "baseFilename", None) != path for handler in logger.handlers):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            handler = logging.FileHandler(path, encoding="utf-8")
            handler.setFormatter(_Formatter(_PLAIN, name, abbrev))
            logger.addHandler(handler)
    return logger


_LAST_TIME: dict[tuple, float] = {}


def _caller() -> tuple[str, tuple]:
    """Module name of the code that called into this file, and a key for its line."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    module = frame.f_globals.get("__name__", "detectron2")
    return ("detectron2" if module == "__main__" else module), (frame.f_code.co_filename, frame.f_lineno)


def log_every_n_seconds(lvl: int, msg: str, n: float = 1, *, name: str | None = None) -> None:
    """Log a message of one line of code at most once in n seconds.

    Args:
        lvl: Level of `logging`.
        msg: The message.
        n: Seconds between two messages.
        name: Logger; the calling module's by default.
    """
    module, line = _caller()
    now = time.monotonic()
    if line not in _LAST_TIME or now - _LAST_TIME[line] >= n:
        logging.getLogger(name or module).log(lvl, msg)
        _LAST_TIME[line] = now
