"""Parameters and the time of a step."""

import time

import pytest
import torch
from detectron2.engine import SimpleTrainer
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_model
from detectron2.modeling.roi_heads import build_mask_head
from torch import nn

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.costs import StepTimer, parameter_counts, step_times
from tests.training.test_scalars import write


def test_trained_parameters_are_counted():
    """3 biases, whose weights are frozen, and 1 x 2 weights with 2 biases of the mask branch; in a wrapper too."""
    model = nn.ModuleDict({"backbone": nn.Linear(4, 3), "roi_heads": nn.ModuleDict({"mask_head": nn.Linear(1, 2)})})
    model.backbone.weight.requires_grad = False
    assert parameter_counts(model) == {"parameters": 3 + 4, "mask_head_parameters": 4}
    assert parameter_counts(nn.ModuleDict({"module": model})) == parameter_counts(model)


@pytest.mark.parametrize(
    "config, branch",
    [
        # res5's 512 channels, a deconvolution to 64, twelve classes.
        ("table2b/sigmoid.yaml", (512 * 4 + 1) * 64 + 65 * 12),
        # Four convolutions of 64 channels before it.
        ("table2e/fcn.yaml", 4 * (64 * 9 + 1) * 64 + (64 * 4 + 1) * 64 + 65 * 12),
    ],
)
def test_the_mask_branch_is_found_in_every_model(config, branch):
    """At mini scale; without masks its parameters alone are missing."""
    cfg = load_cfg(config, "mini", ["MODEL.DEVICE", "cpu"])
    counts = parameter_counts(build_model(cfg))
    assert counts["mask_head_parameters"] == branch
    cfg.MODEL.MASK_ON = False
    assert parameter_counts(build_model(cfg)) == {"parameters": counts["parameters"] - branch}


@pytest.mark.parametrize("row, millions, times", [("mlp_2hidden", 116.7, 44.2), ("mlp_3hidden", 117.8, 44.6)])
def test_fully_connected_mask_branches_have_44_times_the_parameters(row, millions, times):
    """Section 3, at the paper's widths."""
    mlp, fcn = (mask_head_parameters(f"table2e/{name}.yaml") for name in (row, "fcn"))
    assert fcn == 4 * (256 * 9 + 1) * 256 + (256 * 4 + 1) * 256 + 257 * 80
    assert (round(mlp / 1e6, 1), round(mlp / fcn, 1)) == (millions, times)


def mask_head_parameters(config):
    """Of the branch that a config names, without memory for its weights."""
    cfg = load_cfg(config)
    side = cfg.MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION
    with torch.device("meta"):
        head = build_mask_head(cfg, ShapeSpec(channels=cfg.MODEL.FPN.OUT_CHANNELS, width=side, height=side))
    return parameter_counts(nn.ModuleDict({"roi_heads": nn.ModuleDict({"mask_head": head})}))["mask_head_parameters"]


@pytest.mark.parametrize("device, counts", [("cpu", False), ("cuda", True)])
def test_waiting_counts_where_a_job_has_the_device_to_itself(device, counts):
    """A step that sleeps needs no time of a processor, as one that waits for it; the clock goes on."""
    model = nn.Linear(1, 1)

    def forward(data):
        time.sleep(0.2)
        return {"loss": model.weight.sum()}

    model.forward = forward
    trainer = SimpleTrainer(model, [{}], torch.optim.SGD(model.parameters(), 0.1))
    trainer.register_hooks([StepTimer(device)])
    trainer.train(0, 1)
    ((seconds, _),) = trainer.storage.history("step_seconds").values()
    assert (seconds >= 0.2) == counts
    assert seconds > 0


def test_the_time_of_a_step_is_the_median(tmp_path):
    """The first steps are slow; a run that logged none has none."""
    assert step_times(tmp_path) == {}
    write(tmp_path, *({"iteration": n, "step_seconds": value} for n, value in enumerate((9.0, 0.5, 0.7))))
    assert step_times(tmp_path) == {"iteration": 0.7}
