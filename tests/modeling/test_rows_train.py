"""What the branches of a row learn from: batches with empty images, and where the gradients of each loss go."""

import math

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances, Keypoints, PolygonMasks
from detectron2.utils.events import EventStorage

from mask_rcnn_paper.scales import load_cfg

SIZE = 96
BRANCHES = {"loss_mask": "mask_head", "loss_keypoint": "keypoint_head", "loss_cls": "box_predictor.cls_score"}


def model_of(row: str, *opts: str) -> torch.nn.Module:
    """A row's model at mini scale in training mode; batch normalisation tames its random weights."""
    fixed = ["MODEL.DEVICE", "cpu", "MODEL.WEIGHTS", "", "MODEL.RESNETS.NORM", "BN", "MODEL.BACKBONE.FREEZE_AT", "0"]
    torch.manual_seed(0)
    return build_model(load_cfg(row, "mini", [*fixed, *opts])).train()


def sample(num_objects: int, visible: float = 2.0) -> dict:
    """An image with objects that have a box, a mask and keypoints, and proposals that hit them and miss them."""
    generator = torch.Generator().manual_seed(num_objects)
    x = torch.tensor([[8.0, 8.0, 60.0, 70.0], [30.0, 20.0, 90.0, 80.0]])[:num_objects]
    objects = Instances((SIZE, SIZE), gt_boxes=Boxes(x), gt_classes=torch.zeros(num_objects, dtype=torch.int64))
    corners = [[x0, y0, x1, y0, x1, y1] for x0, y0, x1, y1 in x.tolist()]
    objects.gt_masks = PolygonMasks([[torch.tensor(c).double().numpy()] for c in corners])
    inside = x[:, None, :2] + 5 + 40 * torch.rand(num_objects, 17, 2, generator=generator)
    objects.gt_keypoints = Keypoints(torch.cat([inside, torch.full((num_objects, 17, 1), visible)], dim=2))
    proposed = torch.cat([x + 2, torch.tensor([[0.0, 0.0, 20.0, 20.0], [50.0, 60.0, 95.0, 95.0]])])
    proposals = Instances((SIZE, SIZE), proposal_boxes=Boxes(proposed), objectness_logits=torch.zeros(len(proposed)))
    image = (255 * torch.rand(3, SIZE, SIZE, generator=generator)).byte()
    return {"image": image, "height": SIZE, "width": SIZE, "instances": objects, "proposals": proposals}


def losses_of(model: torch.nn.Module, *samples: dict) -> dict[str, torch.Tensor]:
    with EventStorage():
        return model(list(samples))


def assert_gradients_are_finite(model: torch.nn.Module) -> None:
    """Of every parameter that is trained; each must have one, if only of zeros."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize(
    "row, extra",
    [
        ("table2b/softmax.yaml", {"loss_mask"}),
        ("table2d/roialign.yaml", {"loss_mask"}),
        ("table2e/mlp_2hidden.yaml", {"loss_mask"}),
        ("text/class_agnostic.yaml", {"loss_mask"}),
        ("table5/faster_rcnn.yaml", set()),
        ("table4/keypoint_only.yaml", {"loss_keypoint"}),
        ("table4/keypoint_and_mask.yaml", {"loss_mask", "loss_keypoint"}),
    ],
)
def test_an_image_without_ground_truth_beside_one_with(row, extra):
    """Losses are those of the branches, finite, and reach the backbone; the empty image is background."""
    model = model_of(row)
    losses = losses_of(model, sample(2), sample(0))
    assert set(losses) == {"loss_cls", "loss_box_reg", *extra}
    sum(losses.values()).backward()
    for name, loss in losses.items():
        assert torch.isfinite(loss), name
        assert loss > 0, name
    assert_gradients_are_finite(model)


@pytest.mark.parametrize("row", ["table2a/r50_fpn.yaml", "table2e/mlp_2hidden.yaml", "table4/keypoint_and_mask.yaml"])
def test_only_empty_images(row):
    """Nothing but background: every loss but classification is 0, and backward still works."""
    losses = losses_of(model_of(row), sample(0), sample(0))
    sum(losses.values()).backward()
    assert losses.pop("loss_cls") > 0
    assert losses
    assert {name: loss.item() for name, loss in losses.items()} == dict.fromkeys(losses, 0.0)


def test_persons_without_visible_keypoints():
    """Boxes and masks are learnt from persons whose keypoints are not labelled; the keypoint loss is 0."""
    losses = losses_of(model_of("table4/keypoint_and_mask.yaml"), sample(2, visible=0.0))
    assert losses["loss_keypoint"] == 0
    assert losses["loss_mask"] > 0
    assert losses["loss_box_reg"] > 0


@pytest.mark.parametrize("loss", BRANCHES)
def test_a_loss_trains_its_branch_and_the_backbone_alone(loss):
    """Losses are added, so each branch hears only its own; what they share is the backbone (Section 3)."""
    model = model_of("table4/keypoint_and_mask.yaml")
    losses_of(model, sample(2))[loss].backward()
    touched = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert any(name.startswith("backbone.bottom_up.res2") for name in touched)
    heads = {name for name in touched if name.startswith("roi_heads.")}
    legal = (BRANCHES[loss], "box_head") if loss == "loss_cls" else (BRANCHES[loss],)
    assert heads
    assert all(name.removeprefix("roi_heads.").startswith(legal) for name in heads)


def test_an_untrained_keypoint_head_knows_nothing():
    """Zero features give uniform maps of 56x56 cells: the loss is ln 3136 (Section 5)."""
    model = model_of("table4/keypoint_only.yaml")
    for parameter in model.roi_heads.keypoint_head.parameters():
        torch.nn.init.zeros_(parameter)
    assert losses_of(model, sample(2))["loss_keypoint"].item() == pytest.approx(math.log(56 * 56), rel=1e-6)


@pytest.mark.parametrize(
    "row, branch, features, maps",
    [
        ("table4/keypoint_only.yaml", "keypoint_head", (256, 14, 14), (17, 56, 56)),
        ("table5/mask_only.yaml", "mask_head", (256, 14, 14), (1, 28, 28)),
        ("table2d/roialign.yaml", "mask_head", (2048, 14, 14), (80, 28, 28)),
        ("text/class_agnostic.yaml", "mask_head", (2048, 7, 7), (1, 14, 14)),
    ],
)
def test_outputs_at_paper_size(row, branch, features, maps):
    """Maps of an RoI at the paper's widths (Figure 4 and Section 5)."""
    with torch.device("meta"):
        head = getattr(build_model(load_cfg(row, "paper", ["MODEL.DEVICE", "meta"])).roi_heads, branch)
        assert head.layers(torch.zeros(2, *features)).shape == (2, *maps)
