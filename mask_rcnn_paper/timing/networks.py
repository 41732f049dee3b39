"""What is timed of a row: one image at test, and a training step, each with the memory and the counts that go with it.

Paper: Mask R-CNN (arXiv:1703.06870), Section 4.4. A row is one network that shares its features with its RPN, as there,
also where it is trained on stored proposals. Images are drawn scenes, weights are random: see calibrate.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from detectron2.solver import build_optimizer
from detectron2.utils.events import EventStorage

from mask_rcnn_paper.config_files import WHOLE_SCALES
from mask_rcnn_paper.generated.scene import SceneSpec
from mask_rcnn_paper.imports import Import, import_components
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.timing.calibrate import calibrate
from mask_rcnn_paper.timing.parts import PartTimer
from mask_rcnn_paper.timing.scenes import training_batch
from mask_rcnn_paper.timing.turns import clock_of, timed
from mask_rcnn_paper.training.precision import FLOAT16, set_precision, settle_precision
from mask_rcnn_paper.training.result_file import peak_memory

# The GPUs among which the paper divides a batch (Section 3.1): a step is what one of them does.
_GPUS = 8


@dataclass(frozen=True)
class Images:
    """The images of a scale.

    What the network sees of one, `height` and `width` of the original, and on how many `gpus` those of a batch are.
    `detections` is the share of the largest number of detections that one has: as many as of the proposals.
    """

    scene: SceneSpec
    height: int
    width: int
    gpus: int = 1
    detections: float = 0.2


# At paper scale the most frequent shape of COCO, with the short side at 800, and 100 detections.
IMAGES = {
    **dict.fromkeys(WHOLE_SCALES, Images(SceneSpec(height=800, width=1067), 480, 640, _GPUS, 1.0)),
    "mini": Images(SceneSpec(), 192, 192),
    "smoke": Images(SceneSpec(height=96, width=96), 96, 96),
}


@dataclass(frozen=True)
class Subject:
    """A row to be timed: a config as `load_cfg` takes it, where it runs, and the components that it may name."""

    config: str
    scale: str
    device: str
    opts: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()

    def cfg(self) -> CfgNode:
        """The row's config, with random weights, in the precision that it computes in."""
        cfg = load_cfg(self.config, self.scale, [*self.opts, "MODEL.DEVICE", self.device, "MODEL.WEIGHTS", ""])
        settle_precision(cfg)
        cfg.TEST.DETECTIONS_PER_IMAGE = round(cfg.TEST.DETECTIONS_PER_IMAGE * IMAGES[self.scale].detections)
        return cfg

    @property
    def images_per_step(self) -> int:
        """Images of a training step on one device."""
        return max(1, self.cfg().SOLVER.IMS_PER_BATCH // IMAGES[self.scale].gpus)


def as_one_network(cfg: CfgNode) -> None:
    """Let a row that is trained on stored proposals make as many itself, in place."""
    if cfg.MODEL.LOAD_PROPOSALS:
        cfg.MODEL.LOAD_PROPOSALS = False
        cfg.MODEL.PROPOSAL_GENERATOR.NAME = "RPN"
        cfg.MODEL.RPN.POST_NMS_TOPK_TEST = cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST


class TestTurn:
    """One image at test: a call gives the seconds of its parts. `detections` are those of the last call."""

    __test__ = False  # no test of pytest's

    def __init__(self, subject: Subject, clock: Callable[[], float] | None = None) -> None:
        cfg = subject.cfg()
        as_one_network(cfg)
        self.batch = _batch(cfg, subject.scale, 1)
        self.batch[0] |= {"height": IMAGES[subject.scale].height, "width": IMAGES[subject.scale].width}
        self.model = _calibrated(cfg, self.batch)
        self.detections = 0
        self.model.roi_heads.register_forward_hook(self._count)
        self.timer = PartTimer(self.model, clock or clock_of(subject.device))

    def __call__(self) -> dict[str, float]:
        """Seconds by part."""
        return self.timer(self.batch)

    def _count(self, heads: Any, inputs: Any, output: tuple[list[Any], Any]) -> None:
        self.detections = sum(len(found) for found in output[0])


def training_turn(subject: Subject, clock: Callable[[], float] | None = None) -> Callable[[], float]:
    """A training step as the row is trained, which a call takes; it returns the seconds."""
    return timed(_step(subject), clock or clock_of(subject.device))


def step_memory(subject: Subject, steps: int = 2) -> dict[str, float]:
    """Peak memory in MB, as `peak_memory`, of a process that does nothing but take training steps; call it in one."""
    import_components(subject.imports)
    step = _step(subject)
    for _ in range(steps):
        step()
    return peak_memory(subject.device)


def _step(subject: Subject) -> Callable[[], None]:
    cfg = subject.cfg()
    batch = _batch(cfg, subject.scale, subject.images_per_step)
    return training_step(cfg, _calibrated(cfg, batch), batch)


def training_step(cfg: CfgNode, model: torch.nn.Module, batch: list[dict[str, Any]]) -> Callable[[], None]:
    """Forward, backward and update on the same batch; the weights stay, so that every step costs the same."""
    optimizer = build_optimizer(cfg, model.train())
    # What an update would do to the next turn's losses must not differ between the cases.
    for group in optimizer.param_groups:
        group["lr"] = 0.0

    def step() -> None:
        # On a GPU mixed precision is the trainer's.
        with EventStorage(0), torch.autocast("cuda", enabled=cfg.PRECISION == FLOAT16):
            losses = model(batch)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()

    return step


def _batch(cfg: CfgNode, scale: str, images: int) -> list[dict[str, Any]]:
    return training_batch(
        IMAGES[scale].scene,
        images,
        cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN,
        persons=cfg.MODEL.KEYPOINT_ON or cfg.DATASETS.KEYPOINT_IMAGES_ONLY,
        classes=cfg.MODEL.ROI_HEADS.NUM_CLASSES,
    )


def _calibrated(cfg: CfgNode, batch: Sequence[dict[str, Any]]) -> torch.nn.Module:
    torch.manual_seed(0)
    model = build_model(cfg)
    calibrate(model, list(batch), cfg.TEST.DETECTIONS_PER_IMAGE)
    return set_precision(model, cfg.PRECISION)
