"""The graph of jobs behind some table rows: pre-training -> RPN -> detector (paper, Section 3.1).

A student (Appendix B) has more before it: a teacher, which is a detector, and a distillation, in which it and its RPN
annotate images.

A job's identity is the hash of its resolved config and of its inputs' identities, so rows with equal configs are one
job, and a changed config is another job in another folder. By default only the detector varies with the seed:
pre-training and the RPN use seed 0 and are shared by all seeds and rows, so the spread over seeds is that of the stage
that a table compares. Rows of different backbones do not share them: for these every stage can vary.

A trained detector may take the place of pre-training. Where features are shared (Section 4.4): RPN -> detector -> RPN
on its body -> detector on that, the four steps of Faster R-CNN (arXiv:1506.01497, Section 3.2). Where a row starts from
a detector of other classes (Appendix A): detector -> transfer -> detector. A row that differs in inference alone
(STAGES.EVAL_ONLY) evaluates the weights of another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ablations.jobs.job import DETECTOR, DISTILL, PRETRAIN, RPN, TRANSFER, Job
from ablations.jobs.planner import Planner
from ablations.jobs.recipe import read_recipe
from ablations.paper.tables import Row, RowKey
from ablations.user_data import UserData
from mask_rcnn_paper.imports import Import

# What seeds vary, by name.
DETECTORS = "detector"
VARY = (DETECTORS, "all")

# The runner sets these itself.
RESERVED = {
    "OUTPUT_DIR": "use --output",
    "SEED": "use --seeds",
    "DATASETS.PROPOSAL_FILES_TRAIN": "the RPN stage provides it",
    "DATASETS.PROPOSAL_FILES_TEST": "the RPN stage provides it",
    "DATASETS.DISTILLED": "the distillation stage provides it",
    "STAGES.RPN_WEIGHTS": "the RPN stage provides it",
    **{f"DATASETS.OWN.{key}": "use --data" for key in ("NAME", "TRAIN", "VAL", "VERSIONS")},
    **{f"IMPORTS.{key}": "use --import" for key in ("NEEDED", "VERSIONS")},
}
# Nodes of the second stage, which an RPN that is trained alone does not read, but for what selects its images.
_SECOND_STAGE = "MODEL.ROI_"
_SELECTS_IMAGES = "MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE"


@dataclass(frozen=True)
class Plan:
    """`jobs` by identity, inputs before users; `rows`: (table id, row id, seed) -> identity of a detector.

    `user_data` is the name of the user's own data, "" for the paper's.
    """

    jobs: Mapping[str, Job]
    rows: Mapping[tuple[str, str, int], str]
    scale: str
    user_data: str = ""

    def job(self, table_id: str, row_id: str, seed: int) -> Job | None:
        """The detector of a row, or None where it is not planned."""
        identity = self.rows.get((table_id, row_id, seed))
        return None if identity is None else self.jobs[identity]

    def input(self, job: Job, kind: str) -> Job | None:
        """The job of this kind that another one builds on, or None where there is none."""
        return next((self.jobs[i] for i in job.inputs if self.jobs[i].kind == kind), None)


def make_plan(
    rows: Mapping[RowKey, Row],
    seeds: Sequence[int],
    scale: str,
    output: Path,
    opts: Sequence[str] = (),
    user_data: UserData | None = None,
    imports: Sequence[Import] = (),
    vary: str = DETECTORS,
    runs: Mapping[str, str] | None = None,
) -> Plan:
    """Plan the jobs of some rows.

    `rows` are by (table id, row id), each with a config; `seeds` are of what `vary` names. `output` is the absolute
    folder under which `<scale>/<kind>/<name>-<hash8>` lies, and `<scale>/<name of data>/...`. The KEY VALUE list `opts`
    is for every job that reads the key, `user_data` for every job but pre-training, which does not see it. `runs`
    are the names of other rows' detectors, by config: `rows` may build on them.

    Raises:
        ValueError: unknown `vary`, reserved or odd `opts`, or stages that do not fit together.
    """
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE arguments come in pairs, but there are {len(opts)}: {' '.join(opts)}")
    if reserved := next((key for key in opts[::2] if key in RESERVED), None):
        raise ValueError(f"{reserved} cannot be given as KEY VALUE: {RESERVED[reserved]}")
    by_kind = {kind: tuple(opts) for kind in (PRETRAIN, DISTILL, DETECTOR)}
    by_kind |= {RPN: _read_by_rpn(opts), TRANSFER: ()}
    if vary not in VARY:
        raise ValueError(f"--vary {vary}: choose from {', '.join(VARY)}")
    data, fixed = user_data or UserData("", ()), vary == DETECTORS
    runs = {**(runs or {}), **{row.config: row.run for row in rows.values()}}
    planner = Planner(scale, output, by_kind, data, tuple(imports), cache(read_recipe), fixed, runs)
    planned = {
        (table_id, row_id, seed): planner.detector(row.config, seed).identity
        for seed in dict.fromkeys(seeds)
        for (table_id, row_id), row in rows.items()
    }
    return Plan(planner.jobs, planned, scale, planner.user_data.name)


def _read_by_rpn(opts: Sequence[str]) -> tuple[str, ...]:
    """KEY VALUE pairs without those of the second stage: a mask loss makes no other RPN."""
    pairs = zip(opts[::2], opts[1::2], strict=True)
    kept = [(key, value) for key, value in pairs if key == _SELECTS_IMAGES or not key.startswith(_SECOND_STAGE)]
    return tuple(word for pair in kept for word in pair)
