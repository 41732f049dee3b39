"""Collects the jobs of a plan: of each config the jobs that it builds on, then its own."""

import ast
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ablations.jobs.folder import RESULT, JobFolder
from ablations.jobs.job import DETECTOR, DISTILL, PRETRAIN, RPN, TRANSFER, Job
from ablations.jobs.recipe import Recipe
from ablations.user_data import UserData
from mask_rcnn_paper.config_files import WHOLE_SCALES, lasting_name
from mask_rcnn_paper.data.distilled import images_of, is_distilled
from mask_rcnn_paper.imports import Import
from mask_rcnn_paper.stages import DISTILLED_ANNOTATIONS, PRETRAINED_WEIGHTS, WEIGHTS, map_words, proposal_file

STAGE_SEED = 0

# Guesses of the seconds of an iteration, and of start and evaluation, where no result tells them.
SECONDS_PER_ITERATION = {PRETRAIN: 0.09, RPN: 0.06, TRANSFER: 0.0, DISTILL: 0.4, DETECTOR: 0.2}
# On COCO trainings are the paper's, whose 8 GPUs took 32 hours for ResNet-50-FPN (Section 4.4).
SECONDS_PER_ITERATION_ON_COCO = SECONDS_PER_ITERATION | dict.fromkeys((RPN, DETECTOR), 32 * 3600 / 160_000)
SECONDS_BESIDES = {PRETRAIN: 30.0, RPN: 90.0, TRANSFER: 4.0, DISTILL: 10.0, DETECTOR: 40.0}


@dataclass
class Planner:
    """Makes jobs; one that is already there is not made again.

    `scale` and `output` are as for `make_plan`, `opts` is by kind of job, `read` is `read_recipe`; `fixed`: the stages
    before the detector have `STAGE_SEED`; `runs` are names of detectors by config, else they have that of the file.
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

    def detector(self, config: str, seed: int) -> Job:
        """The detector of a config, after the jobs that it builds on."""
        run = self.runs.get(config, PurePosixPath(config).stem)
        return self._stage(DETECTOR, run, config, seed)

    def _stage(self, kind: str, run: str, config: str, seed: int) -> Job:
        recipe = self._recipe(kind, config, seed)
        inputs, stage_opts = self._start(config, recipe, seed)
        if kind == DISTILL and not recipe.detector:
            raise ValueError(f"{config}: STAGES.DETECTOR is '': name the config of the teacher")
        if kind != RPN and recipe.loads_proposals:
            inputs.append(self._rpn(config, recipe, seed))
        if recipe.distill and not recipe.eval_only:
            inputs.append(self._distillation(config, recipe, seed))
            stage_opts += ["DATASETS.DISTILLED", str(inputs[-1].folder.path / DISTILLED_ANNOTATIONS)]
        if recipe.loads_proposals and kind != RPN:
            (rpn,) = (job for job in inputs if job.kind == RPN)
            stage_opts += ["STAGES.RPN_WEIGHTS", str(rpn.folder.path / WEIGHTS)]
        if recipe.loads_proposals and kind == DETECTOR:
            stage_opts += self._proposal_opts(config, recipe, inputs)
        return self._add(kind, run, config, recipe, seed, inputs, stage_opts)

    def _before(self, seed: int) -> int:
        """Seed of the stages before a detector."""
        return STAGE_SEED if self.fixed else seed

    def _start(self, config: str, recipe: Recipe, seed: int) -> tuple[list[Job], list[str]]:
        """The job whose weights a config starts from, if any, and MODEL.WEIGHTS."""
        if not (recipe.detector or recipe.pretrained):
            return [], []
        if "MODEL.WEIGHTS" in self.opts[DETECTOR][::2]:
            provides = f"the pre-training stage provides it at scale {self.scale!r}; add STAGES.PRETRAIN False"
            if recipe.detector:
                provides = f"{config} starts from the weights of {recipe.detector}, which is trained first"
            raise ValueError(f"MODEL.WEIGHTS cannot be given as KEY VALUE: {provides}")
        before = self._before(seed)
        if recipe.detector:
            weights, source = WEIGHTS, self.detector(recipe.detector, seed if recipe.eval_only else before)
            source = self._transfer(config, recipe, source, before) if recipe.transfer else source
        else:
            weights = PRETRAINED_WEIGHTS
            source = self._add(PRETRAIN, recipe.backbone, config, recipe, before, [], [])
        return [source], ["MODEL.WEIGHTS", str(source.folder.path / weights)]

    def _transfer(self, config: str, recipe: Recipe, source: Job, seed: int) -> Job:
        """`source` as a detector of the classes of `config`."""
        (before, *_), (after, *_) = self._recipe(DETECTOR, recipe.detector, seed).train, recipe.train
        run = f"{PurePosixPath(recipe.detector).stem}-to-{PurePosixPath(config).stem}"
        words = ["--from", before, "--to", after, *map_words(recipe.class_map), "--seed", str(seed)]
        return self._add(TRANSFER, run, config, recipe, seed, [source], words)

    def _rpn(self, config: str, recipe: Recipe, seed: int) -> Job:
        if not recipe.rpn:
            cure = "set STAGES.RPN to a config such as rpn/r50_c4.yaml"
            raise ValueError(f"{config}: MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is '': {cure}")
        before = self._before(seed)
        return self._stage(RPN, PurePosixPath(recipe.rpn).stem, recipe.rpn, before)

    def _distillation(self, config: str, recipe: Recipe, seed: int) -> Job:
        """What annotates the images that a student trains on."""
        before = self._before(seed)
        annotated = self._recipe(DISTILL, recipe.distill, before).test
        if other := [name for name in recipe.train if is_distilled(name) and images_of(name) not in annotated]:
            have = f"DATASETS.TEST of {recipe.distill} is {annotated}"
            raise ValueError(f"{config}: no annotations are made for {other}: {have}; both must name the same images")
        return self._stage(DISTILL, PurePosixPath(recipe.distill).stem, recipe.distill, before)

    def _proposal_opts(self, config: str, recipe: Recipe, inputs: list[Job]) -> list[str]:
        """DATASETS.PROPOSAL_FILES_* of a detector, from the folders of its RPN and its distillation."""
        opts, stored = [], self._recipe(RPN, recipe.rpn, STAGE_SEED).test
        folders = {job.kind: job.folder.path for job in inputs}
        splits = {"TRAIN": () if recipe.eval_only else recipe.train, "TEST": recipe.test}
        for split, names in splits.items():
            distilled = [name for name in names if is_distilled(name) and DISTILL in folders]
            if missing := [name for name in names if name not in (*stored, *distilled)]:
                have = f"DATASETS.TEST of {recipe.rpn} is {stored}"
                raise ValueError(f"{config}: no proposals are stored for {missing}: {have}; add them there")
            files = tuple(str(proposal_file(folders[RPN], name, folders.get(DISTILL))) for name in names)
            opts += [f"DATASETS.PROPOSAL_FILES_{split}", repr(files)]
        return opts

    def _add(
        self, kind: str, run: str, config: str, recipe: Recipe, seed: int, inputs: list[Job], stage_opts: list[str]
    ) -> Job:
        """The job of a config's stage; `stage_opts` are KEY VALUE pairs, and words of a transfer."""
        pretrain = kind == PRETRAIN
        of_kind = {PRETRAIN: [*recipe.backbone_parts, seed], TRANSFER: stage_opts}
        what = of_kind.get(kind, recipe.config_hash)
        parts = (kind, self.scale, what, [job.identity for job in inputs])
        identity = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        if identity in self.jobs:
            return self.jobs[identity]
        data = UserData("", ()) if pretrain else self.user_data
        # Of a stage before the detector that of STAGE_SEED, which nearly all rows share, has no seed in its name.
        name = run if kind != DETECTOR and seed == STAGE_SEED else f"{run}-seed{seed}"
        path = self.output / self.scale / data.name / kind / f"{name}-{identity[:8]}"
        iterations = recipe.pretrain_iterations if pretrain else 0 if recipe.eval_only else recipe.iterations
        guesses = SECONDS_PER_ITERATION_ON_COCO if self.scale in WHOLE_SCALES else SECONDS_PER_ITERATION
        words: tuple[str, ...] = ()
        if kind == TRANSFER:
            places = str(inputs[0].folder.path / WEIGHTS), str(path / WEIGHTS)
            words = (*places, *stage_opts, "--report", str(path / RESULT))
        self.jobs[identity] = Job(
            kind=kind,
            identity=identity,
            folder=JobFolder(path, name, None if kind in of_kind else recipe.config_hash),
            config=lasting_name(config),
            run=run,
            scale=self.scale,
            options=("OUTPUT_DIR", str(path), "SEED", str(seed), *stage_opts, *data.opts, *self.opts[kind]),
            imports=tuple(wanted.place for wanted in self.imports),
            words=words,
            inputs=tuple(job.identity for job in inputs),
            needs=(inputs[0].folder.path / WEIGHTS,) if kind == TRANSFER else _files(stage_opts),
            data=f"{', '.join(recipe.train)} -> {', '.join(recipe.test)}",
            # A teacher's annotations are made by a job; what has to be there are the images.
            datasets=() if pretrain or kind == TRANSFER else tuple(map(images_of, (*recipe.train, *recipe.test))),
            user_data=data.name,
            branches=recipe.branches if kind == DETECTOR else None,
            iterations=iterations,
            train_seconds=guesses[kind] * iterations,
            other_seconds=SECONDS_BESIDES[kind],
        )
        return self.jobs[identity]

    def _recipe(self, kind: str, config: str, seed: int) -> Recipe:
        opts = (*self.user_data.opts, *self.opts[kind], "SEED", str(seed))
        return self.read(config, self.scale, opts, self.imports)


def _files(stage_opts: Sequence[str]) -> tuple[Path, ...]:
    """The files that the stages before a job have to leave: what KEY VALUE pairs name that say where inputs lie."""
    values = (ast.literal_eval(value) if value.startswith("(") else (value,) for value in stage_opts[1::2])
    return tuple(Path(file) for files in values for file in files)
