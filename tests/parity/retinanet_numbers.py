"""What a small RetinaNet computes from weights and images that anybody can make again.

python -m tests.parity.retinanet_numbers    # prints them; data/retinanet.json was recorded so from detectron2
"""

import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage

SIZE = (96, 128)
# Objects of three images by corners; the last has none.
OBJECTS = [[[8, 8, 60, 70], [30, 20, 126, 90], [100, 4, 120, 24]], [[2, 30, 40, 60]], []]
CONFIG = {
    "MODEL.META_ARCHITECTURE": "RetinaNet",
    "MODEL.DEVICE": "cpu",
    "MODEL.BACKBONE.NAME": "build_retinanet_resnet_fpn_backbone",
    "MODEL.RESNETS.OUT_FEATURES": ["res3", "res4", "res5"],
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
    "MODEL.FPN.IN_FEATURES": ["res3", "res4", "res5"],
    "MODEL.FPN.OUT_CHANNELS": 16,
    "MODEL.ANCHOR_GENERATOR.SIZES": [[size, size * 1.26, size * 1.587] for size in (32, 64, 128, 256, 512)],
    "MODEL.RETINANET.NUM_CLASSES": 5,
    "MODEL.RETINANET.TOPK_CANDIDATES_TEST": 30,
    "MODEL.RETINANET.SCORE_THRESH_TEST": 0.005,
}


def retinanet_cfg(changed: dict[str, object]) -> CfgNode:
    """CONFIG but for what is changed."""
    cfg = get_cfg()
    for key, value in (CONFIG | changed).items():
        cfg.merge_from_list([key, value])
    return cfg


def fill(model: torch.nn.Module) -> None:
    """Random weights that do not depend on how the model was made, nor on the order of its parameters.

    Frozen normalisation leaves maps of a size of about 1.
    """
    for index, (name, tensor) in enumerate(sorted(model.state_dict().items())):
        values = np.random.RandomState(index).standard_normal(tuple(tensor.shape))
        if "running" in name or name.endswith("norm.bias"):
            values = np.full(tensor.shape, float("var" in name))
        elif name.endswith("norm.weight"):
            values = np.full(tensor.shape, 0.5)
        elif name == "head.cls_score.bias":
            values = 0.3 * values - 4
        else:
            values *= (1 / max(1, np.prod(tensor.shape[1:]))) ** 0.5
        tensor.copy_(torch.from_numpy(values))


def inputs() -> list[dict]:
    """Three images with their objects."""
    found = []
    for i, corners in enumerate(OBJECTS):
        pixels = np.random.RandomState(i).randint(0, 256, (3, *SIZE)).astype(np.uint8)
        boxes = Boxes(torch.tensor(corners, dtype=torch.float32).reshape(-1, 4))
        objects = Instances(SIZE, gt_boxes=boxes, gt_classes=torch.arange(len(corners)) % 5)
        found.append({"image": torch.from_numpy(pixels), "height": 192, "width": 200, "instances": objects})
    return found


def measure(changed: dict[str, object] | None = None) -> dict[str, object]:
    """Losses of three steps without updates, by which the normaliser moves; gradients; detections."""
    model = build_model(retinanet_cfg(changed or {}))
    fill(model)
    with EventStorage() as storage:
        steps = [model(inputs()) for _ in range(3)]
        positives = storage.latest()["num_pos_anchors"][0]
    sum(steps[0].values()).backward()
    gradients = {name: weight.grad.double().norm() for name, weight in model.named_parameters() if weight.requires_grad}
    with torch.no_grad():
        found = [result["instances"] for result in model.eval()(inputs())]
    return {
        "losses": [{name: loss.item() for name, loss in step.items()} for step in steps],
        "positives": positives,
        "gradients": {name: norm.item() for name, norm in gradients.items()},
        "boxes": [image.pred_boxes.tensor.tolist() for image in found],
        "scores": [image.scores.tolist() for image in found],
        "classes": [image.pred_classes.tolist() for image in found],
    }


CASES = {"default": {}, "smooth_l1": {"MODEL.RETINANET.SMOOTH_L1_LOSS_BETA": 0.5, "MODEL.FPN.FUSE_TYPE": "avg"}}
