"""The keypoint head of Section 5: detectron2's at the paper's setting, other resolutions and the sigmoid besides."""

import math

import pytest
import torch
from detectron2.layers import ShapeSpec
from detectron2.modeling.roi_heads import build_keypoint_head
from detectron2.structures import Boxes, Instances, Keypoints
from detectron2.utils.events import EventStorage
from torch.testing import assert_close

from mask_rcnn_paper.modeling.keypoint_head import sigmoid_keypoint_loss, sigmoid_keypoints
from mask_rcnn_paper.scales import load_cfg

K = 3
NODE = "MODEL.ROI_KEYPOINT_HEAD"
BOXES = torch.tensor([[8.0, 4.0, 64.0, 60.0], [10.0, 20.0, 94.0, 48.0], [0.0, 0.0, 28.0, 56.0]])


def build(*opts: object, name: str = "PaperKeypointHead"):
    """Features of 8 channels and 14x14 cells, two convolutions of 6, three keypoints."""
    torch.manual_seed(0)
    keys = ["NAME", name, "CONV_DIMS", (6, 6), "NUM_KEYPOINTS", K, *opts]
    values = [f"{NODE}.{word}" if n % 2 == 0 else str(word) for n, word in enumerate(keys)]
    return build_keypoint_head(load_cfg("table6/roialign.yaml", "paper", values), ShapeSpec(8, height=14, width=14))


def at_paper_size(*opts: str, name: str = "PaperKeypointHead"):
    cfg = load_cfg("table6/roialign.yaml", "paper", [f"{NODE}.NAME", name, *opts])
    with torch.device("meta"):
        return build_keypoint_head(cfg, ShapeSpec(256, height=14, width=14))


def features(num: int) -> torch.Tensor:
    return torch.randn(num, 8, 14, 14, generator=torch.Generator().manual_seed(1), requires_grad=True)


def keypoints_inside(visibility: float = 2.0) -> torch.Tensor:
    """(3, K, 3) somewhere in each of BOXES."""
    places = torch.rand(3, K, 2, generator=torch.Generator().manual_seed(2))
    xy = BOXES[:, None, :2] + places * (BOXES[:, None, 2:] - BOXES[:, None, :2])
    return torch.cat([xy, torch.full((3, K, 1), visibility)], dim=2)


def proposals(visibility: float = 2.0) -> list[Instances]:
    """Three images: two foreground proposals, none, and one."""
    keypoints = Keypoints(keypoints_inside(visibility))
    whole = Instances((100, 100), proposal_boxes=Boxes(BOXES), gt_keypoints=keypoints)
    return [whole[:2], whole[:0], whole[2:]]


def detections() -> list[Instances]:
    whole = Instances((100, 100), pred_boxes=Boxes(BOXES))
    return [whole[:2], whole[:0], whole[2:]]


def loss_of(head, x: torch.Tensor, instances: list[Instances]) -> torch.Tensor:
    with EventStorage():
        return head(x, instances)["loss_keypoint"]


def test_at_the_papers_setting_it_is_detectron2s_head():
    """Same parameters by name and shape, which interchange both ways, same loss, gradients and keypoints."""
    ours, theirs = build(), build(name="KRCNNConvDeconvUpsampleHead")
    assert type(ours) is not type(theirs)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x = [features(3), features(3)]
    losses = [loss_of(head, inputs, proposals()) for head, inputs in zip((ours, theirs), x, strict=True)]
    assert_close(*losses, rtol=0, atol=0)
    for loss in losses:
        loss.backward()
    assert_close(x[0].grad, x[1].grad, rtol=0, atol=0)
    for one, other in zip(
        ours.eval()(features(3), detections()), theirs.eval()(features(3), detections()), strict=True
    ):
        assert_close(one.pred_keypoints, other.pred_keypoints, rtol=0, atol=0)
        assert_close(one.pred_keypoint_heatmaps, other.pred_keypoint_heatmaps, rtol=0, atol=0)


def test_parameters_at_paper_size_are_detectron2s():
    """Eight convolutions of 512 and a deconvolution to 17 maps."""
    ours, theirs = at_paper_size(), at_paper_size(name="KRCNNConvDeconvUpsampleHead")
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


@pytest.mark.parametrize("resolution, last", [(56, (512, 17, 4, 4)), (28, (512, 17, 4, 4)), (14, (17, 512, 1, 1))])
def test_maps_and_last_layer_by_resolution(resolution, last):
    """Deconvolution and bilinear upscaling, the deconvolution alone, or a 1x1 convolution in its place."""
    head = at_paper_size(f"{NODE}.RESOLUTION", str(resolution))
    assert head.layers(torch.zeros(2, 256, 14, 14, device="meta")).shape == (2, 17, resolution, resolution)
    assert head.score_lowres.weight.shape == last
    assert list(head.state_dict())[-2:] == ["score_lowres.weight", "score_lowres.bias"]


def test_the_coarser_map_upscaled_is_the_papers():
    """With the same weights 56x56 is 28x28 twice as large, bilinearly."""
    coarse, fine = build("RESOLUTION", 28), build()
    fine.load_state_dict(coarse.state_dict())
    upscaled = torch.nn.functional.interpolate(coarse.layers(features(2)), scale_factor=2, mode="bilinear")
    assert_close(fine.layers(features(2)), upscaled)


def test_logits_start_equally_spread_without_upscaling():
    """The convolution that replaces the deconvolution does not begin with a surer or a vaguer head."""
    x = features(3)
    spreads = [build("CONV_DIMS", (64,), "RESOLUTION", side).layers(x).std().item() for side in (14, 28)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.2)


@pytest.mark.parametrize("resolution", [56, 28, 14])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_the_loss_reaches_features_and_every_parameter(loss, resolution):
    """It is finite, and its gradients are too."""
    head, x = build("LOSS", loss, "RESOLUTION", resolution), features(3)
    value = loss_of(head, x, proposals())
    value.backward()
    assert value > 0
    assert torch.isfinite(value)
    for parameter in head.parameters():
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("loss, expected", [("softmax", math.log(28 * 28)), ("sigmoid", math.log(2))])
def test_zero_logits_cost_what_not_knowing_costs(loss, expected):
    """ln m^2 among all positions, ln 2 at each."""
    head = build("LOSS", loss, "RESOLUTION", 28)
    for parameter in head.parameters():
        torch.nn.init.zeros_(parameter)
    assert loss_of(head, features(3), proposals()).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("visible", [True, False])
def test_losses_are_normalised_alike(visible):
    """By the visible keypoints, or by the most that a batch of three images may hold."""
    opts = ("NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS", visible, "LOSS_WEIGHT", 3.0, "RESOLUTION", 28)
    losses = []
    for loss, cost in (("softmax", math.log(28 * 28)), ("sigmoid", math.log(2))):
        head = build("LOSS", loss, *opts)
        for parameter in head.parameters():
            torch.nn.init.zeros_(parameter)
        losses.append(loss_of(head, features(3), proposals()).item() / cost)
    expected = 3.0 if visible else 3.0 * 9 / (3 * K * 512 * 0.25)
    assert losses == pytest.approx([expected, expected], rel=1e-5)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("num, visibility", [(3, 0.0), (0, 2.0)])
def test_nothing_to_learn_from(loss, num, visibility):
    """No visible keypoint, or no RoI: the loss is 0, and backward gives zero gradients."""
    head, x = build("LOSS", loss), features(num)
    value = loss_of(head, x, proposals(visibility) if num else [proposals()[1]] * 2)
    value.backward()
    assert value == 0
    assert (x.grad == 0).all()
    assert all((p.grad == 0).all() for p in head.parameters())


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_images_without_detections(loss):
    """Keypoints and maps of each image's detections, none where it has none."""
    results = build("LOSS", loss).eval()(features(3), detections())
    assert [tuple(r.pred_keypoints.shape) for r in results] == [(2, K, 3), (0, K, 3), (1, K, 3)]
    assert [tuple(r.pred_keypoint_heatmaps.shape) for r in results] == [(2, K, 56, 56), (0, K, 56, 56), (1, K, 56, 56)]


def random_maps() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits, cells and visibility of two RoIs with K maps of 4x4."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, K, 4, 4, dtype=torch.float64, generator=generator, requires_grad=True)
    return logits, torch.tensor([[0, 5, 15], [7, 7, 2]]), torch.tensor([[True, False, True], [True, True, False]])


def test_sigmoid_loss_equals_the_loop():
    """For visible keypoints, the mean over positions of the binary cross-entropy with a one-hot map; then their sum."""
    logits, cells, visible = random_maps()
    total = 0.0
    for r in range(2):
        for k in range(K):
            for y in range(4):
                for x in range(4):
                    p = 1 / (1 + math.exp(-logits[r, k, y, x].item()))
                    at_keypoint = cells[r, k] == 4 * y + x
                    total -= visible[r, k].item() * math.log(p if at_keypoint else 1 - p) / 16
    assert_close(sigmoid_keypoint_loss(logits, cells, visible).item(), total)


def test_positions_do_not_compete_under_the_sigmoid():
    """A position's gradient is its own error; another position's logit does not change it."""
    logits, cells, visible = random_maps()
    (before,) = torch.autograd.grad(sigmoid_keypoint_loss(logits, cells, visible), logits)
    moved = logits.detach().clone()
    moved[0, 0, 3, 3] += 5
    moved.requires_grad_()
    (after,) = torch.autograd.grad(sigmoid_keypoint_loss(moved, cells, visible), moved)
    changed = before != after
    assert changed.sum() == 1
    assert changed[0, 0, 3, 3]
    assert_close(before[0, 0, 0, 0], (logits[0, 0, 0, 0].sigmoid() - 1) / 16)


def test_sure_and_right_maps_cost_nothing():
    """The loss vanishes in its limit."""
    _, cells, visible = random_maps()
    sure = torch.where(torch.nn.functional.one_hot(cells, 16).bool(), 50.0, -50.0).reshape(2, K, 4, 4)
    assert sigmoid_keypoint_loss(sure, cells, visible) < 1e-6


def test_a_sigmoid_keypoint_is_the_highest_position_with_its_own_probability():
    """On a box of the map's own size: the centre of the cell, and the sigmoid of its logit, whatever the others say."""
    maps = torch.full((1, 2, 14, 14), -2.0)
    maps[0, 0, 3, 9], maps[0, 1, 12, 0] = 1.5, -1.0
    found = sigmoid_keypoints(maps, torch.tensor([[20.0, 10.0, 34.0, 24.0]]))
    expected = torch.tensor([[[29.5, 13.5, 1 / (1 + math.exp(-1.5))], [20.5, 22.5, 1 / (1 + math.e)]]])
    assert_close(found, expected)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_a_finer_map_places_keypoints_more_exactly(loss):
    """From perfect maps a keypoint comes back within half a cell, and half a pixel: the argument for 56x56."""
    errors = []
    for side in (14, 28, 56):
        cells, visible = Keypoints(keypoints_inside()).to_heatmap(BOXES, side)
        assert visible.all()
        head = build("LOSS", loss, "RESOLUTION", side).eval()
        head.layers = lambda cells, side=side: (
            10 * torch.nn.functional.one_hot(cells, side**2).view(3, K, side, side).float()
        )
        found = torch.cat([image.pred_keypoints for image in head(cells, detections())])
        error = (found[..., :2] - keypoints_inside()[..., :2]).abs()
        cell = (BOXES[:, None, 2:] - BOXES[:, None, :2]) / side
        assert (error <= cell / 2 + 0.5).all()
        errors.append(error.mean().item())
    assert errors[0] > errors[1] > errors[2]


def test_unknown_resolutions_and_losses_name_the_legal_ones():
    """With key, value and choices."""
    with pytest.raises(ValueError, match=f"{NODE}.RESOLUTION=30: choose from 14, 28, 56, which are 1, 2 and 4 times"):
        build("RESOLUTION", 30)
    with pytest.raises(ValueError, match=f"{NODE}.LOSS='relu': choose from softmax, sigmoid"):
        build("LOSS", "relu")
