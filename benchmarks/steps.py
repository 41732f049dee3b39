"""Training steps of rows, beside the same model with detectron2's own modules in float32."""

from collections.abc import Callable
from typing import NamedTuple

from detectron2.modeling import build_model

from mask_rcnn_paper.generated.scene import SceneSpec
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.timing.networks import training_step
from mask_rcnn_paper.timing.scenes import training_batch
from mask_rcnn_paper.training.precision import set_precision, settle_precision


class Kind(NamedTuple):
    """A row that stands for those of its heads, its scale, and a batch for it."""

    config: str
    scale: str
    scene: SceneSpec
    images: int


_MINI = (SceneSpec(), 4)
# One image: a GPU's share of the paper's batch, two, would take a CPU half a minute a step.
_PAPER = (SceneSpec(height=800, width=1216), 1)
KINDS = {
    "mini, C4": Kind("table2b/sigmoid.yaml", "mini", *_MINI),
    "mini, C5": Kind("table2d/roialign.yaml", "mini", *_MINI),
    "mini, FPN": Kind("table2a/r50_fpn.yaml", "mini", *_MINI),
    "mini, FPN, MLP masks": Kind("table2e/mlp_2hidden.yaml", "mini", *_MINI),
    "mini, FPN, keypoints": Kind("table6/roialign.yaml", "mini", *_MINI),
    "paper, C4": Kind("table2b/sigmoid.yaml", "paper", *_PAPER),
    "paper, FPN": Kind("table2a/r50_fpn.yaml", "paper", *_PAPER),
}
STOCK, FLOAT32, MIXED = "detectron2's modules", "the row, float32", "the row, mixed precision"
# The plugin's RoI heads by detectron2's that compute the same.
_C4_STOCK = ("MODEL.ROI_HEADS.NAME", "Res5ROIHeads", "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", "14")
_STOCK = ("MODEL.ROI_HEADS.NAME", "StandardROIHeads")


def cases(name: str, device: str) -> dict[str, Callable[[], None]]:
    """One step of each case of a kind of `KINDS`: forward, backward and update on the same batch."""
    kind = KINDS[name]
    stock = _C4_STOCK if kind.config.startswith("table2b") else _STOCK
    options = {STOCK: (*stock, "SOLVER.AMP.ENABLED", "False"), FLOAT32: ("SOLVER.AMP.ENABLED", "False")}
    options[MIXED] = ("SOLVER.AMP.ENABLED", "True")
    place = ("MODEL.DEVICE", device, "MODEL.WEIGHTS", "")
    cfgs = {case: load_cfg(kind.config, kind.scale, [*place, *words]) for case, words in options.items()}
    proposals, persons = cfgs[STOCK].DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN, cfgs[STOCK].MODEL.KEYPOINT_ON
    batch = training_batch(kind.scene, kind.images, proposals, persons)
    models = {case: build_model(cfg) for case, cfg in cfgs.items()}
    for case in (FLOAT32, MIXED):
        settle_precision(cfgs[case])
        set_precision(models[case], cfgs[case].PRECISION)
    return {case: training_step(cfgs[case], model, batch) for case, model in models.items()}
