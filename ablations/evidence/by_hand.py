"""`--results FOLDER`: show what was trained by hand, with `train_net.py`, among the rows.

A result is of a row where its config is that of the row at the result's seed, by the hash of the config. It then
stands for the row, which is said above the table. Else it has a line of its own, with a footnote, and is never taken
for a row.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.jobs.documents import Result, read_document
from ablations.jobs.folder import RESULT, JobFolder
from ablations.jobs.job import DETECTOR, Job
from ablations.jobs.plan import Plan
from ablations.paper.tables import BY_HAND, Row, Table
from mask_rcnn_paper.stages import CONFIG_FILE


@dataclass(frozen=True)
class HandResult:
    """A training's `folder`, under the `name` that it was given by, with its result."""

    name: str
    folder: Path
    result: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """SEED of its config; -1 stands for none."""
        return self.result["seed"]

    @property
    def config_hash(self) -> str:
        """Of its config."""
        return self.result["config_hash"]


def read_by_hand(names: Sequence[str], scale: str) -> list[HandResult]:
    """The results in these folders.

    Raises:
        FileNotFoundError: a folder has no result.
        ValueError: a result is damaged, or lacks what it is recognised by; or it is of another scale.
    """
    return [_read(name, scale) for name in dict.fromkeys(names)]


def _read(name: str, scale: str) -> HandResult:
    where, path = f"--results {name}", Path(name) / RESULT
    document = read_document(path, Result)
    if document.damage:
        raise ValueError(f"{where}: {RESULT} is {document.damage}; evaluate anew with train_net.py --eval-only")
    if not document.content:
        raise FileNotFoundError(f"{where}: there is no {path}, which train_net.py writes once it has evaluated")
    result = document.content
    if lacking := [key for key in ("config_hash", "seed", "scale") if result.get(key) is None]:
        raise ValueError(f"{where}: {RESULT} does not say its {', '.join(lacking)}; evaluate anew with train_net.py "
                         "--eval-only")  # fmt: skip
    if result["scale"] != scale:
        raise ValueError(f"{where}: its scale is {result['scale']}, not {scale}: add --scale {result['scale']}")
    return HandResult(name, Path(name).resolve(), result)


@dataclass(frozen=True)
class Placed:
    """Where results by hand are shown.

    `plan` has them as the jobs of their rows, `identities`, and of lines of their own; these are in the `tables`.
    `said` names by table which of its rows they are, and where they lie.
    """

    plan: Plan
    tables: Mapping[str, Table]
    identities: frozenset[str]
    said: Mapping[str, tuple[str, ...]]


def place(found: Sequence[HandResult], plan: Plan, tables: Mapping[str, Table], asked: Sequence[str]) -> Placed:
    """Let results stand for the rows whose config they have, or give them a line in each table that was `asked` for.

    The `plan` covers the rows that are shown or judged, at the seeds of the results too.

    Raises:
        ValueError: two results are of one row and seed; or one is of no row, and no table was asked for.
    """
    jobs, rows, tables = dict(plan.jobs), dict(plan.rows), dict(tables)
    taken: dict[str, HandResult] = {}
    for number, hand in enumerate(found, start=1):
        identity = _identity_of(hand, plan)
        if identity is None:
            if not asked:
                what = f"its config is that of no row that is asked about, {_seed_text(hand.seed)}"
                cure = "`table TABLE` and `report TABLE` give it a line of its own there"
                raise ValueError(f"--results {hand.name}: {what}; {cure}")
            for table_id in asked:
                table = tables[table_id]
                row, job = _line_of(hand, number, table), _job_of(hand, plan)
                tables[table_id] = dataclasses.replace(table, rows=(*table.rows, row))
                jobs[job.identity], rows[table_id, row.id, hand.seed] = job, job.identity
                taken[job.identity] = hand
            continue
        if identity in taken:
            raise ValueError(f"--results {taken[identity].name} and {hand.name} are of one row, "
                             f"{_seed_text(hand.seed)}: give one of them")  # fmt: skip
        taken[identity] = hand
        folder = dataclasses.replace(jobs[identity].folder, path=hand.folder)
        jobs[identity] = dataclasses.replace(jobs[identity], folder=folder)
    said: dict[str, list[str]] = {}
    for (table_id, row_id, seed), identity in plan.rows.items():
        if identity in taken:
            label = tables[table_id].row(row_id).label
            said.setdefault(table_id, []).append(f"{label}, {_seed_text(seed)}, in {taken[identity].name}")
    texts = {table_id: tuple(lines) for table_id, lines in said.items()}
    return Placed(dataclasses.replace(plan, jobs=jobs, rows=rows), tables, frozenset(taken), texts)


def _identity_of(hand: HandResult, plan: Plan) -> str | None:
    """The job of a row at the result's seed that has its config."""
    of_seed = (identity for (_, _, seed), identity in plan.rows.items() if seed == hand.seed)
    return next((i for i in of_seed if plan.jobs[i].folder.config_hash == hand.config_hash), None)


def _line_of(hand: HandResult, number: int, table: Table) -> Row:
    source = f"trained by hand in {hand.name}, {_seed_text(hand.seed)}; its config is that of no row shown here"
    return Row(
        id=f"by-hand-{number}",
        label=hand.folder.name,
        paper=(None,) * len(table.metrics),
        origin=BY_HAND,
        source=source,
        descriptors=dict.fromkeys(table.descriptors, ""),
    )


def _job_of(hand: HandResult, plan: Plan) -> Job:
    """What trained it, as if it had been planned."""
    datasets = hand.result.get("datasets", {})
    return Job(
        kind=DETECTOR,
        identity=f"{BY_HAND}:{hand.folder}",
        folder=JobFolder(hand.folder, hand.folder.name, hand.config_hash),
        config=str(hand.folder / CONFIG_FILE),
        run=hand.folder.name,
        scale=plan.scale,
        data=" -> ".join(", ".join(datasets.get(split, ())) for split in ("train", "test")) if datasets else "",
        user_data=plan.user_data,
    )


def _seed_text(seed: int) -> str:
    return f"seed {seed}" if seed >= 0 else "without a seed"
