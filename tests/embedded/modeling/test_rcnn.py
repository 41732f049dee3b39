"""Whole models: inputs, precomputed proposals, rescaled outputs."""

import pytest
import torch
from detectron2.modeling import build_model, detector_postprocess
from detectron2.structures import Boxes, Instances, PolygonMasks
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

BOXES = [[4.0, 4.0, 40.0, 40.0], [20.0, 10.0, 60.0, 50.0]]
PRECOMPUTED = {"MODEL.PROPOSAL_GENERATOR.NAME": "PrecomputedProposals"}


def make_input(num_gt: int = 2, proposals: bool = False) -> dict:
    image = torch.randint(0, 256, (3, 64, 80), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor(BOXES)
    gt = Instances((64, 80), gt_boxes=Boxes(boxes), gt_classes=torch.tensor([0, 2]))
    gt.gt_masks = PolygonMasks([[[x0, y0, x1, y0, x1, y1]] for x0, y0, x1, y1 in BOXES])
    x = {"image": image, "instances": gt[:num_gt], "height": 128, "width": 160}
    if proposals:
        x["proposals"] = Instances((64, 80), proposal_boxes=Boxes(boxes), objectness_logits=torch.zeros(2))
    return x


def make_model(make_cfg, base="c4", **options):
    torch.manual_seed(0)
    return build_model(make_cfg(base, options))


@pytest.mark.parametrize("base", ["c4", "fpn"])
def test_training_with_an_image_without_objects(make_cfg, base):
    """A batch of an image with objects and one without has finite losses."""
    with EventStorage():
        losses = make_model(make_cfg, base)([make_input(2), make_input(0)])
    assert losses.keys() == {"loss_rpn_cls", "loss_rpn_loc", "loss_cls", "loss_box_reg", "loss_mask"}
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_precomputed_proposals_are_used(make_cfg):
    """Without a proposal generator the inputs' proposals are used, in training and in testing."""
    model = make_model(make_cfg, **PRECOMPUTED, **{"MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.0})
    assert model.proposal_generator is None
    with EventStorage() as storage:
        losses = model([make_input(2, proposals=True)])
        # Two proposals and the two equal boxes of the ground truth.
        assert storage.latest()["roi_head/num_fg_samples"][0] == 4
    assert losses.keys() == {"loss_cls", "loss_box_reg", "loss_mask"}
    model.eval()
    torch.nn.init.zeros_(model.roi_heads.box_predictor.bbox_pred.weight)
    with torch.no_grad():
        (result,) = model.inference([make_input(proposals=True)], do_postprocess=False)
    assert {tuple(box) for box in result.pred_boxes.tensor.tolist()} == {tuple(box) for box in BOXES}


def test_missing_proposals_are_an_error(make_cfg):
    """The message names the keys that load proposals."""
    with EventStorage(), pytest.raises(ValueError, match="MODEL.LOAD_PROPOSALS"):
        make_model(make_cfg, **PRECOMPUTED)([make_input()])


def test_results_are_in_the_wanted_size(make_cfg):
    """Without height and width the results have the image's own size; masks are whole images."""
    model = make_model(make_cfg, **{"MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.0}).eval()
    x = make_input()
    with torch.no_grad():
        (large,) = model([x])
        (plain,) = model([{"image": x["image"]}])
    assert large["instances"].image_size == (128, 160)
    assert plain["instances"].image_size == (64, 80)
    assert large["instances"].pred_masks.shape[1:] == (128, 160)
    assert_close(large["instances"].pred_boxes.tensor, 2 * plain["instances"].pred_boxes.tensor)


def test_given_boxes_are_kept(make_cfg):
    """inference with detected instances computes masks for exactly their boxes."""
    model = make_model(make_cfg, "fpn").eval()
    given = Instances((64, 80), pred_boxes=Boxes(torch.tensor(BOXES)), pred_classes=torch.tensor([0, 1]))
    with torch.no_grad():
        (result,) = model.inference([make_input()], [given], do_postprocess=False)
    assert_close(result.pred_boxes.tensor, torch.tensor(BOXES))
    assert result.pred_masks.shape == (2, 1, 28, 28)


def test_inference_needs_evaluation_mode(make_cfg):
    """A model in training mode refuses inference."""
    with pytest.raises(ValueError, match="eval"):
        make_model(make_cfg).inference([make_input()])


def test_proposal_network(make_cfg):
    """It trains the RPN's losses only, and returns rescaled proposals."""
    model = make_model(make_cfg, **{"MODEL.META_ARCHITECTURE": "ProposalNetwork"})
    with EventStorage():
        assert model([make_input()]).keys() == {"loss_rpn_cls", "loss_rpn_loc"}
    with torch.no_grad():
        (result,) = model.eval()([make_input()])
    proposals = result["proposals"]
    assert proposals.image_size == (128, 160)
    assert 0 < len(proposals) <= 20
    assert proposals.proposal_boxes.tensor.max() > 80


def test_pixels_are_normalised_and_padded(make_cfg):
    """(pixel - mean) / std, padded with zeros to the size that the backbone needs; not in the state_dict."""
    options = {"MODEL.PIXEL_MEAN": [1.0, 2.0, 3.0], "MODEL.PIXEL_STD": [2.0, 2.0, 2.0]}
    model = make_model(make_cfg, "fpn", **options)
    images = model.preprocess_image([{"image": torch.full((3, 40, 33), 5, dtype=torch.uint8)}])
    assert images.tensor.shape == (1, 3, 64, 64)
    assert images.image_sizes == [(40, 33)]
    assert_close(images.tensor[0, :, 39, 32], torch.tensor([2.0, 1.5, 1.0]))
    assert images.tensor[0, :, 40:].abs().max() == 0
    assert not any("pixel" in name for name in model.state_dict())


def test_postprocessing_rescales_clips_and_drops():
    """Boxes and keypoints are scaled by axis, boxes are clipped, empty ones dropped; the input stays."""
    boxes = torch.tensor([[1.0, 1.0, 30.0, 5.0], [25.0, 0.0, 30.0, 5.0]])
    x = Instances((10, 20), pred_boxes=Boxes(boxes.clone()), scores=torch.tensor([0.9, 0.8]))
    x.pred_keypoints = torch.tensor([[[2.0, 3.0, 0.5]], [[0.0, 0.0, 0.0]]])
    x.pred_masks = torch.ones(2, 1, 4, 4)
    result = detector_postprocess(x, 30, 40)
    assert_close(result.pred_boxes.tensor, torch.tensor([[2.0, 3.0, 40.0, 15.0]]))
    assert_close(result.pred_keypoints, torch.tensor([[[4.0, 9.0, 0.5]]]))
    assert result.scores.tolist() == pytest.approx([0.9])
    assert result.pred_masks.shape == (1, 30, 40)
    assert result.pred_masks.dtype == torch.bool
    assert_close(x.pred_boxes.tensor, boxes)


def test_postprocessing_without_detections():
    """No detections give no masks of the right size."""
    x = Instances((10, 20), pred_boxes=Boxes(torch.zeros(0, 4)), pred_masks=torch.zeros(0, 1, 4, 4))
    assert detector_postprocess(x, 30, 40).pred_masks.shape == (0, 30, 40)


@pytest.mark.parametrize(
    "key, value, error",
    [
        ("MODEL.META_ARCHITECTURE", "PanopticFPN", KeyError),
        ("VIS_PERIOD", 100, ValueError),
        ("MODEL.PIXEL_STD", [1.0], ValueError),
    ],
)
def test_refused_values_are_named(make_cfg, key, value, error):
    """Values of detectron2 that the core lacks, and wrong ones, are named with their key."""
    with pytest.raises(error, match=key):
        make_model(make_cfg, **{key: value})
