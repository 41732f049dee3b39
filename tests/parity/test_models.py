"""Whole small models against numbers recorded from detectron2: losses, gradients, proposals, detections."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances, Keypoints, PolygonMasks
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

DATA = Path(__file__).parent / "data"
RAW = ("pred_boxes", "scores", "pred_classes", "pred_masks", "pred_keypoints")


class Recorded:
    """A model built and loaded as recorded, with its inputs."""

    def __init__(self, path: Path):
        with np.load(path) as file:
            self.data = {name: file[name] for name in file.files}
        self.cfg = get_cfg()
        self.cfg.MODEL.DEVICE = "cpu"
        self.cfg.MODEL.MASK_ON = True
        self.cfg.merge_from_list(json.loads(str(self.data["config"])))
        self.model = build_model(self.cfg)
        self.model.load_state_dict({k: torch.from_numpy(v) for k, v in self.group("weights").items()})
        self.inputs = [self.make_input(i) for i in range(2)]

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        return {k[len(prefix) + 1 :]: v for k, v in self.data.items() if k.startswith(f"{prefix}/")}

    def make_input(self, i: int) -> dict:
        values = self.group(f"input/{i}")
        image = torch.from_numpy(values["image"])
        height, width = image.shape[1:]
        gt = Instances((height, width))
        gt.gt_boxes = Boxes(torch.from_numpy(values["gt_boxes"]))
        gt.gt_classes = torch.from_numpy(values["gt_classes"])
        gt.gt_masks = PolygonMasks([[polygon] for polygon in values["gt_polygons"]])
        if self.cfg.MODEL.KEYPOINT_ON:
            gt.gt_keypoints = Keypoints(torch.from_numpy(values["gt_keypoints"]))
        return {"image": image, "height": 2 * height, "width": 2 * width, "instances": gt}


@pytest.fixture(scope="module", params=sorted(DATA.glob("model_*.npz")), ids=lambda path: path.stem)
def recorded(request):
    return Recorded(request.param)


def close(actual: torch.Tensor, expected: np.ndarray, rtol: float = 1e-4, atol: float = 1e-6) -> None:
    expected = torch.from_numpy(np.asarray(expected)).double()
    assert_close(actual.detach().double(), expected, rtol=rtol, atol=atol)


def test_training_step(recorded):
    """Losses, the norm of every gradient, which parameters have one, and the stored scalars agree."""
    recorded.model.train()
    recorded.model.zero_grad()
    with EventStorage(0) as storage:
        losses = recorded.model(recorded.inputs)
        sum(losses.values()).backward()
    expected = recorded.group("train/loss")
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        close(losses[name], value)
    norms = {k: p.grad.norm() for k, p in recorded.model.named_parameters() if p.grad is not None}
    expected = recorded.group("train/grad_norm")
    assert norms.keys() == expected.keys()
    for name, value in expected.items():
        close(norms[name], value, rtol=1e-3)
    scalars = {name: float(value) for name, (value, _) in storage.latest().items()}
    assert scalars == pytest.approx(json.loads(str(recorded.data["train/storage"])), rel=1e-4)


@torch.no_grad()
def test_first_stage(recorded):
    """The normalised batch, feature maps, anchors and proposals agree."""
    model = recorded.model.eval()
    images = model.preprocess_image(recorded.inputs)
    close(images.tensor, recorded.data["eval/images"])
    features = model.backbone(images.tensor)
    expected = recorded.group("eval/features")
    assert features.keys() == expected.keys()
    for name, value in expected.items():
        # Sums that cancel are compared at the scale of their map.
        close(features[name], value, atol=1e-5 * np.abs(value).max())
    maps = [features[name] for name in recorded.cfg.MODEL.RPN.IN_FEATURES]
    for i, anchors in enumerate(model.proposal_generator.anchor_generator(maps)):
        close(anchors.tensor, recorded.data[f"eval/anchors/{i}"])
    proposals, losses = model.proposal_generator(images, features, None)
    assert losses == {}
    for i, p in enumerate(proposals):
        close(p.proposal_boxes.tensor, recorded.data[f"eval/proposals/{i}/boxes"], atol=1e-3)
        close(p.objectness_logits, recorded.data[f"eval/proposals/{i}/logits"], atol=1e-5)


@torch.no_grad()
def test_detections(recorded):
    """Detections before and after rescaling agree, masks but for pixels that lie on the threshold."""
    model = recorded.model.eval()
    raw = model.inference(recorded.inputs, do_postprocess=False)
    rescaled = model(recorded.inputs)
    for i, (r, output) in enumerate(zip(raw, rescaled, strict=True)):
        expected = recorded.group(f"eval/raw/{i}")
        assert {name for name in RAW if r.has(name)} == expected.keys()
        for name, value in expected.items():
            actual = r.get(name)
            # Recorded masks are float16.
            rtol = 1e-3 if name == "pred_masks" else 1e-4
            atol = 1e-5 if name == "scores" else 1e-3
            close(getattr(actual, "tensor", actual), value, rtol=rtol, atol=atol)
        output = output["instances"]
        assert output.pred_masks.shape[1:] == (recorded.inputs[i]["height"], recorded.inputs[i]["width"])
        close(output.pred_boxes.tensor, recorded.data[f"eval/post/{i}/pred_boxes"], atol=1e-3)
        close(output.pred_masks.sum((1, 2)), recorded.data[f"eval/post/{i}/mask_area"], rtol=0, atol=2)


@pytest.mark.parametrize("name", ["R_50_C4", "R_50_FPN", "R_50_FPN_keypoint_mask"])
def test_parameters_at_full_size(name):
    """Names, shapes and the trainable set of the paper's models agree."""
    expected = json.loads((DATA / "state_dict_shapes.json").read_text())[name]
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "meta"
    cfg.MODEL.MASK_ON = True
    cfg.merge_from_list(expected["config"])
    with torch.device("meta"):
        model = build_model(cfg)
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == expected["state_dict"]
    assert sorted(k for k, p in model.named_parameters() if p.requires_grad) == expected["trainable"]
