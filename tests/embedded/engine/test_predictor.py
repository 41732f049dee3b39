import numpy as np
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.data import MetadataCatalog
from detectron2.engine import DefaultPredictor
from detectron2.engine import predictor as predictor_module
from torch import nn


class Echo(nn.Module):
    """Returns its inputs and whether it was in training mode."""

    def forward(self, inputs):
        return [{**inputs[0], "training": self.training}]


def echo_cfg(image_format):
    cfg = get_cfg()
    cfg.DATASETS.TEST, cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.FORMAT = ("d",), 20, image_format
    return cfg


@pytest.mark.parametrize(("image_format", "first_channel"), [("BGR", 0.0), ("RGB", 2.0)])
def test_predictor(monkeypatch, image_format, first_channel):
    """The predictor resizes the short side, orders channels, and passes the original size."""

    monkeypatch.setattr(predictor_module, "build_model", lambda cfg: Echo())
    cfg = echo_cfg(image_format)
    image = np.broadcast_to(np.arange(3, dtype="uint8"), (10, 14, 3))
    predictor = DefaultPredictor(cfg)
    output = predictor(image)
    assert (output["height"], output["width"], output["training"]) == (10, 14, False)
    assert output["image"].shape == (3, 20, 28)
    assert output["image"].dtype == torch.float32
    assert output["image"][0].eq(first_channel).all()
    assert predictor.metadata is MetadataCatalog.get("d")


def test_unknown_format(monkeypatch):
    """Another channel order is refused."""
    monkeypatch.setattr(predictor_module, "build_model", lambda cfg: Echo())
    with pytest.raises(ValueError, match="INPUT.FORMAT='L': choose from RGB, BGR"):
        DefaultPredictor(echo_cfg("L"))
