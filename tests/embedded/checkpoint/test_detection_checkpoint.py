import logging
import pickle
from urllib.error import URLError

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer, PeriodicCheckpointer
from torch import nn


class Detector(nn.Module):
    """Parameters where a detector has them."""

    def __init__(self, under_fpn: bool = False):
        super().__init__()
        stages = nn.ModuleDict({"res4": nn.Linear(2, 2)})
        self.backbone = nn.ModuleDict({"bottom_up": stages}) if under_fpn else stages
        self.roi_heads = nn.ModuleDict({"res5": nn.Linear(2, 2), "predictor": nn.Linear(2, 3)})


def save_pickle(path, model):
    data = {"model": model, "__author__": "us", "matching_heuristics": True}
    path.write_bytes(pickle.dumps(data))
    return str(path)


@pytest.mark.parametrize("under_fpn", [False, True])
def test_backbone_file_fills_backbone_and_res5(tmp_path, under_fpn, caplog):
    """Backbone tensors reach the backbone and res5 of the RoI heads; what did not match is logged."""
    weights = {
        "res4.weight": np.full((2, 2), 4.0, "float32"),
        "res5.weight": np.full((2, 2), 5.0, "float32"),
        "fc1000.weight": np.ones(1, "float32"),
    }
    model = Detector(under_fpn)
    with caplog.at_level(logging.INFO):
        DetectionCheckpointer(model).load(save_pickle(tmp_path / "w.pkl", weights))
    stage = model.backbone["bottom_up"]["res4"] if under_fpn else model.backbone["res4"]
    assert stage.weight.eq(4.0).all()
    assert model.roi_heads["res5"].weight.eq(5.0).all()
    assert "roi_heads.predictor" in caplog.text
    assert "fc1000" in caplog.text


def test_shape_mismatch_is_skipped_and_reported(tmp_path, caplog):
    """A tensor of another shape is left out with a warning and the rest is loaded."""
    model = Detector()
    before = model.roi_heads["predictor"].weight.clone()
    weights = {"predictor.weight": np.ones((7, 2), "float32"), "predictor.bias": np.full(3, 9.0, "float32")}
    with caplog.at_level(logging.WARNING):
        DetectionCheckpointer(model).load(save_pickle(tmp_path / "w.pkl", weights))
    torch.testing.assert_close(model.roi_heads["predictor"].weight, before)
    assert model.roi_heads["predictor"].bias.eq(9.0).all()
    assert "'roi_heads.predictor.weight' to the model due to incompatible shapes: (7, 2)" in caplog.text


def test_file_that_matches_nothing(tmp_path, caplog):
    """A file for another model is a warning that shows its names."""
    with caplog.at_level(logging.WARNING):
        DetectionCheckpointer(Detector()).load(save_pickle(tmp_path / "w.pkl", {"layer1.w": np.ones(1, "float32")}))
    assert "No tensor of the checkpoint matches the model: it holds ['layer1.w']" in caplog.text


@pytest.mark.parametrize("path", ["nowhere.pth", "a/b.pkl"])
def test_missing_weights(path):
    """Weights that are not there are an error of one line that names the key and the cure."""
    with pytest.raises(FileNotFoundError, match=f"MODEL.WEIGHTS='{path}': no such file; set MODEL.WEIGHTS") as error:
        DetectionCheckpointer(nn.Linear(1, 1)).load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["detectron2://a/R-50.pkl", "https://example.invalid/R-50.pkl"])
def test_failed_download(path, monkeypatch, tmp_path):
    """Weights that cannot be downloaded are an error of one line that says what to do."""

    def refuse(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setenv("IOPATH_CACHE", str(tmp_path))
    monkeypatch.setenv("FVCORE_CACHE", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlretrieve", refuse)
    with pytest.raises(FileNotFoundError, match="MODEL.WEIGHTS=.*no network.*download it by hand") as error:
        DetectionCheckpointer(nn.Linear(1, 1)).load(path)
    assert "\n" not in str(error.value)


def trained(tmp_path, steps=3):
    """A folder with the checkpoints of iterations 0 to steps-1, whose weight is the iteration."""
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    checkpointer = PeriodicCheckpointer(DetectionCheckpointer(model, str(tmp_path), optimizer=optimizer), period=1)
    for iteration in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        with torch.no_grad():
            model.weight.fill_(iteration)
        checkpointer.step(iteration)
    return optimizer


def resume(tmp_path, **kwargs):
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    extra = DetectionCheckpointer(model, str(tmp_path), optimizer=optimizer).resume_or_load("", **kwargs)
    return model.weight.item(), extra.get("iteration"), optimizer


def test_resume_restores_model_and_optimiser(tmp_path):
    """Resuming restores the newest weights, the momentum and the iteration."""
    state = trained(tmp_path).state_dict()["state"][0]["momentum_buffer"]
    weight, iteration, optimizer = resume(tmp_path)
    assert (weight, iteration) == (2.0, 2)
    torch.testing.assert_close(optimizer.state_dict()["state"][0]["momentum_buffer"], state)


def test_without_resume_only_weights_are_loaded(tmp_path):
    """Loading weights leaves the optimiser alone, and an empty folder resumes nothing."""
    trained(tmp_path)
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    checkpointer = DetectionCheckpointer(model, str(tmp_path / "other"), optimizer=optimizer)
    checkpointer.resume_or_load(str(tmp_path / "model_0000001.pth"), resume=True)
    assert model.weight.item() == 1.0
    assert not optimizer.state_dict()["state"]


def test_save_to_disk_false(tmp_path):
    """A checkpointer that must not write does not."""
    DetectionCheckpointer(nn.Linear(1, 1), str(tmp_path), save_to_disk=False).save("model")
    assert list(tmp_path.iterdir()) == []
