"""Where a command reads results, and of which seeds: the runs under --output, or what the repository keeps."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations.evidence.publish import published_folder, published_status
from ablations.jobs.plan import Plan
from ablations.jobs.store import FINISHED, StatusOf, read_status
from ablations.paper.tables import Table

_SEED = re.compile(r"-seed(\d+)-[0-9a-f]{8}(\.json)?")


@dataclass(frozen=True)
class Source:
    """`folder` holds the results of a scale, `published` ones or those of runs; `status_of` reads them."""

    folder: Path
    status_of: StatusOf
    published: bool = False

    @property
    def seeds(self) -> list[int]:
        """Seeds of which there are detectors, finished or not; [0] without any."""
        names = (path.name for path in (self.folder / "detector").glob("*"))
        return sorted({int(match[1]) for name in names if (match := _SEED.search(name))}) or [0]


def choose_source(output: Path, scale: str, published: bool, fall_back: bool = False, own_data: str = "") -> Source:
    """The published results if they are asked for, else the runs.

    Args:
        output: Folder of all runs.
        scale: Name of the scale.
        published: Whether `--published` was given.
        fall_back: Take the published results, and say so on stderr, also where nothing has been run at this scale.
        own_data: Name of the user's own data, "" for the paper's.
    """
    runs = Source(output / scale / own_data, read_status)
    kept = Source(published_folder(scale, own_data), published_status, published=True)
    if published:
        return kept
    if fall_back and not runs.folder.is_dir() and kept.folder.is_dir():
        print(f"ablations: nothing has been run in {runs.folder}: these are the published results", file=sys.stderr)
        return kept
    return runs


def seeds_of(table: Table, plan: Plan, seeds: Sequence[int], status_of: StatusOf) -> list[int]:
    """The seeds of which some row of the table has a result, so that none counts as missing that nobody ran.

    Returns:
        At least one seed, in the order of `seeds`.
    """
    planned = {
        seed: [plan.jobs[plan.rows[key]] for row in table.rows if (key := (table.id, row.id, seed)) in plan.rows]
        for seed in seeds
    }
    found = [s for s, jobs in planned.items() if any(status_of(j, plan.jobs).state == FINISHED for j in jobs)]
    return found or list(seeds)[:1]
