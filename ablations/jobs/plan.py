"""The graph of jobs behind some table rows: pre-training -> RPN -> detector (paper, Section 3.1).

A job's identity is the hash of its resolved config and of its inputs' identities, so rows with equal configs are one
job, and a changed config is another job in another folder. A row that differs in inference alone evaluates the weights
of another job (STAGES.DETECTOR). By default only the detector varies with the seed: pre-training and
the RPN use seed 0 and are shared by all seeds and rows, so the spread over seeds is that of the stage that a table
compares. Rows of different backbones do not share them: for these every stage can vary.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

from ablations.jobs.folder import JobFolder
from ablations.jobs.job import DETECTOR, PRETRAIN, RPN, Job
from ablations.jobs.recipe import Recipe, read_recipe
from ablations.paper.tables import Row, RowKey
from ablations.user_data import UserData
from mask_rcnn_paper.config_files import lasting_name
from mask_rcnn_paper.imports import Import
from mask_rcnn_paper.stages import DETECTOR_WEIGHTS, proposal_file

STAGE_SEED = 0
# What seeds vary, by name.
DETECTORS = "detector"
VARY = (DETECTORS, "all")

# The runner sets these itself.
RESERVED = {
    "OUTPUT_DIR": "use --output",
    "SEED": "use --seeds",
    "DATASETS.PROPOSAL_FILES_TRAIN": "the RPN stage provides it",
    "DATASETS.PROPOSAL_FILES_TEST": "the RPN stage provides it",
    **{f"DATASETS.OWN.{key}": "use --data" for key in ("NAME", "TRAIN", "VAL", "VERSIONS")},
    **{f"IMPORTS.{key}": "use --import" for key in ("NEEDED", "VERSIONS")},
}
# Nodes of the second stage, which an RPN that is trained alone does not read, but for what selects its images.
_SECOND_STAGE = "MODEL.ROI_"
_SELECTS_IMAGES = "MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE"

# Nominal seconds of an iteration, and of start and evaluation. Only ratios matter: see progress_estimate.py.
SECONDS_PER_ITERATION = {PRETRAIN: 0.09, RPN: 0.06, DETECTOR: 0.2}
SECONDS_BESIDES = {PRETRAIN: 30.0, RPN: 90.0, DETECTOR: 40.0}


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
    is for every job that reads the key, `user_data` for every job but pre-training, which does not see it.

    Raises:
        ValueError: unknown `vary`, reserved or odd `opts`, or stages that do not fit together.
    """
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE arguments come in pairs, but there are {len(opts)}: {' '.join(opts)}")
    if reserved := next((key for key in opts[::2] if key in RESERVED), None):
        raise ValueError(f"{reserved} cannot be given as KEY VALUE: {RESERVED[reserved]}")
    by_kind = {PRETRAIN: tuple(opts), RPN: _read_by_rpn(opts), DETECTOR: tuple(opts)}
    if vary not in VARY:
        raise ValueError(f"--vary {vary}: choose from {', '.join(VARY)}")
    data, fixed = user_data or UserData("", ()), vary == DETECTORS
    runs = {**(runs or {}), **{row.config: row.run for row in rows.values() if row.config}}
    planner = _Planner(scale, output, by_kind, data, tuple(imports), cache(read_recipe), fixed, runs)
    planned = {}
    for seed in dict.fromkeys(seeds):
        for (table_id, row_id), row in rows.items():
            job = planner.stage(DETECTOR, f"{row.run}-seed{seed}", row.config, seed)
            planned[table_id, row_id, seed] = job.identity
    return Plan(planner.jobs, planned, scale, planner.user_data.name)


@dataclass
class _Planner:
    """Collects jobs; one that is already there is not made again.

    `opts` is by kind of job, `read` is `read_recipe`; `fixed`: the stages before the detector have `STAGE_SEED`;
    `runs`: names of detectors by config.
    """

    scale: str
    output: Path
    opts: Mapping[str, tuple[str, ...]]
    user_data: UserData
    imports: tuple[Import, ...]
    read: Callable[..., Recipe]
    fixed: bool
    runs: Mapping[str, str]
    jobs: dict[str, Job] = field(default_factory=dict)

    def stage(self, kind: str, name: str, config: str, seed: int) -> Job:
        """The RPN or detector of a config, after the jobs that it builds on."""
        recipe, inputs, stage_opts = self._recipe(kind, config, seed), [], []
        before = STAGE_SEED if self.fixed else seed
        if recipe.detector:
            if "MODEL.WEIGHTS" in self.opts[DETECTOR][::2]:
                raise ValueError(
                    f"MODEL.WEIGHTS cannot be given as KEY VALUE: {recipe.detector} provides it for {config}"
                )
            run = self.runs.get(recipe.detector, PurePosixPath(recipe.detector).stem)
            inputs.append(self.stage(DETECTOR, f"{run}-seed{seed}", recipe.detector, seed))
            stage_opts += ["MODEL.WEIGHTS", str(inputs[0].folder.path / DETECTOR_WEIGHTS)]
        if recipe.pretrained:
            if "MODEL.WEIGHTS" in self.opts[DETECTOR][::2]:
                cure = f"at scale {self.scale!r} the pre-training stage provides it; add STAGES.PRETRAIN False"
                raise ValueError(f"MODEL.WEIGHTS cannot be given as KEY VALUE: {cure}")
            inputs.append(self._add(PRETRAIN, _with_seed(recipe.backbone, before), config, recipe, before, [], []))
            stage_opts += ["MODEL.WEIGHTS", str(inputs[0].folder.path / "model_final.pkl")]
        if kind == DETECTOR and recipe.loads_proposals:
            if not recipe.rpn:
                cure = "set STAGES.RPN to a config such as rpn/r50_c4.yaml"
                raise ValueError(f"{config}: MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is '': {cure}")
            rpn_name = _with_seed(PurePosixPath(recipe.rpn).stem, before)
            inputs.append(self.stage(RPN, rpn_name, recipe.rpn, before))
            stage_opts += self._proposal_opts(config, recipe, inputs[-1])
        return self._add(kind, name, config, recipe, seed, inputs, stage_opts)

    def _proposal_opts(self, config: str, recipe: Recipe, rpn: Job) -> list[str]:
        """DATASETS.PROPOSAL_FILES_* of a detector, from the folder of its RPN."""
        opts, stored = [], self._recipe(RPN, recipe.rpn, STAGE_SEED).test
        for split, names in (("TRAIN", recipe.train), ("TEST", recipe.test)):
            if missing := [name for name in names if name not in stored]:
                have = f"DATASETS.TEST of {recipe.rpn} is {stored}"
                raise ValueError(f"{config}: no proposals are stored for {missing}: {have}; add them there")
            files = tuple(str(proposal_file(rpn.folder.path, name)) for name in names)
            opts += [f"DATASETS.PROPOSAL_FILES_{split}", repr(files)]
        return opts

    def _add(
        self, kind: str, name: str, config: str, recipe: Recipe, seed: int, inputs: list[Job], stage_opts: list[str]
    ) -> Job:
        pretrain = kind == PRETRAIN
        what = [*recipe.backbone_parts, seed] if pretrain else recipe.config_hash
        parts = (kind, self.scale, what, [job.identity for job in inputs])
        identity = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        if identity in self.jobs:
            return self.jobs[identity]
        data = UserData("", ()) if pretrain else self.user_data
        path = self.output / self.scale / data.name / kind / f"{name}-{identity[:8]}"
        iterations = recipe.pretrain_iterations if pretrain else 0 if recipe.detector else recipe.iterations
        self.jobs[identity] = Job(
            kind=kind,
            identity=identity,
            folder=JobFolder(path, name, None if pretrain else recipe.config_hash),
            config=lasting_name(config),
            scale=self.scale,
            options=("OUTPUT_DIR", str(path), "SEED", str(seed), *stage_opts, *data.opts, *self.opts[kind]),
            imports=tuple(wanted.place for wanted in self.imports),
            inputs=tuple(job.identity for job in inputs),
            data=f"{', '.join(recipe.train)} -> {', '.join(recipe.test)}",
            user_data=data.name,
            train_seconds=SECONDS_PER_ITERATION[kind] * iterations,
            other_seconds=SECONDS_BESIDES[kind],
        )
        return self.jobs[identity]

    def _recipe(self, kind: str, config: str, seed: int) -> Recipe:
        opts = (*self.user_data.opts, *self.opts[kind], "SEED", str(seed))
        return self.read(config, self.scale, opts, self.imports)


def _with_seed(name: str, seed: int) -> str:
    """Name of a stage before the detector; that of `STAGE_SEED`, which nearly all rows share, has no seed in it."""
    return name if seed == STAGE_SEED else f"{name}-seed{seed}"


def _read_by_rpn(opts: Sequence[str]) -> tuple[str, ...]:
    """KEY VALUE pairs without those of the second stage: a mask loss makes no other RPN."""
    pairs = zip(opts[::2], opts[1::2], strict=True)
    kept = [(key, value) for key, value in pairs if key == _SELECTS_IMAGES or not key.startswith(_SECOND_STAGE)]
    return tuple(word for pair in kept for word in pair)
