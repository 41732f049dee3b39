"""The graph of jobs behind some table rows: pre-training -> RPN -> detector (paper, Section 3.1).

A job's identity is the hash of its resolved config and of its inputs' identities, so rows with equal configs
are one job, and a changed config is another job in another folder. Only the detector varies with the seed:
pre-training and the RPN use seed 0 and are shared by all seeds and rows, so the spread over seeds is that of
the stage that a table compares.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ablations.jobs.job import Job
from ablations.paper.tables import Row
from ablations.user_data import OwnData
from mask_rcnn_paper.stages import backbone_name, proposal_file

STAGE_SEED = 0

PROGRAMS = {
    "pretrain": ("-m", "mask_rcnn_paper.pretrain"),
    "rpn": ("train_net.py",),
    "detector": ("train_net.py",),
}

# The runner sets these itself.
RESERVED = {
    "OUTPUT_DIR": "use --output",
    "SEED": "use --seeds",
    "DATASETS.PROPOSAL_FILES_TRAIN": "the RPN stage provides it",
    "DATASETS.PROPOSAL_FILES_TEST": "the RPN stage provides it",
    **{f"DATASETS.OWN.{key}": "use --data" for key in ("NAME", "TRAIN", "VAL", "VERSIONS")},
}

# Nominal seconds of an iteration, and of start and evaluation. Only ratios matter: see progress_view.py.
SECONDS_PER_ITERATION = {"pretrain": 0.055, "rpn": 0.095, "detector": 0.4}
SECONDS_BESIDES = {"pretrain": 25.0, "rpn": 55.0, "detector": 30.0}

LoadCfg = Callable[[str, str, Sequence[str]], Any]


@dataclass(frozen=True)
class Plan:
    """`jobs` by identity, inputs before users; `rows`: (table id, row id, seed) -> identity of a detector.

    `own_data` is the name of the user's own data, "" for the paper's.
    """

    jobs: Mapping[str, Job]
    rows: Mapping[tuple[str, str, int], str]
    scale: str
    own_data: str = ""


def make_plan(
    rows: Mapping[tuple[str, str], Row],
    seeds: Sequence[int],
    scale: str,
    output: Path,
    load_cfg: LoadCfg,
    config_hash: Callable[[Any], str],
    opts: Sequence[str] = (),
    own_data: OwnData | None = None,
) -> Plan:
    """Plan the jobs of some rows.

    Args:
        rows: By (table id, row id); each has a config.
        seeds: Seeds of the detectors.
        scale: Name of the scale.
        output: Absolute folder under which `<scale>/<kind>/<name>-<hash8>` lies, and `<scale>/<name of own data>/...`.
        load_cfg: (config file, scale, KEY VALUE list) -> resolved config: `mask_rcnn_paper.scales.load_cfg`.
        config_hash: Resolved config -> hex: `mask_rcnn_paper.training.result_file.config_hash`.
        opts: The user's KEY VALUE list, applied to every job.
        own_data: The user's own data, for every job but pre-training, which does not see it.

    Raises:
        ValueError: reserved or odd `opts`, or stages that do not fit together.
    """
    _check_opts(opts)
    planner = _Planner(scale, output, load_cfg, config_hash, tuple(opts), own_data or OwnData("", ()))
    planned = {}
    for seed in dict.fromkeys(seeds):
        for (table_id, row_id), row in rows.items():
            planned[table_id, row_id, seed] = planner.detector(row, seed).identity
    return Plan(planner.jobs, planned, scale, planner.data.name)


class _Planner:
    """Collects jobs; a job that is already there is not made again."""

    def __init__(
        self,
        scale: str,
        output: Path,
        load_cfg: LoadCfg,
        config_hash: Callable[[Any], str],
        opts: tuple[str, ...],
        data: OwnData,
    ) -> None:
        self.scale, self.output, self.opts, self.data = scale, output, opts, data
        self.load_cfg, self.config_hash = load_cfg, config_hash
        self.jobs: dict[str, Job] = {}
        self.configs: dict[tuple[str, int], Any] = {}

    def detector(self, row: Row, seed: int) -> Job:
        cfg = self._load(row.config, seed)
        inputs, stage_opts = self._weights(row.config, cfg)
        if cfg.MODEL.LOAD_PROPOSALS:
            if not cfg.STAGES.RPN:
                cure = "set STAGES.RPN to a config such as rpn/r50_c4.yaml"
                raise ValueError(f"{row.config}: MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is '': {cure}")
            rpn, trained = self._rpn(cfg.STAGES.RPN)
            inputs.append(rpn)
            stage_opts += _proposal_opts(row.config, cfg, rpn, trained)
        return self._add("detector", f"{row.run}-seed{seed}", row.config, cfg, seed, inputs, stage_opts)

    def _rpn(self, config: str) -> tuple[Job, Any]:
        cfg = self._load(config, STAGE_SEED)
        inputs, stage_opts = self._weights(config, cfg)
        job = self._add("rpn", PurePosixPath(config).stem, config, cfg, STAGE_SEED, inputs, stage_opts)
        return job, cfg

    def _weights(self, config: str, cfg: Any) -> tuple[list[Job], list[str]]:
        if not cfg.STAGES.PRETRAIN:
            return [], []
        if "MODEL.WEIGHTS" in self.opts[::2]:
            cure = f"at scale {self.scale!r} the pre-training stage provides it; add STAGES.PRETRAIN False"
            raise ValueError(f"MODEL.WEIGHTS cannot be given as KEY VALUE: {cure}")
        job = self._add("pretrain", backbone_name(cfg), config, cfg, STAGE_SEED, [], [])
        return [job], ["MODEL.WEIGHTS", str(job.folder / "model_final.pkl")]

    def _add(
        self, kind: str, name: str, config: str, cfg: Any, seed: int, inputs: list[Job], stage_opts: list[str]
    ) -> Job:
        pretrain = kind == "pretrain"
        digest = None if pretrain else self.config_hash(cfg)
        what = _pretrain_parts(cfg) if pretrain else digest
        identity = _hash(kind, self.scale, what, [job.identity for job in inputs])
        if identity in self.jobs:
            return self.jobs[identity]
        data = OwnData("", ()) if pretrain else self.data
        folder = self.output / self.scale / data.name / kind / f"{name}-{identity[:8]}"
        command = [sys.executable, *PROGRAMS[kind], "--config-file", config, "--scale", self.scale]
        command += ["OUTPUT_DIR", str(folder), "SEED", str(seed), *stage_opts, *data.opts, *self.opts]
        iterations = cfg.PRETRAIN.MAX_ITER if pretrain else cfg.SOLVER.MAX_ITER
        self.jobs[identity] = Job(
            kind=kind,
            name=name,
            identity=identity,
            folder=folder,
            command=tuple(command),
            inputs=tuple(job.identity for job in inputs),
            data=f"{', '.join(cfg.DATASETS.TRAIN)} -> {', '.join(cfg.DATASETS.TEST)}",
            own_data=data.name,
            config_hash=digest,
            train_seconds=SECONDS_PER_ITERATION[kind] * iterations,
            other_seconds=SECONDS_BESIDES[kind],
        )
        return self.jobs[identity]

    def _load(self, config: str, seed: int) -> Any:
        # Once each: the rows of a backbone name the same RPN.
        if (config, seed) not in self.configs:
            opts = [*self.data.opts, *self.opts, "SEED", str(seed)]
            self.configs[config, seed] = self.load_cfg(config, self.scale, opts)
        return self.configs[config, seed]


def _proposal_opts(config: str, cfg: Any, rpn: Job, rpn_cfg: Any) -> list[str]:
    """DATASETS.PROPOSAL_FILES_* of a detector, from the folder of its RPN."""
    opts = []
    for split in ("TRAIN", "TEST"):
        names = cfg.DATASETS[split]
        if missing := [name for name in names if name not in rpn_cfg.DATASETS.TEST]:
            have = f"DATASETS.TEST of {cfg.STAGES.RPN} is {rpn_cfg.DATASETS.TEST}"
            raise ValueError(f"{config}: no proposals are stored for {missing}: {have}; add them there")
        files = tuple(str(proposal_file(rpn.folder, name)) for name in names)
        opts += [f"DATASETS.PROPOSAL_FILES_{split}", repr(files)]
    return opts


def _check_opts(opts: Sequence[str]) -> None:
    if len(opts) % 2:
        raise ValueError(f"KEY VALUE arguments come in pairs, but there are {len(opts)}: {' '.join(opts)}")
    for key in opts[::2]:
        if key in RESERVED:
            raise ValueError(f"{key} cannot be given as KEY VALUE: {RESERVED[key]}")


def _pretrain_parts(cfg: Any) -> list[Any]:
    """What a pre-trained backbone depends on; not where features are tapped, since all stages are trained.

    Nor deformable convolutions, which no row has and the embedded core lacks: both providers name a job alike.
    """
    resnets = {k: v for k, v in cfg.MODEL.RESNETS.items() if k != "OUT_FEATURES" and not k.startswith("DEFORM_")}
    return [resnets, cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD, cfg.INPUT.FORMAT, cfg.PRETRAIN, STAGE_SEED]


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
