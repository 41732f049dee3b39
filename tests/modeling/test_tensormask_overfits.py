"""TensorMask on a few generated images: the proof that losses, assignment, decoding and pasting agree."""

import pytest
import torch
from detectron2.data import DatasetCatalog, DatasetMapper
from detectron2.structures.masks import polygons_to_bitmask
from detectron2.utils.events import EventStorage

from mask_rcnn_paper.scales import load_cfg
from tests.modeling.test_tensormask import ALL, model_of

SIDE, STEPS, RATE = 128, 150, 2e-3


@pytest.mark.slow
def test_four_images_are_learnt_by_heart():
    """Every object is found again: the masks of the best detections of its class overlap it by 0.7, on average.

    A network of mini's head and a quarter of its ResNet, from random weights. Adam, since a mask's pixels each learn by
    a weight of one over their number.
    """
    opts = [
        "INPUT.MIN_SIZE_TRAIN",
        f"({SIDE},)",
        "INPUT.MIN_SIZE_TRAIN_SAMPLING",
        "choice",
        "INPUT.RANDOM_FLIP",
        "none",
    ]
    model = model_of(ALL, *opts)
    mapper = DatasetMapper(load_cfg(ALL, "mini", opts), is_train=True)
    batch = [mapper(entry) for entry in DatasetCatalog.get("smoke_train")[:4]]
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    with EventStorage():
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = RATE * min(1.0, 4 * (1 - step / STEPS))
            optimizer.zero_grad()
            sum(model(batch).values()).backward()
            optimizer.step()
    overlaps = [overlap for image in batch for overlap in mask_overlaps(model.eval(), image)]
    assert sum(overlaps) / len(overlaps) > 0.7, overlaps


@torch.no_grad()
def mask_overlaps(model: torch.nn.Module, image: dict) -> list[float]:
    """IoU of each object with the best detection of its class that scores at least 0.3."""
    truth = image["instances"]
    (result,) = model([image | {"height": SIDE, "width": SIDE}])
    found = result["instances"][result["instances"].scores >= 0.3]
    masks = torch.stack([torch.from_numpy(polygons_to_bitmask(p, SIDE, SIDE)) for p in truth.gt_masks.polygons])
    masks, predicted = masks.flatten(1).float(), found.pred_masks.flatten(1).float()
    both = masks @ predicted.T
    overlap = both / (masks.sum(1)[:, None] + predicted.sum(1) - both)
    overlap = overlap * (truth.gt_classes[:, None] == found.pred_classes)
    return overlap.amax(1).tolist() if len(found) else [0.0] * len(truth)
