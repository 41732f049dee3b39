"""The one rule that every command keeps with every input.

It takes the input, or ends with exit code 2 and one line that says what is wrong and where. No traceback, no code from
data is run, nothing hangs, the input stays as it is, nothing is left half-written, a refusal leaves nothing behind, and
the terminal gets no orders from data. What is taken is right: each border says what that means.
"""

import contextlib
import hashlib
import io
import os
import re
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mask_rcnn_paper.terminal import visible

ACCEPTED, REFUSED, FAILED = "accepted", "refused", "failed"
# Seconds of work, and on the clock, of which a busy machine needs more.
CPU_LIMIT, WALL_LIMIT = 30.0, 180.0
_LONGEST_LINE = 3000
_ERROR = re.compile(r"^[\w.\- ]+: error: ", re.MULTILINE)
_HALF_WRITTEN = re.compile(r"\..*\.tmp|\.unfinished")
# What a command logs, wherever it ends.
_LOGS = re.compile(r"log\.txt.*|config\.yaml|events\.out.*|metrics\.json|\.lock")


class Wrong(AssertionError):
    """What a command took, and should not have taken."""


@dataclass(frozen=True)
class Case:
    """One input and the command that it is given to, in this process.

    Attributes:
        call: The command; it returns its exit code, or anything else for 0, or ends as a program does.
        about: What a reader needs to see what was tried, such as the words of a command line.
        folder: All of the case's files; the command runs in it.
        where: One of these must be in the line of a refusal; () where the words themselves are wrong.
        codes: Exit codes besides 2 that the command documents.
        refusing: Those of them that say that the input is wrong.
        sound: Given the exit code of what was accepted; raises `Wrong` where it is not right.
    """

    call: Callable[[], object]
    about: str
    folder: Path
    where: tuple[str, ...] = ()
    codes: tuple[int, ...] = (0,)
    refusing: tuple[int, ...] = ()
    sound: Callable[[int], None] = lambda code: None

    @staticmethod
    def mark(folder: Path) -> Path:
        """The file that is there where code from data was run."""
        return folder / "mark-of-code"


@dataclass(frozen=True)
class Outcome:
    """`state` is ACCEPTED, REFUSED or FAILED; `said`, the line of a refusal, or what failed."""

    state: str
    said: str = ""


class _Late(BaseException):
    """Not an Exception, which the command could take for its own."""


def judge(case: Case) -> Outcome:
    """Run a case, and say whether the rule was kept."""
    before = _contents(case.folder)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _inside(case.folder), _limited():
            code = _exit_code(case.call)
        faults = [*_faults_of_text(out.getvalue() + err.getvalue()), *_faults_of_files(case, before, code)]
        if code == 2:
            line, fault = _refusal(err.getvalue(), case.where)
            faults += fault
            if not faults:
                return Outcome(REFUSED, line)
        elif code not in case.codes:
            faults.append(f"exit code {code}: {err.getvalue().strip()[-300:]}")
        if not faults:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _inside(case.folder), _limited():
                case.sound(code)
            return Outcome(REFUSED if code in case.refusing else ACCEPTED)
    except _Late:
        faults = [f"still at it after {CPU_LIMIT:.0f} seconds of work, or {WALL_LIMIT:.0f} on the clock"]
    except Wrong as error:
        faults = [str(error)]
    except BaseException as error:  # whatever the command lets through
        if isinstance(error, KeyboardInterrupt):
            raise
        last = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-4:]]
        faults = [f"traceback: {type(error).__name__}: {str(error)[:300]} ({' > '.join(last)})"]
    return Outcome(FAILED, "; ".join(faults))


def _exit_code(call: Callable[[], object]) -> int:
    try:
        result = call()
    except SystemExit as end:
        result = end.code
        if isinstance(result, str):
            raise Wrong(f"ended by sys.exit({result[:100]!r})") from end
    return result if isinstance(result, int) else 0


def _refusal(said: str, where: tuple[str, ...]) -> tuple[str, list[str]]:
    """The line of a refusal, and what is wrong with it."""
    lines = [line for line in said.splitlines() if _ERROR.match(line)]
    if len(lines) != 1:
        return "", [f"exit code 2 with {len(lines)} lines of error: {said[-300:]!r}"]
    (line,) = lines
    faults = [f"the line has {len(line)} characters"] if len(line) > _LONGEST_LINE else []
    if where and not any(name in line for name in where):
        faults.append(f"the line does not say where: {line[:300]!r}")
    if "weights_only" in line:
        faults.append(f"the line tells how to run what is in the file: {line[:300]!r}")
    if len(_ERROR.sub("", line).split()) < 3 or "without a message" in line:
        faults.append(f"the line does not say what: {line!r}")
    return line, faults


def _faults_of_text(text: str) -> list[str]:
    faults = []
    if "Traceback (most recent call last)" in text:
        faults.append(f"a traceback is printed: {text[-300:]!r}")
    if visible(text) != text:
        orders = sorted({character for character in text if visible(character) != character})
        faults.append(f"the terminal gets {orders!r}")
    if "<script>alert" in text and "<table" in text:
        faults.append("HTML with a script from data")
    return faults


def _faults_of_files(case: Case, before: dict[str, str], code: int) -> list[str]:
    after = _contents(case.folder)
    faults = ["code from data was run"] if Case.mark(case.folder).exists() else []
    faults += [f"{name} was changed" for name in before if after.get(name) != before[name]]
    new = [name for name in after if name not in before]
    faults += [f"{name} is half-written" for name in new if _HALF_WRITTEN.fullmatch(Path(name).name)]
    if code == 2:
        faults += [f"{name} is left of a refusal" for name in new if not _LOGS.fullmatch(Path(name).name)]
    return faults


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise `_Late` after the time limits; needs the main thread."""

    def late(*_: object) -> None:
        raise _Late

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, CPU_LIMIT), (signal.ITIMER_REAL, signal.SIGALRM, WALL_LIMIT))
    handlers = [signal.signal(number, late) for _, number, _ in timers]
    for timer, _, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(timers, handlers, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
