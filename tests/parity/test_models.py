"""Whole small models against numbers recorded from detectron2: losses, gradients, proposals, detections."""

import gzip
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

from mask_rcnn_paper.config import add_mask_rcnn_paper_config

DATA = Path(__file__).parent / "data"
MODELS = (
    "c4",
    "c4_class_agnostic",
    "c5",
    "fpn",
    "fpn_keypoint_mask",
    "fpn_roialign_v1_smoothl1",
    "resnext_fpn",
)
# At the paper's setting the plugin's head is what was recorded.
OUR_KEYPOINT_HEAD = ("fpn_keypoint_mask", "MODEL.ROI_KEYPOINT_HEAD.NAME", "PaperKeypointHead")
SHAPES = json.loads(gzip.decompress((DATA / "state_dict_shapes.json.gz").read_bytes()))
RAW = ("pred_boxes", "scores", "pred_classes", "pred_masks", "pred_keypoints")


class Recorded:
    """A model built and loaded as recorded but for `opts`, with its inputs; README.md describes the file."""

    def __init__(self, name: str, *opts: str):
        with np.load(DATA / "models.npz") as file:
            about = json.loads(str(file[name]))
            self.arrays = {key: file[stored] for key, stored in about["arrays"].items()}
            planes = file["weights"]
        self.losses, self.gradients, self.scalars = about["loss"], about["grad_norm"], about["storage"]
        self.sampled = about["sampled"]
        self.cfg = get_cfg()
        add_mask_rcnn_paper_config(self.cfg)
        self.cfg.MODEL.DEVICE = "cpu"
        self.cfg.MODEL.MASK_ON = True
        self.cfg.merge_from_list([*about["config"], *opts])
        self.model = build_model(self.cfg)
        self.load_weights(np.ascontiguousarray(planes.T).view(">f4").ravel().astype("float32"), about["weights"])
        self.inputs = [self.make_input(i) for i in range(2)]

    def load_weights(self, pool: np.ndarray, offsets: dict[str, int]) -> None:
        state = self.model.state_dict()
        assert state.keys() == offsets.keys()
        for name, start in offsets.items():
            values = torch.from_numpy(pool[start : start + state[name].numel()])
            state[name].copy_(values.view_as(state[name]))

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        return {k[len(prefix) + 1 :]: v for k, v in self.arrays.items() if k.startswith(f"{prefix}/")}

    def check(self, key: str, actual: torch.Tensor, rtol: float = 1e-4, atol: float = 1e-6) -> None:
        """Compare with a recorded array, or with its sample of 256 values, its mean and its mean magnitude."""
        expected = self.arrays[key]
        if key in self.sampled:
            whole = self.sampled[key]
            assert list(actual.shape) == whole["shape"]
            assert actual.double().mean().item() == pytest.approx(whole["mean"], abs=rtol * whole["mean_abs"])
            assert actual.double().abs().mean().item() == pytest.approx(whole["mean_abs"], rel=rtol)
            actual = actual.flatten()[np.random.RandomState(0).permutation(actual.numel())[: expected.size]]
        close(actual, expected, rtol, atol)

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


@pytest.fixture(scope="module", params=[*((name,) for name in MODELS), OUR_KEYPOINT_HEAD], ids=" ".join)
def recorded(request):
    return Recorded(*request.param)


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
    assert {k: loss.item() for k, loss in losses.items()} == pytest.approx(recorded.losses, rel=1e-4, abs=1e-6)
    norms = {k: p.grad.norm().item() for k, p in recorded.model.named_parameters() if p.grad is not None}
    assert norms == pytest.approx(recorded.gradients, rel=1e-3, abs=1e-6)
    scalars = {name: float(value) for name, (value, _) in storage.latest().items()}
    assert scalars == pytest.approx(recorded.scalars, rel=1e-4)


@torch.no_grad()
def test_first_stage(recorded):
    """The normalised batch, feature maps, anchors and proposals agree."""
    model = recorded.model.eval()
    images = model.preprocess_image(recorded.inputs)
    recorded.check("eval/images", images.tensor)
    features = model.backbone(images.tensor)
    assert features.keys() == recorded.group("eval/features").keys()
    for name, value in features.items():
        # Sums that cancel are compared at the scale of their map.
        recorded.check(f"eval/features/{name}", value, atol=1e-5 * value.abs().max().item())
    maps = [features[name] for name in recorded.cfg.MODEL.RPN.IN_FEATURES]
    for i, anchors in enumerate(model.proposal_generator.anchor_generator(maps)):
        recorded.check(f"eval/anchors/{i}", anchors.tensor)
    proposals, losses = model.proposal_generator(images, features, None)
    assert losses == {}
    for i, p in enumerate(proposals):
        recorded.check(f"eval/proposals/{i}/boxes", p.proposal_boxes.tensor, atol=1e-3)
        recorded.check(f"eval/proposals/{i}/logits", p.objectness_logits, atol=1e-5)


@torch.no_grad()
def test_detections(recorded):
    """Detections before and after rescaling agree, masks but for pixels that lie on the threshold."""
    model = recorded.model.eval()
    raw = model.inference(recorded.inputs, do_postprocess=False)
    rescaled = model(recorded.inputs)
    for i, (r, output) in enumerate(zip(raw, rescaled, strict=True)):
        expected = recorded.group(f"eval/raw/{i}")
        assert {name for name in RAW if r.has(name)} == expected.keys()
        for name in expected:
            actual = r.get(name)
            # Recorded masks are float16.
            rtol = 1e-3 if name == "pred_masks" else 1e-4
            atol = 1e-5 if name == "scores" else 1e-3
            recorded.check(f"eval/raw/{i}/{name}", getattr(actual, "tensor", actual), rtol, atol)
        output = output["instances"]
        assert output.pred_masks.shape[1:] == (recorded.inputs[i]["height"], recorded.inputs[i]["width"])
        recorded.check(f"eval/post/{i}/pred_boxes", output.pred_boxes.tensor, atol=1e-3)
        recorded.check(f"eval/post/{i}/mask_area", output.pred_masks.sum((1, 2)), rtol=0, atol=2)


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_at_full_size(name):
    """Names, shapes and the trainable set of the paper's models agree."""
    expected = SHAPES[name]
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "meta"
    cfg.MODEL.MASK_ON = True
    cfg.merge_from_list(expected["config"])
    with torch.device("meta"):
        model = build_model(cfg)
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == expected["state_dict"]
    assert sorted(k for k, p in model.named_parameters() if p.requires_grad) == expected["trainable"]
