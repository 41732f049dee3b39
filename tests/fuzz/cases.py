"""Cases by border, number and seed: each is drawn by itself, so that one that failed can be repeated alone."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.borders import annotations, arguments, checkpoints, configs, folders, proposals, tables
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case, Outcome, judge

BORDERS: dict[str, Callable[[Odd, Path], Case]] = {
    "annotations": annotations.make,
    "configs": configs.make,
    "checkpoints": checkpoints.make,
    "proposals": proposals.make,
    "tables, claims, data": tables.make,
    "jobs, results, times": folders.make,
    "arguments": arguments.make,
}


def run_case(border: str, seed: int, number: int, calm: bool = False) -> tuple[Outcome, str]:
    """Draw a case and judge it; what came of it, and what was tried. `calm`: nothing is wrong with the input."""
    rng = random.Random(f"{seed} {border} {number}")
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        place = Path(folder, "case")
        place.mkdir()
        case = BORDERS[border](Odd(rng, calm), place)
        return judge(case), case.about
