"""Weights in detectron2's file formats load into small models, and the report of what did not match is exact."""

import logging
import pickle
import re

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import get_cfg
from detectron2.modeling import build_model

TINY = ["MODEL.DEVICE", "cpu", "MODEL.MASK_ON", True, "MODEL.RESNETS.WIDTH_PER_GROUP", 2]
TINY += ["MODEL.RESNETS.RES2_OUT_CHANNELS", 8, "MODEL.RESNETS.STEM_OUT_CHANNELS", 4]
TINY += ["MODEL.ROI_HEADS.NUM_CLASSES", 2, "MODEL.ROI_MASK_HEAD.NAME", "MaskRCNNConvUpsampleHead"]
STAGES = ["res2", "res3", "res4", "res5"]
LEVELS = ["p2", "p3", "p4", "p5"]
MODELS = {
    "R-50-C4": ["MODEL.ROI_MASK_HEAD.CONV_DIM", 4],
    "R-50-FPN": [
        *("MODEL.BACKBONE.NAME", "build_resnet_fpn_backbone", "MODEL.FPN.OUT_CHANNELS", 4),
        *("MODEL.RESNETS.OUT_FEATURES", STAGES, "MODEL.FPN.IN_FEATURES", STAGES),
        *("MODEL.ANCHOR_GENERATOR.SIZES", [[32], [64], [128], [256], [512]]),
        *("MODEL.RPN.IN_FEATURES", [*LEVELS, "p6"], "MODEL.ROI_HEADS.IN_FEATURES", LEVELS),
        *("MODEL.ROI_HEADS.NAME", "StandardROIHeads", "MODEL.ROI_BOX_HEAD.NAME", "FastRCNNConvFCHead"),
        *("MODEL.ROI_BOX_HEAD.NUM_FC", 2, "MODEL.ROI_BOX_HEAD.FC_DIM", 4, "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", 7),
        *("MODEL.ROI_MASK_HEAD.NUM_CONV", 2, "MODEL.ROI_MASK_HEAD.CONV_DIM", 4),
    ],
}
BACKBONE = re.compile(r"(?:backbone\.bottom_up|backbone|roi_heads)\.((?:stem|res[2-5])\..+)")
BLOBS = [
    (r"^stem\.conv1\.norm\.", "res_conv1_bn_"),
    (r"^stem\.conv1\.", "conv1_"),
    (r"shortcut\.", "branch1_"),
    (r"conv1\.", "branch2a_"),
    (r"conv2\.", "branch2b_"),
    (r"conv3\.", "branch2c_"),
    (r"norm\.", "bn_"),
    (r"bn_weight$", "bn_s"),
    (r"weight$", "w"),
    (r"bias$", "b"),
    (r"\.", "_"),
]


class Reporting(DetectionCheckpointer):
    """Keeps what did not match."""

    def _log_incompatible_keys(self, incompatible):
        self.missing = sorted(incompatible.missing_keys)
        self.unexpected = sorted(incompatible.unexpected_keys)
        self.shapes = incompatible.incorrect_shapes
        super()._log_incompatible_keys(incompatible)


@pytest.fixture(params=MODELS)
def model(request):
    cfg = get_cfg()
    cfg.merge_from_list([*TINY, *MODELS[request.param]])
    return build_model(cfg)


def weights_like(model):
    """New weights for every parameter, as arrays."""
    rng = np.random.RandomState(0)
    return {k: rng.rand(*v.shape).astype("float32") for k, v in model.state_dict().items()}


def backbone_names(model):
    """Names without their prefix, by name, of the backbone's parameters; res5 may be in the RoI heads."""
    return {key: match[1] for key in model.state_dict() if (match := BACKBONE.fullmatch(key))}


def blob(name):
    for pattern, replacement in BLOBS:
        name = re.sub(pattern, replacement, name)
    return name


def load(model, path):
    checkpointer = Reporting(model)
    checkpointer.load(str(path))
    return checkpointer


def dump(path, data):
    path.write_bytes(pickle.dumps(data))
    return path


def check_weights(model, expected):
    state = model.state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(state[name], torch.as_tensor(value), rtol=0, atol=0)


@pytest.mark.parametrize("ending", ["pth", "pkl"])
def test_zoo_model(model, tmp_path, ending, caplog):
    """A whole model of the zoo is loaded by full names; a lacking, a foreign and a misshapen tensor are reported."""
    weights = weights_like(model)
    lacking, misshapen = "roi_heads.mask_head.predictor.bias", "roi_heads.box_predictor.cls_score.bias"
    file = {k: v for k, v in weights.items() if k != lacking}
    file |= {"stranger.weight": np.ones(3, "float32"), misshapen: np.ones(81, "float32")}
    path = tmp_path / f"model_final.{ending}"
    if ending == "pth":
        torch.save({"model": {k: torch.from_numpy(v) for k, v in file.items()}, "iteration": 9}, path)
    else:
        dump(path, {"model": file, "__author__": "Detectron2 Model Zoo"})
    with caplog.at_level(logging.INFO):
        report = load(model, path)
    check_weights(model, {k: v for k, v in weights.items() if k not in (lacking, misshapen)})
    assert report.missing == sorted([lacking, misshapen])
    assert report.unexpected == ["stranger.weight"]
    assert report.shapes == [(misshapen, (81,), (3,))]
    for name in ("roi_heads.mask_head.predictor", "stranger", misshapen):
        assert name in caplog.text


def test_backbone_by_suffix(model, tmp_path, caplog):
    """Names without prefix fill the backbone, also under an FPN or in the RoI heads; the heads are reported."""
    weights, names = weights_like(model), backbone_names(model)
    assert {name.split(".")[0] for name in names.values()} == {"stem", *STAGES}
    file = {name: weights[key] for key, name in names.items()}
    data = {"model": file, "__author__": "torchvision", "matching_heuristics": True}
    with caplog.at_level(logging.INFO):
        report = load(model, dump(tmp_path / "R-50.pkl", data))
    check_weights(model, {key: weights[key] for key in names})
    assert report.missing == sorted(weights.keys() - names.keys())
    assert report.shapes == []
    assert "proposal_generator.rpn_head.conv" in caplog.text


@pytest.mark.parametrize("nested", [False, True])
def test_caffe2_backbone(model, tmp_path, nested, caplog):
    """Caffe2's names of an ImageNet ResNet fill the backbone; its classifier is reported, its optimiser is not."""
    weights, names = weights_like(model), backbone_names(model)
    # Means and variances are folded into scale and shift in these files: the layers keep the identity's.
    filled = {key: name for key, name in names.items() if not key.endswith(("running_mean", "running_var"))}
    blobs = {blob(name): weights[key] for key, name in filled.items()}
    assert {"conv1_w", "res_conv1_bn_s", "res2_0_branch1_w", "res5_2_branch2c_bn_b"} <= blobs.keys()
    blobs |= {"fc1000_w": np.ones((2, 2), "float32"), "fc1000_b": np.ones(2, "float32")}
    blobs |= {"conv1_w_momentum": np.ones(2, "float32"), "lr": np.ones(1, "float32")}
    before = {key: value.clone() for key, value in model.state_dict().items() if key not in filled}
    with caplog.at_level(logging.INFO):
        report = load(model, dump(tmp_path / "R-50.pkl", {"blobs": blobs} if nested else blobs))
    check_weights(model, {key: weights[key] for key in filled})
    for key, value in before.items():
        torch.testing.assert_close(model.state_dict()[key], value, rtol=0, atol=2e-5)  # 1 - eps or 1
    assert report.missing == sorted(weights.keys() - names.keys())
    assert report.shapes == []
    assert "fc1000" in caplog.text
    assert "momentum" not in caplog.text
