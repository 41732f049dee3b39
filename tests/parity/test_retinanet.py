"""RetinaNet is detectron2's: parameter names, losses, gradients and detections."""

import json
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from mask_rcnn_paper.scales import load_cfg
from tests.parity.retinanet_numbers import CASES, measure, retinanet_cfg

RECORDED = json.loads((Path(__file__).parent / "data" / "retinanet.json").read_text())


def test_parameters_have_the_names_and_shapes_of_a_checkpoint():
    """Of detectron2's."""
    state = build_model(retinanet_cfg({})).state_dict()
    assert {name: list(value.shape) for name, value in state.items()} == RECORDED["shapes"]


@pytest.mark.parametrize("case", CASES)
def test_the_same_weights_give_the_same_numbers(case):
    """Losses of three steps, which the moving average of positives divides, all gradients, and all detections."""
    found, expected = measure(CASES[case]), RECORDED[case]
    for ours, theirs in zip(found["losses"], expected["losses"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)
    assert found["positives"] == expected["positives"] > 0
    assert found["gradients"] == pytest.approx(expected["gradients"], rel=1e-4)
    assert found["classes"] == expected["classes"]
    assert sum(map(len, found["classes"])) > 50
    for key, tolerance in (("boxes", 1e-3), ("scores", 1e-5)):
        for ours, theirs in zip(found[key], expected[key], strict=True):
            for a, b in zip(ours, theirs, strict=True):
                assert a == pytest.approx(b, abs=tolerance)


@pytest.mark.parametrize("epochs", [24, 72])
def test_a_checkpoint_of_detectron2_fits_the_papers_rows(epochs):
    """Its RetinaNet on ResNet-50-FPN at COCO's classes: every name and shape."""
    with torch.device("meta"):
        state = build_model(load_cfg(f"tableTM-4/retinanet_{epochs}.yaml", opts=["MODEL.DEVICE", "meta"])).state_dict()
    assert {name: list(value.shape) for name, value in state.items()} == RECORDED["paper_shapes"]
