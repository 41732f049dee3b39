"""Training steps of rows, beside the same model with detectron2's own modules in float32."""

from collections.abc import Callable

import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from detectron2.solver import build_optimizer
from detectron2.utils.events import EventStorage

from benchmarks.measure import Measured, clock_of, side_by_side
from benchmarks.scenes import training_batch
from mask_rcnn_paper.generated.scene import SceneSpec
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.precision import set_precision, settle_precision

STOCK, FLOAT32, AS_TRAINED = "detectron2's modules", "the row, float32", "the row as it is trained"
# One of each kind of head.
ROWS = {
    "C4": "table2b/sigmoid.yaml",
    "C5": "table2d/roialign.yaml",
    "FPN": "table2a/r50_fpn.yaml",
    "FPN, MLP masks": "table2e/mlp_2hidden.yaml",
    "FPN, keypoints": "table6/roialign.yaml",
}
# The plugin's RoI heads by detectron2's that compute the same.
_C4_STOCK = ("MODEL.ROI_HEADS.NAME", "Res5ROIHeads", "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", "14")
_STOCK = ("MODEL.ROI_HEADS.NAME", "StandardROIHeads")


def measure(kind: str, device: str, rounds: int) -> dict[str, Measured]:
    """Times of one step of a mini row of a kind of `ROWS`: forward, backward and update of a batch."""
    config, place = ROWS[kind], ["MODEL.DEVICE", device, "MODEL.WEIGHTS", ""]
    row = load_cfg(config, "mini", place)
    settle_precision(row)
    plain = load_cfg(config, "mini", [*place, "SOLVER.AMP.ENABLED", "False"])
    stock = load_cfg(config, "mini", [*place, "SOLVER.AMP.ENABLED", "False", *(_C4_STOCK if kind == "C4" else _STOCK)])
    proposals = row.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN
    batch = training_batch(SceneSpec(), row.SOLVER.IMS_PER_BATCH, proposals, row.MODEL.KEYPOINT_ON)
    cases = {
        STOCK: _step(stock, build_model(stock), batch),
        FLOAT32: _step(plain, set_precision(build_model(plain), plain.PRECISION), batch),
        AS_TRAINED: _step(row, set_precision(build_model(row), row.PRECISION), batch),
    }
    return side_by_side(cases, rounds, clock_of(device))


def _step(cfg: CfgNode, model: torch.nn.Module, batch: list[dict]) -> Callable[[], None]:
    optimizer = build_optimizer(cfg, model.train())
    # What an update would do to the next turn's losses must not differ between the cases.
    for group in optimizer.param_groups:
        group["lr"] = 0.0

    def step() -> None:
        with EventStorage(0):
            losses = model(batch)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()

    return step
