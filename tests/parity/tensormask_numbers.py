"""What a small TensorMask computes from weights and images that anybody can make again.

`data/tensormask.json` is `measure` of detectron2's TensorMask project, by the name of each of CASES. Its model ran on a
CPU, with `swap_align2nat` in the place of its operator, which needs a GPU.
"""

import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.structures import PolygonMasks
from detectron2.utils.events import EventStorage

from mask_rcnn_paper.config import add_mask_rcnn_paper_config
from tests.parity.retinanet_numbers import CONFIG, fill, inputs

STAGES = ["res2", "res3", "res4", "res5"]
CHANGED = {
    "MODEL.META_ARCHITECTURE": "TensorMask",
    "MODEL.RESNETS.OUT_FEATURES": STAGES,
    "MODEL.FPN.IN_FEATURES": STAGES,
    "MODEL.FPN.FUSE_TYPE": "avg",
    "MODEL.MASK_ON": True,
    "MODEL.ANCHOR_GENERATOR.SIZES": [[44, 60], [88, 120], [176, 240], [352, 480], [704, 960], [1408, 1920]],
    "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[1.0]],
    "MODEL.TENSOR_MASK.NUM_CLASSES": 5,
    "MODEL.TENSOR_MASK.NUM_CONVS": 2,
    "MODEL.TENSOR_MASK.CLS_CHANNELS": 16,
    "MODEL.TENSOR_MASK.BBOX_CHANNELS": 8,
    "MODEL.TENSOR_MASK.MASK_CHANNELS": 8,
    "MODEL.TENSOR_MASK.SCORE_THRESH_TEST": 0.2,
}


def tensormask_cfg(changed: dict[str, object]) -> CfgNode:
    """Ours."""
    cfg = get_cfg()
    add_mask_rcnn_paper_config(cfg)
    for key, value in (CONFIG | CHANGED | changed).items():
        if not key.startswith("MODEL.RETINANET"):
            cfg.merge_from_list([key, value])
    return cfg


def with_masks() -> list[dict]:
    """Three images with their objects, each a triangle in its box."""
    images = inputs()
    for image in images:
        corners = [np.array([a, b, c, b, c, d]) for a, b, c, d in image["instances"].gt_boxes.tensor.double().tolist()]
        image["instances"].gt_masks = PolygonMasks([[corner] for corner in corners])
    return images


def measure(model: torch.nn.Module) -> dict[str, object]:
    """Losses, norms of gradients, and detections with the areas of their masks and of their left halves."""
    fill(model)
    with EventStorage():
        losses = model(with_masks())
    sum(losses.values()).backward()
    gradients = {name: weight.grad.double().norm() for name, weight in model.named_parameters() if weight.requires_grad}
    with torch.no_grad():
        found = [result["instances"] for result in model.eval()(with_masks())]
    numbers = {
        "losses": {name: loss.item() for name, loss in losses.items()},
        "gradients": {name: norm.item() for name, norm in gradients.items()},
        "boxes": [image.pred_boxes.tensor.tolist() for image in found],
        "scores": [image.scores.tolist() for image in found],
        "classes": [image.pred_classes.tolist() for image in found],
    }
    if found[0].has("pred_masks"):
        numbers["areas"] = [image.pred_masks.flatten(1).sum(1).tolist() for image in found]
        numbers["left"] = [image.pred_masks[:, :, :100].flatten(1).sum(1).tolist() for image in found]
    return numbers


CASES = {"all": {}, "box_only": {"MODEL.MASK_ON": False}}
