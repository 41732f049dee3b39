"""Mixed precision on the CPU; the model is a row's, built by detectron2."""

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances
from torch import nn

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training import precision
from mask_rcnn_paper.training.precision import BFLOAT16, FLOAT32, set_precision, settle_precision


@pytest.mark.parametrize(
    ("enabled", "device", "has_bfloat16", "settled", "left_to_detectron2"),
    [
        (False, "cpu", True, "float32", False),
        (True, "cpu", True, "bfloat16", False),
        (True, "cpu", False, "float32", False),
        (True, "cuda", False, "float16", True),
        (False, "cuda:1", True, "float32", False),
    ],
)
def test_precision_is_what_the_device_can(monkeypatch, enabled, device, has_bfloat16, settled, left_to_detectron2):
    """bfloat16 on a CPU that has it, detectron2's float16 on a GPU, else float32; never without being asked."""
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: has_bfloat16)
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", ["SOLVER.AMP.ENABLED", str(enabled), "MODEL.DEVICE", device])
    settle_precision(cfg)
    assert (cfg.PRECISION, cfg.SOLVER.AMP.ENABLED) == (settled, left_to_detectron2)


@pytest.mark.parametrize("device, settled", [("cpu", "bfloat16"), ("cuda", "float32")])
def test_what_a_training_on_a_cpu_has_left_computes_as_it_did(monkeypatch, device, settled):
    """Its config says so by PRECISION alone; a GPU has no bfloat16 here."""
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: True)
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", ["SOLVER.AMP.ENABLED", "True", "MODEL.DEVICE", "cpu"])
    settle_precision(cfg)
    cfg.MODEL.DEVICE = device
    settle_precision(cfg)
    assert (cfg.PRECISION, cfg.SOLVER.AMP.ENABLED) == (settled, False)


def test_a_cpu_without_bfloat16_says_so(monkeypatch, caplog):
    """Whoever asked for mixed precision learns that it is not used, and what that costs."""
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: False)
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", ["SOLVER.AMP.ENABLED", "True", "MODEL.DEVICE", "cpu"])
    settle_precision(cfg)
    assert "no bfloat16" in caplog.text


class TwoLayers(nn.Module):
    """A convolution and a prediction."""

    def __init__(self):
        super().__init__()
        self.hidden, self.predictor = nn.Conv2d(8, 16, 3), nn.Conv2d(16, 4, 1)

    def forward(self, x):
        hidden = self.hidden(x)
        return hidden, self.predictor(hidden)


def test_hidden_layers_are_rounded_and_predictions_are_not():
    """bfloat16 within, float32 out; gradients reach float32 weights."""
    torch.manual_seed(0)
    model, x = TwoLayers(), torch.randn(2, 8, 9, 9)
    exact = model(x)[1]
    hidden, predicted = set_precision(model, BFLOAT16)(x)
    assert (hidden.dtype, predicted.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(predicted, exact, rtol=0, atol=0.02)
    assert (predicted != exact).any()
    assert (predicted != predicted.bfloat16().float()).float().mean() > 0.9
    predicted.sum().backward()
    assert model.hidden.weight.grad.dtype == torch.float32


def test_float32_computes_the_same():
    """Only the order of channels in memory changes."""
    torch.manual_seed(0)
    model, x = TwoLayers(), torch.randn(2, 8, 9, 9)
    exact = model(x)[1]
    torch.testing.assert_close(set_precision(model, FLOAT32)(x)[1], exact)
    assert model.hidden.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "row", ["table2b/sigmoid", "table2e/mlp_2hidden", "table2d/roipool", "table5/keypoint_and_mask"]
)
def test_every_prediction_of_a_row_is_in_float32(row):
    """The layers that detectron2's and this project's heads end in are known by name."""
    cfg = load_cfg(f"{row}.yaml", "smoke", ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", ""])
    model = set_precision(build_model(cfg), BFLOAT16)
    wrapped = {name for name, layer in model.named_modules() if "forward" in vars(layer)} - {""}
    last = {f"roi_heads.box_predictor.{name}" for name in ("cls_score", "bbox_pred")}
    last |= {"roi_heads.mask_head.predictor"} if cfg.MODEL.MASK_ON else set()
    last |= {"roi_heads.keypoint_head.score_lowres"} if cfg.MODEL.KEYPOINT_ON else set()
    assert wrapped == last


def test_state_is_that_of_the_plain_model():
    """Checkpoints know nothing of precision."""
    model = TwoLayers()
    names = list(model.state_dict())
    assert list(set_precision(model, BFLOAT16).state_dict()) == names


def test_logits_of_keypoints_can_be_viewed_as_detectron2_does():
    """One row a keypoint, without a copy."""
    cfg = load_cfg("table4/keypoint_only.yaml", "mini", ["MODEL.DEVICE", "cpu"])
    head = set_precision(build_model(cfg), "float32").roi_heads.keypoint_head
    logits = head.layers(torch.randn(3, 64, 14, 14).contiguous(memory_format=torch.channels_last))
    assert logits.view(3 * 17, 56 * 56).shape == (51, 3136)


def test_a_detectors_inference_has_the_precision_too():
    """Not only `forward`: test-time augmentation asks for masks of given boxes."""
    opts = ["MODEL.DEVICE", "cpu", "MODEL.RESNETS.NORM", "BN"]
    model = build_model(load_cfg("table2b/sigmoid.yaml", "smoke", opts)).eval()
    set_precision(model, BFLOAT16)
    seen = []
    model.backbone.register_forward_hook(lambda module, inputs, output: seen.append(output["res4"].dtype))
    nothing = Instances((64, 64), pred_boxes=Boxes(torch.zeros(0, 4)), pred_classes=torch.zeros(0, dtype=torch.int64))
    with torch.no_grad():
        model.inference([{"image": torch.zeros(3, 64, 64)}], [nothing], do_postprocess=False)
    assert seen == [torch.bfloat16]
