"""A check and its result."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OK, INFO, AFFECTED, NOT_RELEVANT, BROKEN = "ok", "info", "affected", "not relevant here", "broken"
Outcome = tuple[str, str]  # state, detail


@dataclass(frozen=True)
class Check:
    """One question to the machine.

    Attributes:
        name: First column of the report.
        run: Takes the folder of upstream's detectron2 package, or None where the embedded core or nothing provides
            it. Returns state and detail. What it raises is reported as broken.
        cure: One line, shown where the state is affected or broken.
    """

    name: str
    run: Callable[[Path | None], Outcome]
    cure: str


@dataclass(frozen=True)
class Result:
    """The answer to a `Check`; `cure` is empty where nothing is to be done."""

    name: str
    state: str
    detail: str
    cure: str


def examine(check: Check, upstream: Path | None) -> Result:
    """Run one check; whatever it raises becomes the detail of a broken result."""
    try:
        state, detail = check.run(upstream)
    except Exception as error:
        message = textwrap.shorten(str(error), 300)
        state, detail = BROKEN, message if isinstance(error, ImportError) else f"{type(error).__name__}: {message}"
    return Result(check.name, state, detail, check.cure if state in (AFFECTED, BROKEN) else "")
