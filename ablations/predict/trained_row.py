"""The training behind a row's name, a folder or a checkpoint."""

import dataclasses
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detectron2.config import CfgNode

from ablations.jobs.job import DETECTOR, RPN, Job
from ablations.jobs.plan import DETECTORS
from ablations.paper.tables import OURS, Row, Table, load_tables
from ablations.query import Asked, Query, make_query
from mask_rcnn_paper.imports import find_import, import_components
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import WEIGHTS
from mask_rcnn_paper.trained import Trained, read_training, settled

_PICTURES = "predictions"


@dataclass(frozen=True)
class TrainedRow:
    """What was asked for by `name`, "table/row" or a place: its training, the folder of its evaluation, and that where
    its pictures belong.
    """

    name: str
    folder: Path
    pictures: Path
    trained: Trained


def find_row(tables: Mapping[str, Table], name: str) -> tuple[str, Row]:
    """The row of a name, and the id of its table.

    A name is "table/row" such as "2b/sigmoid", or a run such as "r50_c4", which rows of several tables share.

    Raises:
        ValueError: there is no such row, or none that can be trained.
    """
    rows = {f"{t.id}/{row.id}": (t.id, row) for t in tables.values() for row in t.rows if row.origin == OURS}
    can_run = {key: entry for key, entry in rows.items() if entry[1].config}
    found = rows.get(name) or next((entry for entry in can_run.values() if name == entry[1].run), None)
    if found is None:
        here = [key for key in can_run if key.startswith(f"{name.partition('/')[0]}/")]
        runs = dict.fromkeys(row.run for _, row in can_run.values())
        forms = "TABLE/ROW as `python -m ablations list` shows them, the folder of a training, a checkpoint, or a run"
        choice = ", ".join(here) or f"{forms}: {', '.join(runs)}"
        raise ValueError(f"unknown row {name!r}: choose from {choice}")
    if not found[1].config:
        raise ValueError(f"row {name} cannot be trained: {found[1].why_not_run}")
    return found


def find_trained(asked: Asked, name: str, rpn: str = "") -> TrainedRow:
    """The trained models of a row.

    Args:
        asked: Under what it was trained, and one seed; not of a place.
        name: As for `find_row`; or the folder of a training, or a checkpoint in one.
        rpn: The same of the RPN of its proposals, for a place that does not say it.

    Raises:
        ValueError: unknown row, scale or key, or wrong data.
        FileNotFoundError: the row is not trained; the message has the command that trains it. Or, as `read_training`.
    """
    if (place := Path(name)).exists():
        if asked.opts:
            raise ValueError(f"{' '.join(asked.opts)}: {name} is a place, which says itself what it was trained with")
        import_components([find_import(text) for text in asked.imports])
        folder = place if place.is_dir() else place.parent
        return TrainedRow(name, folder, folder / _PICTURES, read_training(place, rpn))
    table, row = find_row(load_tables(more=asked.more_tables), name)
    if rpn:
        raise ValueError(f"--rpn {rpn}: row {name} has the RPN that it was trained with; it is for folders")
    query = make_query(dataclasses.replace(asked, tables=[table], rows=[row.id]))
    (seed,) = query.seeds
    job = query.plan.job(table, row.id, seed)
    if job is None:
        raise ValueError(f"row {name} cannot be trained: {query.pending[table, row.id].why_not_run}")
    rpn_job = query.plan.input(job, RPN)
    detector = query.plan.input(job, DETECTOR) or job
    for needed in filter(None, (rpn_job, detector)):
        weights = needed.folder.path / WEIGHTS
        if needed.folder.finished() is None or not weights.is_file():
            status = query.statuses[needed.identity]
            state = f"{status.state}, {status.reason}" if status.reason else status.state
            raise FileNotFoundError(
                f"row {table}/{row.id} has no trained {needed.kind} at scale {asked.scale}, seed {seed} ({state}; "
                f"looked for {weights}): train it with `{_command(query, table, row.id)}`"
            )
    import_components(query.imports)
    proposer = rpn_job and Trained(_cfg(rpn_job), rpn_job.folder.path / WEIGHTS)
    trained = Trained(_cfg(job), detector.folder.path / WEIGHTS, proposer)
    folder = job.folder.path
    return TrainedRow(f"{table}/{row.id}", folder, folder.parents[1] / _PICTURES / folder.name, trained)


def _command(query: Query, table: str, row_id: str) -> str:
    """What trains the row."""
    asked = query.asked
    words = ["--rows", row_id, "--scale", asked.scale, "--seeds", *map(str, query.seeds)]
    words += ["--output", str(query.output), *(["--data", asked.data] if asked.data else [])]
    words += [] if asked.vary == DETECTORS else ["--vary", asked.vary]
    for option, values in (("import", asked.imports), ("tables", asked.more_tables)):
        words += [word for value in values for word in (f"--{option}", value)]
    return f"python -m ablations run {table} {shlex.join([*words, *asked.opts])}"


def _cfg(job: Job) -> CfgNode:
    """The config that the job's command resolves to; that in its folder holds the keys of one provider only."""
    return settled(load_cfg(job.config, job.scale, job.options))
