"""What is timed of a row, at smoke scale."""

import itertools

import pytest
import torch

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.timing import networks
from mask_rcnn_paper.timing.networks import Subject, TestTurn, as_one_network, step_memory, training_turn

C4, FPN, FASTER = "table2b/sigmoid.yaml", "table2a/r50_fpn.yaml", "table3/faster_r101_fpn.yaml"
KEYPOINTS = "table4/keypoint_and_mask.yaml"
SHALLOW = ("MODEL.RESNETS.DEPTH", "50")


def ticks():
    """A clock whose every look is a second after the one before."""
    seconds = itertools.count()
    return lambda: float(next(seconds))


@pytest.mark.parametrize("config, proposals", [(C4, 300), (FPN, 1000)])
def test_a_row_on_stored_proposals_makes_as_many_itself(config, proposals):
    """Section 3.1: 300 for C4, 1000 for FPN."""
    cfg = load_cfg(config)
    as_one_network(cfg)
    assert (cfg.MODEL.LOAD_PROPOSALS, cfg.MODEL.PROPOSAL_GENERATOR.NAME) == (False, "RPN")
    assert cfg.MODEL.RPN.POST_NMS_TOPK_TEST == proposals


def test_a_row_trained_end_to_end_stays():
    """It has an RPN with a number of its own."""
    cfg = load_cfg(FPN, "paper", ["MODEL.LOAD_PROPOSALS", "False", "MODEL.RPN.POST_NMS_TOPK_TEST", "7"])
    as_one_network(cfg)
    assert cfg.MODEL.RPN.POST_NMS_TOPK_TEST == 7


@pytest.mark.parametrize(
    "config, without",
    [(C4, {"keypoints"}), (FPN, {"keypoints"}), (FASTER, {"mask", "keypoints"}), (KEYPOINTS, set())],
)
def test_a_row_has_the_parts_of_its_branches(config, without):
    """And a fifth of the detections of the paper's images, as of the proposals."""
    turn = TestTurn(Subject(config, "smoke", "cpu", SHALLOW), ticks())
    found = turn()
    assert {part for part, seconds in found.items() if seconds == 0} == without
    assert turn.detections == 20
    assert found.keys() == turn().keys()


@pytest.mark.parametrize("config", [C4, KEYPOINTS])
def test_a_training_step_leaves_the_weights_alone(config, monkeypatch):
    """So that every turn costs the same; its losses are finite, and it is on as many images as the scale trains on."""
    models, batches, build = [], [], networks.build_model
    monkeypatch.setattr(networks, "build_model", lambda cfg: models.append(build(cfg)) or models[-1])
    subject = Subject(config, "smoke", "cpu", SHALLOW)
    turn = training_turn(subject, ticks())
    (model,) = models
    model.register_forward_hook(lambda model, inputs, output: batches.append((inputs[0], output)))
    before = [weight.detach().clone() for weight in model.parameters()]
    assert turn() == 1.0
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.parameters())
    ((batch, losses),) = batches
    assert len(batch) == subject.images_per_step == 2
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_a_step_of_the_paper_is_that_of_one_of_8_gpus():
    """Section 3.1: 2 images a GPU, and 1 of ResNeXt."""
    assert Subject(FPN, "paper", "cpu").images_per_step == 2
    assert Subject("table2a/x101_fpn.yaml", "paper", "cpu").images_per_step == 1


def test_the_memory_of_steps_is_measured():
    """In MB."""
    found = step_memory(Subject(C4, "smoke", "cpu"), steps=1)
    assert found.keys() == {"process"}
    assert 100 < found["process"] < 20_000
