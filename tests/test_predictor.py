"""Models that are called with image files. Their weights are random: what counts is what goes in and comes out."""

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_model
from PIL import Image

from mask_rcnn_paper.predictor import Predictor
from mask_rcnn_paper.scales import load_cfg

OPTS = ["STAGES.PRETRAIN", "False", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "MODEL.DEVICE", "cpu"]


def model(config, folder, *opts):
    """Config and checkpoint of a new model."""
    cfg = load_cfg(config, "smoke", [*OPTS, *opts])
    torch.manual_seed(0)
    DetectionCheckpointer(build_model(cfg), str(folder)).save(cfg.MODEL.META_ARCHITECTURE)
    return cfg, folder / f"{cfg.MODEL.META_ARCHITECTURE}.pth"


@pytest.fixture(scope="module")
def proposer(tmp_path_factory):
    return Predictor(*model("rpn/r50_c4.yaml", tmp_path_factory.mktemp("rpn")))


@pytest.fixture(scope="module")
def predictor(tmp_path_factory, proposer):
    return Predictor(*model("table2b/sigmoid.yaml", tmp_path_factory.mktemp("detector")), proposer)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def test_a_row_on_stored_proposals_needs_an_rpn(tmp_path):
    """Without one the error says what is missing."""
    with pytest.raises(ValueError, match="MODEL.LOAD_PROPOSALS is True, but there is no RPN"):
        Predictor(*model("table2b/sigmoid.yaml", tmp_path))


def test_an_end_to_end_row_uses_its_own_rpn(tmp_path, proposer, pixels):
    """A row without stored proposals detects without a proposer, and ignores one."""
    Image.fromarray(pixels).save(tmp_path / "a.png")
    opts = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN"]
    # Random features are large, and so would be the shifts of anchors: none of the moved ones would be in the image.
    opts += ["MODEL.RPN.BBOX_REG_WEIGHTS", "(1e4, 1e4, 1e4, 1e4)"]
    made = model("table2b/sigmoid.yaml", tmp_path, *opts)
    alone, given = (Predictor(*made, p)(tmp_path / "a.png")["instances"] for p in (None, proposer))
    assert len(alone) > 0
    assert torch.equal(alone.pred_boxes.tensor, given.pred_boxes.tensor)


def test_the_detector_gets_the_best_proposals_of_the_rpn(tmp_path, proposer, predictor, pixels, monkeypatch):
    """As many as DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST, in the order of the RPN, in pixels of the resized image."""
    Image.fromarray(pixels).save(tmp_path / "a.png")
    proposals = proposer(tmp_path / "a.png")["proposals"]
    seen = []
    monkeypatch.setattr(predictor, "model", lambda samples: seen.extend(samples) or [{}])
    monkeypatch.setattr(predictor.mapper, "proposal_topk", 5)
    predictor(tmp_path / "a.png")
    got, (height, width) = seen[0]["proposals"], seen[0]["image"].shape[1:]
    scale = torch.tensor([width / 120, height / 90] * 2)
    torch.testing.assert_close(got.proposal_boxes.tensor, proposals.proposal_boxes.tensor[:5] * scale)
    assert torch.equal(got.objectness_logits, proposals.objectness_logits[:5])


def test_results_are_in_pixels_of_the_image(tmp_path, predictor, pixels):
    """Masks are of the image's size, boxes inside it."""
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = predictor(tmp_path / "a.png")["instances"]
    assert found.pred_masks.shape[1:] == (90, 120)
    assert found.image_size == (90, 120)
    assert found.pred_boxes.tensor.min() >= 0
    assert (found.pred_boxes.tensor <= torch.tensor([120, 90] * 2)).all()


def test_an_image_is_turned_as_its_exif_block_says(tmp_path, predictor, pixels):
    """A file that a camera wrote lying on its side gives the detections of the upright one."""
    Image.fromarray(pixels).save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it
    Image.fromarray(np.rot90(pixels)).save(tmp_path / "turned.png", exif=exif)
    upright, turned = (predictor(tmp_path / f"{name}.png")["instances"] for name in ("upright", "turned"))
    assert torch.equal(upright.pred_boxes.tensor, turned.pred_boxes.tensor)


def test_an_array_is_as_its_file(tmp_path, predictor, pixels):
    """BGR, as OpenCV reads and detectron2's DefaultPredictor takes; bit for bit."""
    Image.fromarray(pixels).save(tmp_path / "a.png")
    of_file = predictor(tmp_path / "a.png")["instances"]
    of_array = predictor(pixels[:, :, ::-1])["instances"]
    assert torch.equal(of_file.pred_boxes.tensor, of_array.pred_boxes.tensor)
    assert torch.equal(of_file.pred_masks, of_array.pred_masks)


@pytest.mark.parametrize("wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))])
def test_other_arrays_are_refused(predictor, wrong):
    """Grey ones, transparent ones, floats."""
    with pytest.raises(ValueError, match=r"give \(H, W, 3\) uint8, BGR"):
        predictor(wrong)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_images_of_other_modes_are_read(tmp_path, predictor, pixels, mode):
    """Grey images, transparent ones and those with a palette."""
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png")
    assert predictor(tmp_path / "a.png")["instances"].image_size == (90, 120)
