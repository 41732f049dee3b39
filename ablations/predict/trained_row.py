"""The job behind a row's name, and the model that it has trained."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from detectron2.config import CfgNode

from ablations.jobs.job import Job
from ablations.jobs.plan import make_plan
from ablations.jobs.store import load_finished, read_status
from ablations.paper.tables import OURS, Row, Table
from ablations.user_data import parse_data
from mask_rcnn_paper.predictor import Predictor
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import fall_back_to_cpu
from mask_rcnn_paper.training.result_file import config_hash
from train_net import argument_parser

_WEIGHTS = "model_final.pth"


@dataclass(frozen=True)
class TrainedRow:
    """A row whose detector, and whose RPN if it has one, are trained.

    `name` is "table/row"; `cfg` and `job` are the detector's, `rpn_cfg` and `rpn` of the RPN that makes its proposals.
    """

    name: str
    cfg: CfgNode
    job: Job
    rpn_cfg: CfgNode | None
    rpn: Job | None

    def load_predictor(self) -> Predictor:
        """The models with their weights."""
        proposer = None if self.rpn is None else Predictor(self.rpn_cfg, self.rpn.folder / _WEIGHTS)
        return Predictor(self.cfg, self.job.folder / _WEIGHTS, proposer)


def find_row(tables: Mapping[str, Table], name: str) -> tuple[str, Row]:
    """The row that a name stands for.

    Args:
        tables: All tables by id.
        name: "table/row" such as "2b/sigmoid", or a run such as "r50_c4", which rows of several tables share.

    Returns:
        Id of a table, and the row.

    Raises:
        ValueError: there is no such row, or none that can be trained.
    """
    rows = {f"{t.id}/{row.id}": (t.id, row) for t in tables.values() for row in t.rows if row.origin == OURS}
    found = rows.get(name) or next((entry for entry in rows.values() if name == entry[1].run and entry[1].config), None)
    if found is None:
        table = name.partition("/")[0]
        runs = dict.fromkeys(row.run for _, row in rows.values() if row.config)
        here = [key for key, (_, row) in rows.items() if key.startswith(f"{table}/") and row.config]
        choice = ", ".join(here) or f"TABLE/ROW as `python -m ablations list` shows them, or a run: {', '.join(runs)}"
        raise ValueError(f"unknown row {name!r}: choose from {choice}")
    if not found[1].config:
        raise ValueError(f"row {name} cannot be trained: {found[1].why_not_run}")
    return found


def find_trained(
    tables: Mapping[str, Table],
    name: str,
    scale: str,
    seed: int,
    output: Path,
    opts: Sequence[str] = (),
    data: str | None = None,
) -> TrainedRow:
    """The trained models of a row.

    Args:
        tables: All tables by id.
        name: As for `find_row`.
        scale: Name of the scale.
        seed: Of the detector.
        output: Absolute folder of all jobs.
        opts: KEY VALUE pairs that the row was trained with.
        data: The user's own data that it was trained on, as `--data` says it.

    Raises:
        ValueError: unknown row, scale or key, or wrong data.
        FileNotFoundError: the row is not trained; the message has the command that trains it.
    """
    table, row = find_row(tables, name)
    own_data = None if data is None else parse_data(data)
    plan = make_plan({(table, row.id): row}, [seed], scale, output, load_cfg, config_hash, opts, own_data)
    job = plan.jobs[plan.rows[table, row.id, seed]]
    rpn = next((plan.jobs[i] for i in job.inputs if plan.jobs[i].kind == "rpn"), None)
    for needed in filter(None, (rpn, job)):
        if load_finished(needed) is None or not (needed.folder / _WEIGHTS).is_file():
            status = read_status(needed, plan.jobs)
            options = ["--rows", row.id, "--scale", scale, "--seeds", str(seed), "--output", str(output)]
            options += [*(["--data", data] if data else []), *opts]
            state = f"{status.state}, {status.reason}" if status.reason else status.state
            raise FileNotFoundError(
                f"row {table}/{row.id} has no trained {needed.kind} at scale {scale}, seed {seed} ({state}; looked for "
                f"{needed.folder / _WEIGHTS}): train it with `python -m ablations run {table} {shlex.join(options)}`"
            )
    return TrainedRow(f"{table}/{row.id}", _cfg(job), job, None if rpn is None else _cfg(rpn), rpn)


def _cfg(job: Job) -> CfgNode:
    """The config that the job's command resolves to; that in its folder holds the keys of one provider only."""
    args = argument_parser().parse_args(job.command[job.command.index("--config-file") :])
    cfg = load_cfg(args.config_file, args.scale, args.opts)
    fall_back_to_cpu(cfg)
    cfg.freeze()
    return cfg
